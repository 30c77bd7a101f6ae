// A disk that is full, or fails, at every possible operation. Whatever was acknowledged stays; whatever was refused
// with STORE_FULL left nothing behind; and the store works again as soon as the disk does.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { importFileStore, scratch } from "../contract/filestore.mjs";
import { failingFs, osError } from "./failing-fs.mjs";
import { entry, random } from "./records.mjs";

const { FileStore } = await importFileStore();
const NAMES = ["a", "b"].map((letter) => letter.repeat(32));
const commit = (partition, expect, change) => ({ partition, expect, append: [], put: [], drop: [], remove: [], rows: [], ...change });

/** A run of commits of every kind. After each one `settle` is told how it ended. */
async function script(store, settle) {
  const model = new Map(NAMES.map((name) => [name, { version: 0, entries: [], blobs: [] }]));
  for (let step = 0; step < 14; step++) {
    const name = NAMES[step % 2];
    const now = model.get(name);
    const change = { append: [entry(name, step * 10), entry(name, step * 10 + 1)] };
    if (step % 4 >= 2) {
      change.put = [{ name: `seg-${step}`, bytes: entry(name, 49).bytes }];
      change.drop = now.entries.slice(0, 2);
      change.remove = now.blobs.slice(0, 1);
    }
    const gone = (list, taken = []) => list.filter((item) => !taken.includes(item));
    const after = {
      version: now.version + 1,
      entries: [...gone(now.entries, change.drop), ...change.append.map(({ key }) => key)],
      blobs: [...gone(now.blobs, change.remove), ...(change.put ?? []).map((blob) => blob.name)],
    };
    const outcome = await store.commit(commit(name, now.version, change)).then(() => "stored", (error) => error);
    model.set(name, (await settle(outcome, name, now, after)) ? after : now);
  }
  return model;
}

const view = ({ version, entries, blobs }) => ({ version, entries: entries.map((e) => e.key ?? e), blobs });

/** A fresh reader finds exactly the model, with whole blobs. */
async function check(root, model, where) {
  const store = new FileStore(root);
  for (const [name, expected] of model) {
    const image = await store.load(name, null);
    assert.deepEqual(view(image), view(expected), where);
    for (const bytes of await store.read(name, image.blobs)) assert.deepEqual(bytes, entry(name, 49).bytes, where);
  }
  const damaged = store.report().filter(({ problem }) => !problem.includes("an interrupted write"));
  assert.deepEqual(damaged, [], where);
  await store.close();
}

for (const code of ["ENOSPC", "EIO"]) {
  test(`a single ${code} at any operation loses nothing`, { timeout: 600_000 }, async (t) => {
    let refused = 0;
    let interrupted = 0;
    let at = 0;
    for (let done = false; !done; at++) {
      let operations = 0;
      const root = scratch("fault");
      const fault = (operation) => {
        if (operations++ !== at) return undefined;
        return operation === "write" ? { after: 0, error: osError(code) } : osError(code);
      };
      const store = new FileStore(root, { fs: failingFs(fault) });
      const where = `operation ${at}`;
      const model = await script(store, async (outcome, name, before, after) => {
        if (outcome === "stored") return true;
        const expected = code === "ENOSPC" ? "STORE_FULL" : "STORE_FAILED";
        assert.ok([expected, "WRITE_INTERRUPTED"].includes(outcome.code), `${where}: ${outcome.code} ${outcome.message}`);
        const image = await store.load(name, null);
        const stored = image.version === after.version;
        assert.deepEqual(view(image), view(stored ? after : before), where);
        if (outcome.code === expected) {
          refused++;
          assert.equal(stored, false, `${where}: refused, and stored all the same`);
        } else interrupted++;
        return stored;
      });
      // A lock that cannot be removed is no obstacle to this process, and stale as soon as it is gone.
      await store.close().catch((error) => assert.match(error.code, /^STORE_(FULL|FAILED)$/));
      await check(root, model, where);
      done = operations <= at;
      rmSync(root, { recursive: true, force: true });
    }
    t.diagnostic(`${at - 1} operations failed one after the other: ${refused} calls refused, ${interrupted} of unknown outcome`);
    assert.ok(refused > 20);
  });
}

test("a disk that stays full refuses writes, reads on, and goes on when there is room", { timeout: 600_000 }, async () => {
  const next = random(9);
  for (let round = 0; round < 40; round++) {
    const root = scratch("full");
    // So many bytes fit; a write beyond takes what fits, and new files cannot be made.
    let free = next(16_000);
    let roomy = false;
    const fault = (operation) => {
      if (roomy || !["write", "create", "mkdir"].includes(operation)) return undefined;
      if (operation !== "write") return free <= 0 ? osError("ENOSPC") : undefined;
      const after = Math.max(0, Math.min(free, 1 + next(700)));
      free -= after;
      return { after, error: osError("ENOSPC") };
    };
    const store = new FileStore(root, { fs: failingFs(fault) });
    const where = `round ${round}`;
    const model = await script(store, async (outcome, name, before) => {
      if (outcome === "stored") return true;
      assert.equal(outcome.code, "STORE_FULL", `${where}: ${outcome.message}`);
      // Reading needs no room, unless the lock could not even be made.
      const image = await store.load(name, null).catch((error) => assert.equal(error.code, "STORE_FULL"));
      if (image) assert.deepEqual(view(image), view(before), where);
      return false;
    });
    roomy = true;
    for (const name of NAMES) {
      const now = model.get(name);
      await store.commit(commit(name, now.version, { append: [entry(name, 999)] }));
      model.set(name, { ...now, version: now.version + 1, entries: [...now.entries, entry(name, 999).key] });
    }
    await store.close();
    await check(root, model, where);
    for (const name of NAMES) {
      const stray = readdirSync(join(root, name)).filter((file) => file.endsWith(".tmp"));
      assert.deepEqual(stray, [], `${where}: nothing half-written is left`);
    }
    rmSync(root, { recursive: true, force: true });
  }
});

