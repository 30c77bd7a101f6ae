// The stores of a browser in real Chromium: the contract suite, several tabs, crashes, a full quota, and the
// places where there is no database.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as register } from "node:test";

import { launchProfile } from "../../tools/browser.mjs";
import { startPages } from "../support/pages.mjs";
import { CONTENT, INDEXEDDB_1, P } from "./fixtures.mjs";
import { printMatrix, report } from "./report.mjs";

const { server, browser } = await startPages(printMatrix);

/** A browser that hangs fails its test instead of holding up the rest. */
const test = (name, run) => register(name, { timeout: 600_000 }, run);

/** A page with the test build loaded. */
async function tab(context, prepare = async () => {}) {
  const page = await context.newPage();
  await prepare(page);
  await page.goto(`${server.origin}/`);
  await page.waitForFunction(() => globalThis.ready);
  return page;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const idb = (name) => ({ provider: "indexeddb", name });

const context = await browser.newContext();
const page = await tab(context);
for (const provider of ["indexeddb", "memory", "object"]) {
  test(`${provider} keeps the contract in a page`, async (parent) => {
    await report(parent, provider, "chromium page", await page.evaluate((name) => suite(name), provider));
  });
}

test("indexeddb keeps the contract in a dedicated worker", async (parent) => {
  await report(parent, "indexeddb", "chromium worker", await page.evaluate(() => suiteInWorker("indexeddb")));
});

test("two tabs write one partition at once: nothing is lost and each hears of the other", async () => {
  const [one, other] = [await tab(context), await tab(context)];
  const config = idb("two-tabs");
  await Promise.all([
    one.evaluate((c) => write(c, 0, 40), config),
    other.evaluate((c) => write(c, 1000, 40), config),
  ]);
  const all = [...Array(80).keys()].concat([...Array(80).keys()].map((n) => n + 1000));
  const stale = (c) => store(c).isStale(partition, Date.now(), Date.now());
  // A hint names no version: one of what was loaded already may come after the load, and costs another one.
  const settled = async (c) => (await numbers(c), !store(c).isStale(partition, Date.now(), Date.now()));
  for (const tab of [one, other]) await tab.waitForFunction(settled, config);
  for (const [writer, reader, from] of [[one, other, 5000], [other, one, 6000]]) {
    assert.deepEqual(await reader.evaluate((c) => numbers(c), config), all);
    assert.equal(await reader.evaluate(stale, config), false, "nothing new after loading");
    await writer.evaluate(([c, from]) => write(c, from, 1), [config, from]);
    all.push(from, from + 1);
    await reader.waitForFunction((c) => store(c).isStale(partition, Date.now(), Date.now()), config);
    assert.equal(await writer.evaluate(stale, config), false, "a writer does not hear itself");
    assert.deepEqual(await reader.evaluate((c) => numbers(c), config), all);
    assert.deepEqual(await writer.evaluate((c) => numbers(c), config), all);
  }
  const old = (c) => store(c).isStale(partition, Date.now() - 60_000, Date.now());
  assert.equal(await one.evaluate(old, config), true, "hints are not trusted for ever");
  await one.close();
  await other.close();
});

test("without BroadcastChannel every copy is looked at again", async () => {
  const lonely = await tab(context, (page) => page.addInitScript(() => delete globalThis.BroadcastChannel));
  const stale = await lonely.evaluate(async (c) => {
    await write(c, 0, 1);
    return store(c).isStale(partition, Date.now(), Date.now());
  }, idb("no-channel"));
  assert.equal(stale, true);
  await lonely.close();
});

test("a reload keeps the data", async () => {
  const reloaded = await tab(context);
  await reloaded.evaluate((c) => write(c, 0, 10), idb("reload"));
  await reloaded.reload();
  await reloaded.waitForFunction(() => globalThis.ready);
  assert.equal((await reloaded.evaluate((c) => numbers(c), idb("reload"))).length, 20);
  await reloaded.close();
});

test("a partition that was erased and begun again is not taken for the old one", async () => {
  const [one, other] = [await tab(context), await tab(context)];
  const config = idb("begun-again");
  const known = await one.evaluate((c) => store(c).commit(commit(0, { append: [entry(1)] })), config);
  await other.evaluate(async (c) => {
    await store(c).erase(partition);
    await store(c).commit(commit(0, { append: [entry(2)] }));
  }, config);
  const keys = await one.evaluate(
    async ([c, known]) => (await store(c).load(partition, known))?.entries.map(({ key }) => Number(key)),
    [config, known],
  );
  assert.deepEqual(keys, [2]);
  await one.close();
  await other.close();
});

/** Whatever was acknowledged is there, and no pair of entries is torn. */
function checkPairs(found, acknowledged) {
  for (const n of acknowledged) assert.ok(found.includes(n) && found.includes(n + 1), `pair ${n} was acknowledged`);
  for (const n of found) assert.ok(found.includes(n ^ 1), `entry ${n} without its twin`);
}

test("a tab that crashes in the middle of writing loses nothing acknowledged", async () => {
  const config = idb("crash");
  for (let round = 0; round < 12; round++) {
    const acknowledged = [];
    const victim = await tab(context, (page) => page.exposeFunction("acknowledge", (n) => acknowledged.push(n)));
    victim.evaluate(([c, from]) => write(c, from, 500, acknowledge), [config, round * 1000]).catch(() => {});
    while (acknowledged.length < 3) await pause(2);
    await pause(Math.random() * 40);
    const crashed = victim.waitForEvent("crash");
    const session = await context.newCDPSession(victim);
    // The command is never answered.
    session.send("Page.crash").catch(() => {});
    await crashed;
    const seen = [...acknowledged];
    await victim.close();
    const witness = await tab(context);
    checkPairs(await witness.evaluate((c) => numbers(c), config), seen);
    await witness.close();
  }
});

/** Whether a process runs; one that has ended and that nobody waited for does not. */
function isRunning(id) {
  try {
    process.kill(id, 0);
    return !/\) [ZX] /.test(readFileSync(`/proc/${id}/stat`, "utf8"));
  } catch (error) {
    // Where there is no /proc, what can be sent a signal runs.
    return error.code === "ENOENT" && !existsSync("/proc/self");
  }
}

