// Keys in the Worker over each of its stores: tenants in one database, revocation, the audit log, a restart.

import assert from "node:assert/strict";
import { test } from "node:test";

import { digest, folder, start } from "../support/worker-process.mjs";

const ROOT = "the token of the deployment";

/** Asks with a token; the body may be left out. */
function door(worker, token) {
  const ask = (method, route, body, headers) =>
    worker.ask(method, route, body, { authorization: `Bearer ${token}`, ...headers });
  const must = async (...request) => {
    const answer = await ask(...request);
    assert.equal(answer.status, 200, `${request[0]} ${request[1]}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const code = async (...request) => {
    const { status, body } = await ask(...request);
    return `${status} ${body.code}`;
  };
  return { ask, must, code };
}

for (const store of ["durable-object", "d1", "kv"]) {
  test(`${store}: keys open their own tenant`, async (t) => {
    const persist = await folder(t);
    const env = { EDGEMEM_TOKEN_HASHES: digest(ROOT), EDGEMEM_LOG: "requests" };
    let worker = await start(t, ["--store", store, "--persist", persist], env);
    let root = door(worker, ROOT);
    const key = async (wish) => (await root.must("POST", "/v1/admin/keys", wish)).key;
    const keys = {
      one: await key({ org_id: "acme", project_id: "one" }),
      two: await key({ org_id: "acme", project_id: "two" }),
      ann: await key({ org_id: "acme", project_id: "one", user_id: "ann", right: "read" }),
      old: await key({}),
    };
    assert.match(keys.one, /^em_[0-9a-f]{12}_[0-9a-f]{48}$/);
    const open = () => Object.fromEntries(Object.entries(keys).map(([name, token]) => [name, door(worker, token)]));
    let { one, two, ann, old } = open();

    // The same user in two projects, and in the memory that there was before there were keys.
    const add = async (who, messages) => (await who.must("POST", "/v1/memories", { messages, user_id: "ann" })).results[0].id;
    const ids = { one: await add(one, "Ann drinks tea"), two: await add(two, "Ann drinks milk"), old: await add(root, "Ann drinks water") };
    await add(one, "Ann likes Lisbon");
    assert.equal(await add(two, "Ann likes Lisbon"), await add(root, "Ann likes Lisbon"));
    const texts = async (who) =>
      (await who.must("GET", "/v1/memories?user_id=ann")).results.map((it) => it.memory).sort();
    const expected = {
      one: ["Ann drinks tea", "Ann likes Lisbon"],
      two: ["Ann drinks milk", "Ann likes Lisbon"],
      old: ["Ann drinks water", "Ann likes Lisbon"],
    };
    const check = async () => {
      assert.deepEqual(await texts(one), expected.one);
      assert.deepEqual(await texts(ann), expected.one);
      assert.deepEqual(await texts(two), expected.two);
      assert.deepEqual(await texts(root), expected.old);
      assert.deepEqual(await texts(old), expected.old);
    };
    await check();
    for (const [who, id] of [[one, ids.two], [two, ids.one], [one, ids.old], [root, ids.one]]) {
      assert.equal(await who.code("GET", `/v1/memories/${id}`), "404 NOT_FOUND");
      assert.equal(await who.code("PUT", `/v1/memories/${id}`, { text: "mine" }), "404 NOT_FOUND");
      assert.equal(await who.code("DELETE", `/v1/memories/${id}`), "404 NOT_FOUND");
    }
    assert.equal(await one.code("GET", "/v1/memories?user_id=ann&project_id=two"), "403 TENANT_FORBIDDEN");
    assert.equal(await ann.code("GET", "/v1/memories?user_id=bob"), "403 SCOPE_FORBIDDEN");
    assert.equal(await ann.code("POST", "/v1/memories", { messages: "x" }), "403 RIGHT_MISSING");
    await two.must("DELETE", "/v1/memories?user_id=ann");
    expected.two = [];
    await check();

    // A request that is sent again is not done again, and both are in the log of the tenant's organisation.
    const again = () =>
      one.ask("POST", "/v1/memories", { messages: "Ann runs", user_id: "ann" }, { "idempotency-key": "k", "x-request-id": "r-1" });
    const [first, second] = [await again(), await again()];
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers.get("idempotency-replayed"), "true");
    assert.equal(second.headers.get("x-request-id"), "r-1");
    assert.match(second.headers.get("ratelimit"), /^"key";r=\d+;t=\d+$/);
    expected.one = ["Ann drinks tea", "Ann likes Lisbon", "Ann runs"];

    await worker.stop();
    worker = await start(t, ["--store", store, "--persist", persist], env);
    root = door(worker, ROOT);
    ({ one, two, ann, old } = open());
    await check();
    const list = await root.must("GET", "/v1/admin/keys?org_id=acme");
    assert.equal(list.results.length, 3);
    assert.ok(!JSON.stringify(list).includes(keys.one.split("_")[2]));
    const audit = await root.must("GET", "/v1/admin/audit?org_id=acme");
    const told = audit.results.map(({ method, status, request_id: id }) => `${method} ${status} ${id === "r-1" ? id : ""}`);
    assert.ok(told.includes("POST 200 r-1"), told.join());
    assert.ok(told.includes("DELETE 200 "), told.join());
    assert.ok(told.includes("POST 403 "), told.join());
    assert.ok(!/tea|milk|Lisbon|Ann/.test(JSON.stringify(audit)));
    // What administrators do is kept apart, and shown at its place.
    const errands = audit.results.filter(({ route }) => route === "/v1/admin/keys");
    assert.deepEqual(errands.map(({ subject }) => subject), ["ann", "two", "one"].map((name) => keys[name].split("_")[1]));
    const times = audit.results.map(({ at }) => at);
    assert.deepEqual(times, [...times].sort().reverse());

    await root.must("DELETE", `/v1/admin/keys/${keys.one.split("_")[1]}`);
    assert.equal(await one.code("GET", "/v1/stats"), "401 UNAUTHORIZED");
    assert.equal((await ann.ask("GET", "/v1/memories")).status, 200);
    const lines = worker.output().split("\n").filter((line) => line.includes("request_id"));
    assert.ok(lines.length >= 5, worker.output());
    assert.ok(!/tea|milk|Lisbon|Ann|ann/.test(lines.join()), lines.join("\n"));
  });
}
