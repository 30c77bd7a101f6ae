// Durable Objects of the built package under workerd, with a way to look inside and to have them evicted.

import { execFileSync } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

/** The Worker around the class; `body` is what the class has beside what it inherits. */
const script = (body) => `
  import { EdgememObject, Memory } from "./cloudflare.js";

  export class Memories extends EdgememObject {
    constructor(ctx, env) {
      super(ctx, env);
      this.ctx = ctx;
      this.begun = performance.now();
    }

    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/abort") this.ctx.abort("evicted by a test");
      if (pathname === "/sql") return Response.json(this.ctx.storage.sql.exec(await request.text()).toArray());
      if (pathname === "/alarm") {
        // As if the time had come, for all there is to do.
        this.ctx.storage.sql.exec("UPDATE edgemem_jobs SET due = 0");
        const failure = await this.alarm().then(() => null, String);
        return Response.json({ failure, next: await this.ctx.storage.getAlarm() });
      }
      return super.fetch(request);
    }

    ${body}
  }

  // The binding as it is when the connection to an object breaks: what was asked first is done, its answer is lost.
  const lossy = (namespace) => {
    const asked = new Set();
    const get = (id) => {
      const stub = namespace.get(id);
      const fetch = async (address, init) => {
        const answer = await stub.fetch(address, init);
        const key = new TextDecoder().decode(init.body);
        if (!asked.has(key)) {
          asked.add(key);
          throw Object.assign(new Error("the answer was lost"), { retryable: true });
        }
        return answer;
      };
      return { fetch };
    };
    return { idFromName: (name) => namespace.idFromName(name), get };
  };

  const memories = new Map();
  const open = (env, given) => {
    const { models, isLossy, ...config } = given;
    const key = JSON.stringify(given);
    const store = { provider: "durable-object", config: { namespace: isLossy ? lossy(env.EDGEMEM) : env.EDGEMEM, ...config } };
    if (!memories.has(key)) memories.set(key, new Memory({ store, ...models }));
    return memories.get(key);
  };

  export default {
    async fetch(request, env) {
      const { config = {}, calls = [], isAtOnce, object, at, text, admin } = await request.json();
      try {
        if (object !== undefined) {
          const stub = env.EDGEMEM.get(env.EDGEMEM.idFromName(object));
          const body = admin === undefined ? text : new Uint8Array([...admin.head, ...new TextEncoder().encode(admin.json)]);
          const answer = await stub.fetch("https://object" + at, { method: "POST", body, headers: { "edgemem-object": object } });
          return Response.json(await answer.json());
        }
        if (isAtOnce) {
          const answers = calls.map(async ([method, ...args]) => open(env, config)[method](...args).catch(({ code }) => ({ failed: code })));
          return Response.json(await Promise.all(answers));
        }
        const results = [];
        for (const [method, ...args] of calls) results.push((await open(env, config)[method](...args)) ?? null);
        return Response.json(results);
      } catch (error) {
        return Response.json({ failed: error.code ?? error.name, message: error.message, cause: String(error.cause) });
      }
    },
  };`;

/** Bundles a Worker over a build of the package. */
async function bundle(folder, body, dist) {
  const outfile = path.join(folder, "worker.js");
  await build({ stdin: { contents: script(body), resolveDir: dist }, outfile, bundle: true, format: "esm", external: ["*.wasm", "*.bin"], logLevel: "error" });
  for (const file of ["edgemem-cloudflare.wasm", "edgemem-tokens.bin"]) await cp(path.join(dist, file), path.join(folder, file));
  return outfile;
}

/** The runtimes that this process has started. */
function runtimes() {
  const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" }).trim().split("\n");
  const children = processes.map((line) => line.trim().split(/\s+/)).filter(([, parent, name]) => Number(parent) === process.pid && name.endsWith("workerd"));
  return children.map(([pid]) => Number(pid));
}

/** Starts such a Worker. `restart` starts another runtime over what the first one stored. */
export async function objects(t, { body = "", bindings = {}, build: name = "dist", options = {} } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "edgemem-objects-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const scriptPath = await bundle(folder, body, fileURLToPath(new URL(`../../${name}`, import.meta.url)));
  const start = () =>
    new Miniflare({
      modulesRoot: folder,
      scriptPath,
      modules: true,
      modulesRules: [
        { type: "CompiledWasm", include: ["**/*.wasm"] },
        { type: "Data", include: ["**/*.bin"] },
      ],
      compatibilityDate: "2026-03-24",
      durableObjects: { EDGEMEM: { className: "Memories", useSQLite: true } },
      durableObjectsPersist: path.join(folder, "stored"),
      bindings,
      cf: false,
      ...options,
    });
  const others = runtimes();
  let miniflare = start();
  t.after(() => miniflare.dispose());
  const send = async (request) => {
    const answer = await miniflare.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(request) });
    return answer.json();
  };
  const must = async (request) => {
    const answer = await send(request);
    if (answer?.failed) throw Object.assign(new Error(`${answer.failed}: ${answer.message} (${answer.cause})`), { code: answer.failed });
    return answer;
  };
  return {
    /** Calls methods of a memory over the objects, one after the other. */
    call: (...calls) => must({ calls }),
    /** Calls methods all at once; one that fails is answered by its code. */
    callAtOnce: (...calls) => must({ calls, isAtOnce: true }),
    callWith: (config, ...calls) => must({ config, calls }),
    /** Runs SQL inside of an object. */
    sql: (object, text) => must({ object, at: "/sql", text }),
    /** Has everything that waits be due, and the alarm ring. */
    ring: (object) => must({ object, at: "/alarm" }),
    /** Asks an object something that the test's own body of the class understands. */
    ask: (object, at, text) => must({ object, at, text }),
    /** Asks an object about itself. */
    admin: async (object, request) => (await must({ object, at: "/v1", admin: { head: [1, 3], json: JSON.stringify(request) } })).ok,
    /** Sends bytes of the protocol. */
    raw: (object, head, json) => must({ object, at: "/v1", admin: { head, json } }),
    /** Has the runtime forget an object. */
    evict: (object) => send({ object, at: "/abort" }),
    restart: async () => {
      await miniflare.dispose();
      miniflare = start();
    },
    /** The same after the runtime was killed without a chance to say anything. */
    kill: async () => {
      for (const pid of runtimes()) if (!others.includes(pid)) process.kill(pid, "SIGKILL");
      await miniflare.dispose();
      miniflare = start();
    },
    /** Where everything is stored. */
    stored: path.join(folder, "stored"),
  };
}