test("a browser that is killed in the middle of writing loses nothing acknowledged", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "edgemem-profile-"));
  let owner;
  t.after(async () => {
    await owner?.close().catch(() => {});
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  // What is killed leaves its temporary files, too.
  const env = { ...process.env, TMPDIR: folder, TEMP: folder };
  const profile = join(folder, "profile");
  const config = idb("kill");
  const all = [];
  for (let round = 0; round < 4; round++) {
    owner = await launchProfile(profile, { env });
    const acknowledged = [];
    const victim = await tab(owner, (page) => page.exposeFunction("acknowledge", (n) => acknowledged.push(n)));
    checkPairs(await victim.evaluate((c) => numbers(c), config), all);
    victim.evaluate(([c, from]) => write(c, from, 500, acknowledge), [config, round * 1000]).catch(() => {});
    while (acknowledged.length < 3) await pause(2);
    await pause(Math.random() * 60);
    const session = await owner.browser().newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    process.kill(processInfo.find(({ type }) => type === "browser").id, "SIGKILL");
    all.push(...acknowledged);
    await owner.close().catch(() => {});
    // The profile is opened again when nothing is left of the browser: it ends by itself, a little later for each process.
    while (processInfo.some(({ id }) => isRunning(id))) await pause(5);
  }
});