test("a log that cannot be cut back says that the outcome is unknown", async () => {
  const root = scratch("interrupted");
  let broken = false;
  const fault = (operation) => (broken && ["datasync", "truncate"].includes(operation) ? osError("EIO") : undefined);
  const store = new FileStore(root, { fs: failingFs(fault) });
  const [name] = NAMES;
  await store.commit(commit(name, 0, { append: [entry(name, 0)] }));
  broken = true;
  await assert.rejects(store.commit(commit(name, 1, { append: [entry(name, 1)] })), { code: "WRITE_INTERRUPTED" });
  broken = false;
  const image = await store.load(name, 1);
  assert.equal(image.version, 2, "here it was stored, and the next load tells");
  await store.commit(commit(name, 2, { append: [entry(name, 1), entry(name, 2)] }));
  assert.equal((await store.load(name, null)).entries.length, 3, "repeating is harmless");
  await store.close();
});

test("commits that wait behind a failed one are decided on what is really stored", async () => {
  const root = scratch("queue");
  let fail = false;
  const fault = (operation) => (fail && operation === "datasync" ? ((fail = false), osError("EIO")) : undefined);
  const store = new FileStore(root, { fs: failingFs(fault) });
  const [name] = NAMES;
  await store.commit(commit(name, 0, { append: [entry(name, 0)] }));
  fail = true;
  const first = store.commit(commit(name, 1, { append: [entry(name, 1)] }));
  await new Promise((resolve) => setImmediate(resolve));
  const others = [1, 2].map((expect) => store.commit(commit(name, expect, { append: [entry(name, 10 + expect)] })));
  const outcomes = (await Promise.allSettled([first, ...others])).map(({ value, reason }) => value ?? reason.code);
  assert.ok(outcomes.includes("STORE_FAILED"), outcomes.join());
  const stored = outcomes.filter((outcome) => typeof outcome === "number").length;
  const image = await store.load(name, null);
  assert.equal(image.version, 1 + stored);
  assert.equal(image.entries.length, 1 + stored);
  await store.close();
});

test("a really full disk, where a small one can be mounted", { timeout: 600_000 }, async (t) => {
  const root = join(scratch("tmpfs"), "disk");
  mkdirSync(root);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", root], { stdio: "ignore" });
  } catch {
    return t.skip("mounting needs root; the failing file system above covers the same code");
  }
  try {
    const path = join(root, "store");
    const [name] = NAMES;
    const store = new FileStore(path);
    writeFileSync(join(root, "ballast"), Buffer.alloc(60_000));
    let version = 0;
    let error;
    for (; !error && version < 1000; version += error ? 0 : 1) {
      error = await store.commit(commit(name, version, { append: [entry(name, version)] })).then(() => undefined, (e) => e);
    }
    assert.equal(error?.code, "STORE_FULL");
    const put = [{ name: "seg", bytes: new Uint8Array(120_000) }];
    await assert.rejects(store.commit(commit(name, version, { put })), { code: "STORE_FULL" });
    assert.equal((await store.load(name, null)).entries.length, version, "everything acknowledged, nothing else");
    rmSync(join(root, "ballast"));
    assert.equal(await store.commit(commit(name, version, { append: [entry(name, version)] })), version + 1);
    await store.close();
    execFileSync("mount", ["-o", "remount,ro", root]);
    await assert.rejects(new FileStore(path).list(""), { code: "STORE_UNAVAILABLE" });
    execFileSync("mount", ["-o", "remount,rw", root]);
    const again = new FileStore(path);
    assert.equal((await again.load(name, null)).entries.length, version + 1);
    await again.close();
    assert.equal(existsSync(join(path, "lock")), false);
  } finally {
    execFileSync("umount", [root]);
  }
});

test("a scrubbing commit removes damaged copies, and says so if it cannot remove a blob", async () => {
  const root = scratch("scrub");
  let broken = "";
  const store = new FileStore(root, { fs: failingFs((operation, path) => (operation === "unlink" && broken && path.includes(broken) ? osError("EIO") : undefined)) });
  const [name] = NAMES;
  const blob = (n) => ({ name: `seg-${n}`, bytes: entry(name, 49).bytes });
  const files = () => readdirSync(join(root, name)).sort();
  let version = await store.commit(commit(name, 0, { append: [entry(name, 1)], put: [blob(1)] }));
  const copy = join(root, name, "log.damaged-1");

  writeFileSync(copy, "what recovery kept aside");
  const plain = { append: [entry(name, 2)], put: [blob(2)], remove: ["seg-1"] };
  version = await store.commit(commit(name, version, plain));
  assert.deepEqual(files(), ["blob-seg-2", "log", "log.damaged-1"], "other commits leave it for whoever wants to salvage");

  const scrubbing = { put: [blob(3)], drop: [entry(name, 2).key], remove: ["seg-2"], scrub: true };
  broken = "damaged";
  await assert.rejects(store.commit(commit(name, version, scrubbing)), { code: "STORE_FAILED" });
  assert.equal((await store.load(name, null)).version, version, "nothing was stored");
  broken = "blob-seg-2";
  await assert.rejects(store.commit(commit(name, version, scrubbing)), { code: "WRITE_INTERRUPTED" });
  broken = "";
  const image = await store.load(name, null);
  assert.deepEqual([image.version, image.blobs], [version + 1, ["seg-3"]], "the commit counts");
  assert.deepEqual(files(), ["blob-seg-3", "log"], "and the next look finishes it");
  await store.close();
});
