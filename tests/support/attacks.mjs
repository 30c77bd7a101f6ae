// What a hostile tenant tries, against any host of the service: `ask(token, method, path, body, headers)` sends a request of
// whoever has the token, and `root` is the token of the deployment.

import assert from "node:assert/strict";

/** Ways to ask that say what they expect. */
function over({ root, ask }) {
  const must = async (token, ...request) => {
    const { status, body } = await ask(token, ...request);
    assert.ok(status < 300, `${request[0]} ${request[1]}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const code = async (token, ...request) => {
    const { status, body } = await ask(token, ...request);
    return `${status} ${body?.code ?? ""}`.trim();
  };
  const key = async (wish) => (await must(root, "POST", "/v1/admin/keys", wish)).key;
  const add = async (token, messages, user_id = "ann", more = {}) =>
    (await must(token, "POST", "/v1/memories", { messages, user_id, infer: false, ...more })).results[0].id;
  const texts = async (token, user = "ann") =>
    (await must(token, "GET", `/v1/memories?user_id=${encodeURIComponent(user)}`)).results.map(({ memory }) => memory);
  return { root, ask, must, code, key, add, texts };
}

const hex = (text) => Buffer.from(text).toString("hex");
const call = (name, args) => ({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
const times = (count, make) => Array.from({ length: count }, (_, at) => make(at));

const attacks = {
  "a refusal does not tell whether a key exists": async ({ ask, key }) => {
    const [, id, secret] = (await key({ org_id: "acme" })).split("_");
    const told = async (token) => {
      const { status, body, headers } = await ask(token, "GET", "/v1/stats");
      return JSON.stringify([status, body, headers.get("www-authenticate"), headers.get("ratelimit"), headers.get("retry-after")]);
    };
    const wrong = `${secret.slice(0, -1)}${secret.endsWith("0") ? "1" : "0"}`;
    const known = await told(`em_${id}_${wrong}`);
    assert.match(known, /^\[401/);
    for (const other of [`em_000000000000_${secret}`, `em_${id}_${"0".repeat(48)}`, `em_${id}_`, `em_${id}`, `em_${id.toUpperCase()}_${secret.toUpperCase()}x`]) {
      assert.equal(await told(other), known, other);
    }
  },

  "a header that is sent twice, or asks for another path or method, widens nothing": async ({ root, ask, code, key, add, texts }) => {
    const mine = await key({ org_id: "acme", project_id: "one" });
    await add(mine, "tea");
    // Two headers of one name reach a service as one with a comma.
    for (const authorization of [`Bearer ${mine}, Bearer ${root}`, `Bearer ${root}, Bearer ${mine}`, `Token ${root},`]) {
      assert.equal((await ask(mine, "GET", "/v1/admin/keys", undefined, { authorization })).status, 401, authorization);
    }
    for (const [name, value, expected] of [
      ["x-org-id", "acme, other", "403 TENANT_FORBIDDEN"],
      ["x-project-id", "one, two", "403 TENANT_FORBIDDEN"],
      ["content-type", "application/json, text/plain", "415 MEDIA_TYPE_UNSUPPORTED"],
      ["content-encoding", "identity, gzip", "415 MEDIA_TYPE_UNSUPPORTED"],
      ["content-encoding", "br", "415 MEDIA_TYPE_UNSUPPORTED"],
      ["idempotency-key", "a, b", "400 INVALID_ARGUMENT"],
    ]) {
      assert.equal(await code(mine, "POST", "/v1/memories", { messages: "x", user_id: "ann" }, { [name]: value }), expected, `${name}: ${value}`);
    }
    const others = { "x-http-method-override": "DELETE", "x-method-override": "DELETE", "x-original-url": "/v1/admin/keys", "x-rewrite-url": "/v1/admin/keys", "x-forwarded-prefix": "/v1/admin" };
    assert.equal((await ask(mine, "GET", "/v1/memories?user_id=ann", undefined, others)).body.count, 1);
    assert.deepEqual(await texts(mine), ["tea"]);
  },

  "ids that look alike are different": async ({ code, key, add, texts, must }) => {
    const all = await key({ org_id: "acme" });
    const alike = ["jos\u00e9", "jose\u0301", "Jos\u00e9", "\uff4aos\u00e9", "jos\u0435", "jos\u00e9\u200b", "\ufeffjos\u00e9"];
    for (const [at, user] of alike.entries()) await add(all, `of number ${at}`, user);
    for (const [at, user] of alike.entries()) {
      const own = await key({ org_id: "acme", user_id: user });
      assert.deepEqual(await texts(own, user), [`of number ${at}`]);
      for (const other of alike) {
        if (other === user) continue;
        assert.equal(await code(own, "GET", `/v1/memories?user_id=${encodeURIComponent(other)}`), "403 SCOPE_FORBIDDEN", `${at}: ${other}`);
        const filters = { OR: [{ user_id: user }, { user_id: { in: [other] } }] };
        assert.equal(await code(own, "POST", "/v3/memories", { filters }), "403 SCOPE_FORBIDDEN");
      }
    }
    // Space around an id belongs to nobody.
    assert.equal((await must(await key({ org_id: "acme", user_id: alike[0] }), "GET", `/v1/memories?user_id=%20${encodeURIComponent(alike[0])}%E2%80%83`)).count, 1);
  },

  "organisations and projects whose names run together are different tenants": async ({ key, add, texts, code, root }) => {
    const names = [["a", "b-c"], ["a-b", "c"], ["a.b", "c"], ["a", "b.c"], ["A", "b-c"], ["a", "B-C"], ["default", "a"], ["a", "default"], ["tenants", "a"], ["t", "t"]];
    const keys = [];
    for (const [org_id, project_id] of names) keys.push(await key({ org_id, project_id }));
    for (const [at, token] of keys.entries()) await add(token, `of tenant ${at}`);
    for (const [at, token] of keys.entries()) assert.deepEqual(await texts(token), [`of tenant ${at}`], names[at].join());
    for (const name of ["a/b", "..", "a\u0000b", "a b", "\u00e9", "a\nb", "a:b", "x".repeat(65)]) {
      const refused = await code(root, "POST", "/v1/admin/keys", { org_id: name });
      assert.equal(refused, name === ".." ? "200" : "400 INVALID_ARGUMENT", name);
    }
    // A name of dots is a name like any other: no path is made of it.
    const dots = await key({ org_id: "..", project_id: ".." });
    await add(dots, "of dots");
    assert.deepEqual([await texts(dots), await texts(keys[0])], [["of dots"], ["of tenant 0"]]);
  },

  "what stands for the id of a key leads nowhere else": async ({ root, code, key, ask }) => {
    const admin = await key({ org_id: "acme", right: "admin" });
    const other = await key({ org_id: "other" });
    const id = other.split("_")[1];
    for (const text of ["..%2f..%2fmemories", "%2e%2e%2fkeys", "%00", "__proto__", "*", "em_", `${id}%00`, `${id}%20`, id.slice(0, 11), `${id}00000000000000000000`, encodeURIComponent(other), id]) {
      assert.match(await code(admin, "DELETE", `/v1/admin/keys/${text}`), /^404 NOT_FOUND/, text);
    }
    for (const path of ["/v1/admin%2fkeys", "/v1/memories/..%2fadmin%2fkeys", "/v1/%61dmin/keys/", "/V1/admin/keys", "/v1//admin/keys"]) {
      assert.match(await code(admin, "GET", path), /^(404|400) /, path);
    }
    assert.equal((await ask(other, "GET", "/v1/stats")).status, 200);
    assert.equal(await code(root, "DELETE", `/v1/admin/keys/${id}`), "200");
  },

  "administrators give no more than they have": async ({ code, key, must }) => {
    const admin = await key({ org_id: "acme", right: "admin", rate_limit: 50 });
    for (const rate_limit of [51, 6000, 1_000_000, 0, -1, 1.5, "5", 1e300]) {
      assert.equal(await code(admin, "POST", "/v1/admin/keys", { rate_limit }), "400 INVALID_ARGUMENT", String(rate_limit));
    }
    assert.equal((await must(admin, "POST", "/v1/admin/keys", {})).rate_limit, 50);
    assert.equal((await must(admin, "POST", "/v1/admin/keys", { rate_limit: 50 })).rate_limit, 50);
    for (const wish of [{ org_id: "other" }, { org_id: "acme ", right: "admin" }, { org_id: "ACME" }]) {
      assert.match(await code(admin, "POST", "/v1/admin/keys", wish), /^403 TENANT_FORBIDDEN/, JSON.stringify(wish));
    }
  },

  "an idempotency key answers nobody but who sent it": async ({ ask, key, root }) => {
    const tokens = [await key({ org_id: "acme" }), await key({ org_id: "acme" }), await key({ org_id: "acme", project_id: "two" }), await key({ org_id: "other" }), root];
    const body = { messages: "the secret of ann", user_id: "ann", infer: false };
    const seen = [];
    for (const token of tokens) {
      const { headers, body: told } = await ask(token, "POST", "/v1/memories", body, { "idempotency-key": "the-same" });
      seen.push([headers.get("idempotency-replayed"), told.results[0].event]);
    }
    // The second key is another caller in the same tenant, where the memory is known.
    assert.deepEqual(seen, [[null, "ADD"], [null, "NONE"], [null, "ADD"], [null, "ADD"], [null, "ADD"]]);
    assert.equal((await ask(tokens[3], "POST", "/v1/memories", body, { "idempotency-key": "the-same" })).headers.get("idempotency-replayed"), "true");
  },

  "a session of MCP is no way to somebody else's memories": async ({ ask, key, add }) => {
    const [ann, bob] = [await key({ org_id: "acme", user_id: "ann" }), await key({ org_id: "acme", user_id: "bob" })];
    await add(bob, "milk of bob", "bob");
    const start = { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "x", version: "1" } } };
    const session = (await ask(bob, "POST", "/mcp", start)).headers.get("mcp-session-id");
    assert.equal(session, null, "there are none");
    const text = async (headers) => (await ask(ann, "POST", "/mcp", call("search_memories", { query: "milk of bob" }), headers)).body.result.content[0].text;
    for (const headers of [{}, { "mcp-session-id": "bob" }, { "mcp-session-id": bob }, { "last-event-id": "1" }]) {
      assert.deepEqual(JSON.parse(await text(headers)).results, [], JSON.stringify(headers));
    }
    for (const method of ["GET", "DELETE"]) assert.equal((await ask(ann, method, "/mcp", undefined, { "mcp-session-id": bob })).status, 405);
  },

  "events, histories and exports of others are not there": async ({ code, key, add, must, ask }) => {
    const [all, ann, other] = [await key({ org_id: "acme" }), await key({ org_id: "acme", user_id: "ann" }), await key({ org_id: "other" })];
    const [hers, his] = [await add(all, "tea of ann"), await add(all, "milk of bob", "bob")];
    for (const [token, ids] of [[ann, [his]], [other, [his, hers]]]) {
      for (const id of ids) {
        for (const path of [`/v1/event/${id}`, `/v1/memories/${id}`, `/v1/memories/${id}/history`]) assert.equal(await code(token, "GET", path), "404 NOT_FOUND", path);
      }
    }
    const mixed = await ask(ann, "GET", `/v1/event/${hers}.${his}`);
    assert.ok(!JSON.stringify(mixed.body).includes("milk"), JSON.stringify(mixed.body));
    await must(all, "DELETE", `/v1/memories/${his}`);
    for (const token of [ann, other]) assert.equal(await code(token, "GET", `/v1/memories/${his}/history`), "404 NOT_FOUND");
    const read = (token, filters) => code(token, "POST", "/v1/exports/get", { memory_export_id: hex(JSON.stringify(filters)) });
    assert.equal(await read(ann, { user_id: "bob" }), "403 SCOPE_FORBIDDEN");
    assert.equal(await read(ann, { OR: [{ user_id: "ann" }, { agent_id: "*" }] }), "200");
    assert.equal(await read(other, { user_id: "ann" }), "404 NOT_FOUND");
    for (const id of ["zz", hex("[]"), hex("{"), "0", "\u00e9"]) assert.equal(await code(all, "POST", "/v1/exports/get", { memory_export_id: id }), "404 NOT_FOUND", id);
  },

  "refusals beyond the limit do not fill the log of an organisation": async ({ ask, key, must, root }) => {
    const [loud, quiet] = [await key({ org_id: "loud", rate_limit: 2 }), await key({ org_id: "quiet" })];
    await ask(quiet, "POST", "/v1/memories", { messages: "x", user_id: "ann" });
    for (let at = 0; at < 12; at += 1) await ask(loud, "POST", "/v1/memories", { messages: `${at}`, user_id: "ann" });
    const log = async (org) => (await must(root, "GET", `/v1/admin/audit?org_id=${org}`)).results.map(({ route, status }) => `${route} ${status}`);
    assert.deepEqual(await log("loud"), ["/v1/memories 429", "/v1/memories 200", "/v1/memories 200", "/v1/admin/keys 200"]);
    assert.deepEqual(await log("quiet"), ["/v1/memories 200", "/v1/admin/keys 200"]);
  },

  "what would cost far more than its length is refused by its name": async ({ ask, key, add }) => {
    const token = await key({ org_id: "acme" });
    await add(token, "I like tea");
    const list = (filters) => ["POST", "/v3/memories", { filters }];
    const nested = (levels) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    for (const [method, path, body, expected] of [
      [...list({ AND: [{ user_id: "ann" }, { OR: times(500, (at) => ({ text: { icontains: `x${at}` } })) }] }), "400 FILTER_INVALID filters"],
      [...list({ user_id: "ann", created_at: { in: times(501, () => "2026-01-01") } }), "400 FILTER_INVALID filters"],
      [...list({ user_id: { in: times(1001, (at) => `u${at}`) } }), "400 FILTER_INVALID filters"],
      ["POST", "/v3/memories", { filters: { user_id: "ann" }, keywords: times(501, (at) => `x${at}`) }, "400 FILTER_INVALID filters"],
      ["POST", "/v3/memories", { filters: { user_id: "ann" }, categories: times(501, (at) => `x${at}`) }, "400 FILTER_INVALID filters"],
      ["POST", "/v3/memories", { filters: { user_id: "ann" }, fields: times(101, (at) => `x${at}`) }, "400 INVALID_ARGUMENT fields"],
      ["GET", `/v1/memories?user_id=ann&fields=${times(101, () => "id")}`, undefined, "400 INVALID_ARGUMENT fields"],
      ["POST", "/v1/memories", { user_id: "ann", messages: times(2001, (at) => ({ role: "user", content: `${at}` })) }, "400 INVALID_ARGUMENT messages"],
      ["POST", "/v1/memories", { user_id: "ann", messages: "x", more: times(100_001, () => 1) }, "413 BODY_TOO_LARGE body"],
      ["POST", "/v3/memories", { filters: { user_id: "ann", x: times(2000, () => JSON.parse(nested(100))) } }, "413 BODY_TOO_LARGE body"],
      ["POST", "/mcp", times(100_001, () => 1), "413 BODY_TOO_LARGE body"],
      ["DELETE", "/v1/batch", { memories: times(1001, (at) => ({ memory_id: `00000000-0000-4000-8000-${String(at).padStart(12, "0")}` })) }, "400 INVALID_ARGUMENT memories"],
    ]) {
      const { status, body: told } = await ask(token, method, path, body);
      assert.equal(`${status} ${told.code} ${told.field}`, expected);
    }
    // What people do send is none of these: a list of users, and a question that is a document.
    const users = { user_id: { in: ["ann", ...times(999, (at) => `u${at}`)] } };
    assert.equal((await ask(token, ...list(users))).body.count, 1);
    const query = `tea ${times(100_000, (at) => `word${at} 2026-01-${String(1 + (at % 28)).padStart(2, "0")}`).join(" ")}`.slice(0, 990_000);
    assert.equal((await ask(token, "POST", "/v1/search", { query, user_id: "ann" })).status, 200);
  },
};

/** A test of each attack: `open` makes a host and resolves to `{ root, ask }`. */
export function attack(test, open) {
  for (const [name, run] of Object.entries(attacks)) test(name, async (t) => run(over(await open(t))));
}