test("a full quota is STORE_FULL and leaves everything as it was", async () => {
  const config = idb("quota");
  const small = await browser.newContext();
  const full = await tab(small);
  const session = await small.newCDPSession(full);
  const quota = (quotaSize) => session.send("Storage.overrideQuotaForOrigin", { origin: server.origin, quotaSize });
  // Before the first write: Chromium remembers for a while how much room there was.
  await quota(1_000_000);
  await full.evaluate((c) => write(c, 0, 5), config);
  const refused = await full.evaluate(async (c) => {
    const { version } = await store(c).load(partition, null);
    const change = { append: [entry(77)], put: [noise("large", 3_000_000)], drop: [entry(0).key] };
    return ask(c, "commit", commit(version, change));
  }, config);
  assert.equal(refused.code, "STORE_FULL", JSON.stringify(refused));
  assert.deepEqual(await full.evaluate((c) => numbers(c), config), [...Array(10).keys()]);
  await quota(undefined);
  await full.evaluate((c) => write(c, 100, 1), config);
  assert.equal((await full.evaluate((c) => numbers(c), config)).length, 12, "and it works again with room");
  await small.close();
});

test("strict durability commits as well", async () => {
  const config = { ...idb("strict"), durability: "strict" };
  await page.evaluate((c) => write(c, 0, 3), config);
  assert.equal((await page.evaluate((c) => numbers(c), config)).length, 6);
});

test("where there is no database: STORE_UNAVAILABLE, with advice", async () => {
  const changes = {
    "no indexedDB": () => Object.defineProperty(globalThis, "indexedDB", { value: undefined }),
    "indexedDB that may not be looked at": () =>
      Object.defineProperty(globalThis, "indexedDB", {
        get() {
          throw new DOMException("The operation is insecure.", "SecurityError");
        },
      }),
    "a broken profile": () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("A mutation operation was attempted on a database that did not allow it.", "InvalidStateError");
      };
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    const bare = await tab(context, (page) => page.addInitScript(change));
    const error = await bare.evaluate((c) => ask(c, "load", partition, null), idb("bare"));
    assert.equal(error.code, "STORE_UNAVAILABLE", `${what}: ${JSON.stringify(error)}`);
    assert.match(error.message, /provider: "memory"/);
    await bare.close();
  }
});

test("a sandboxed frame has no database: STORE_UNAVAILABLE", async () => {
  const outer = await context.newPage();
  await outer.goto(`${server.origin}/empty`);
  await outer.setContent(`<iframe sandbox="allow-scripts" src="${server.origin}/"></iframe>`);
  const frame = await (await outer.waitForSelector("iframe")).contentFrame();
  await frame.waitForFunction(() => globalThis.ready);
  const error = await frame.evaluate((c) => ask(c, "load", partition, null), idb("sandbox"));
  assert.equal(error.code, "STORE_UNAVAILABLE", JSON.stringify(error));
  await outer.close();
});

test("another tab may delete the database: ours lets go at once and opens it anew", async () => {
  const [ours, theirs] = [await tab(context), await tab(context)];
  const config = idb("deleted");
  await ours.evaluate((c) => write(c, 0, 2), config);
  const how = await theirs.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.deleteDatabase("deleted");
        request.onsuccess = () => resolve("deleted");
        request.onblocked = () => resolve("blocked");
      }),
  );
  assert.equal(how, "deleted");
  assert.deepEqual(await ours.evaluate((c) => numbers(c), config), []);
  await ours.evaluate((c) => write(c, 0, 1), config);
  assert.deepEqual(await ours.evaluate((c) => numbers(c), config), [0, 1]);
  await ours.close();
  await theirs.close();
});

test("a database in which not a byte has room can be emptied", async () => {
  const config = idb("emptied");
  const small = await browser.newContext();
  const full = await tab(small);
  const session = await small.newCDPSession(full);
  await session.send("Storage.overrideQuotaForOrigin", { origin: server.origin, quotaSize: 2_000_000 });
  const told = await full.evaluate(async (c) => {
    let version = 0;
    for (let n = 0, size = 100_000; size > 0 && n < 5_000; n++) {
      const made = await ask(c, "commit", commit(version, { put: [noise(`b-${n}`, size)] }));
      if (made.code === undefined) version = made;
      else if (made.code !== "STORE_FULL") return made;
      else size = Math.floor(size / 4);
    }
    const another = await ask(c, "commit", commit(version, {}));
    const erased = await ask(c, "erase", partition);
    return [another.code, erased ?? null, await ask(c, "list", "")];
  }, config);
  assert.deepEqual(told, ["STORE_FULL", null, []]);
  await small.close();
});

test("a database from a newer version, or of another program, is left alone", async () => {
  const makeDatabase = ([name, version]) =>
    new Promise((resolve) => {
      const request = indexedDB.open(name, version);
      request.onsuccess = () => resolve(request.result.close());
    });
  await page.evaluate(makeDatabase, ["newer", 99]);
  await page.evaluate(makeDatabase, ["foreign", 1]);
  const newer = await page.evaluate((c) => ask(c, "load", partition, null), idb("newer"));
  assert.equal(newer.code, "FORMAT_UNSUPPORTED", JSON.stringify(newer));
  const foreign = await page.evaluate((c) => ask(c, "list", ""), idb("foreign"));
  assert.equal(foreign.code, "STORE_UNAVAILABLE", JSON.stringify(foreign));
});

test("a tab in the way is named after a while, and does not stay in the way", async () => {
  const [ours, theirs] = [await tab(context), await tab(context)];
  await theirs.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.open("blocked", 1);
        request.onsuccess = () => {
          globalThis.held = request.result;
          indexedDB.deleteDatabase("blocked").onblocked = resolve;
        };
      }),
  );
  const error = await ours.evaluate((c) => ask(c, "load", partition, null), idb("blocked"));
  assert.equal(error.code, "STORE_UNAVAILABLE", JSON.stringify(error));
  assert.match(error.message, /another tab/);
  await theirs.evaluate(() => held.close());
  assert.deepEqual(await ours.evaluate((c) => numbers(c), idb("blocked")), []);
  await ours.close();
  await theirs.close();
});

test("what another program wrote into the database is STORE_CORRUPT and names the place", async () => {
  const config = idb("damaged");
  await page.evaluate((c) => write(c, 0, 1), config);
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.open("damaged");
        request.onsuccess = () => {
          const transaction = request.result.transaction("entries", "readwrite");
          transaction.objectStore("entries").put("text", [partition, entry(0).key]);
          transaction.oncomplete = () => resolve(request.result.close());
        };
      }),
  );
  const error = await page.evaluate((c) => ask(c, "load", partition, null), config);
  assert.equal(error.code, "STORE_CORRUPT", JSON.stringify(error));
  assert.match(error.message, /0{32}/);
});

test("a database of layout 1 opens and can be written on", async () => {
  const config = idb("layout-1");
  const began = Date.now();
  await page.evaluate(
    ([name, { version, ...stores }]) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open(name, version);
        request.onerror = reject;
        request.onupgradeneeded = () => {
          for (const [store, records] of Object.entries(stores)) {
            const target = request.result.createObjectStore(store);
            for (const [key, value] of records) {
              target.put(typeof value === "number" ? value : new TextEncoder().encode(value).buffer, key);
            }
          }
        };
        request.onsuccess = () => resolve(request.result.close());
      }),
    [config.name, INDEXEDDB_1],
  );
  const found = await page.evaluate(
    async ([config, partition]) => {
      const image = await store(config).load(partition, null);
      const text = (bytes) => new TextDecoder().decode(bytes);
      const entries = image.entries.map(({ key, bytes }) => ({ key, text: text(bytes) }));
      const blobs = await store(config).read(partition, image.blobs);
      const next = await store(config).commit({ ...commit(image.version, { append: [entry(1)] }), partition });
      const other = await store(config).commit(commit(0, {}));
      return { entries, blobs: Object.fromEntries(image.blobs.map((name, n) => [name, text(blobs[n])])), versions: [image.version, next, other] };
    },
    [config, P],
  );
  const { versions: [version, next, other], ...content } = found;
  assert.deepEqual(content, CONTENT);
  assert.deepEqual([version, next], [3, 4]);
  assert.ok(other >= began, "a new partition begins with the time: it goes on however the data was cleared");
});
