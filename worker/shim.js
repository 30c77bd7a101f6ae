/**
 * The module that Cloudflare runs: drives requests through the core, and replaces the core when it trapped. It has the
 * class of the Durable Objects, too, which run in an instance of their own.
 *
 * One instance of the core serves all requests of an isolate. It never schedules anything: a request is
 * stepped here, what it waits for is awaited here, in the same request, and then it is stepped again. A trap
 * therefore surfaces here, as an exception. After one the instance's memory cannot be trusted: the requests
 * that run on it are answered with an error, and the next request gets a fresh instance over the same store.
 */

import tokens from "./edgemem-tokens.bin";
import wasm from "./edgemem.wasm";
import { createInstance } from "./glue.js";

import { Isolate } from "../src/js/cloudflare/isolate.ts";
import { HostedObject } from "../src/js/cloudflare/object.ts";
import { durableObjects } from "../src/js/cloudflare/provider.ts";
import { Loader } from "../src/js/loader.ts";
import { TokenLoader } from "../src/js/tokens.ts";
import { discardRest } from "../src/js/unread.ts";

// The build writes in what identifies the table that belongs to the core.
const table = new TokenLoader(TOKEN_TABLE, () => tokens);

// The objects are those of the npm package over this core: the same protocol, the same bytes, the same jobs.
const isolate = new Isolate(new Loader(createInstance, () => wasm), table.load);
const host = { name: "Workers", outlivesCalls: false, tokens: table.load };

/** The class of objects that memories live in, bound as `EDGEMEM`. */
export class EdgememObject extends HostedObject {
  constructor(state, env) {
    super(state, env, isolate, host);
  }
}

class Instance {
  #glue = createInstance(wasm);
  #running = new Set();
  #worker;
  dead = false;
  /** Whether it died because there was no more memory. */
  full = false;

  constructor(env) {
    this.#worker = new this.#glue.Worker(env, table.load, durableObjects);
  }

  /** Resolves to the response; rejects if the instance died, also if another request killed it. */
  handle(request) {
    return this.#run(
      () => this.#worker.handle(request),
      (exchange) => exchange.response(),
    );
  }

  /** Stores what was noted of requests that are answered. */
  settle() {
    return this.#run(
      () => this.#worker.settle(),
      () => undefined,
    );
  }

  async #run(start, finish) {
    let kill;
    const killed = new Promise((_, reject) => (kill = reject));
    killed.catch(() => {});
    this.#running.add(kill);
    try {
      return await this.#drive(start, finish, killed);
    } finally {
      this.#running.delete(kill);
    }
  }

  async #drive(start, finish, killed) {
    const exchange = this.#attempt(start);
    let pending = this.#attempt(() => exchange.step(true, undefined));
    while (pending !== undefined) {
      let fulfilled = true;
      let value;
      try {
        // What is waited for may be something that a dead instance never does, hence the race. It is run for each
        // step and not once for the request: workerd passes a rejection by another request on with a delay, and
        // gives a request up that has nothing else left to wait for. So what is waited for must count as well.
        value = await Promise.race([pending, killed]);
      } catch (reason) {
        fulfilled = false;
        value = reason;
      }
      pending = this.#attempt(() => exchange.step(fulfilled, value));
    }
    return this.#attempt(() => {
      const outcome = finish(exchange);
      exchange.free();
      return outcome;
    });
  }

  /** Enters the core. Whatever comes out as an exception is a trap. */
  #attempt(enter) {
    if (this.dead) throw new Error("another request trapped");
    try {
      return enter();
    } catch (cause) {
      this.#die(cause);
      throw cause;
    }
  }

  #die(cause) {
    this.dead = true;
    this.full = cause instanceof WebAssembly.RuntimeError && this.#glue.exhausted();
    for (const kill of this.#running) kill(cause);
    this.#running.clear();
    this.#glue.abandon();
  }
}

let instance;

async function answer(request, env) {
  let asked;
  try {
    if (instance === undefined || instance.dead) instance = new Instance(env);
    asked = instance;
    return await asked.handle(request);
  } catch (cause) {
    const code = asked?.full ? "OUT_OF_MEMORY" : "INTERNAL";
    console.error(`${code}:`, cause);
    const what = asked?.full ? "edgemem has no more memory here" : "edgemem failed inside";
    const message = `${what}: this call was given up, the store is intact`;
    const body = { error: message, detail: message, code, field: null };
    return Response.json(body, { status: asked?.full ? 503 : 500, headers: { "cache-control": "no-store" } });
  }
}

async function settle() {
  try {
    if (instance !== undefined && !instance.dead) await instance.settle();
  } catch (cause) {
    console.error("INTERNAL:", cause);
  }
}

export default {
  fetch(request, env, context) {
    const response = answer(request, env).finally(() => discardRest(request));
    // A write that is under way is finished also if its client goes away: others may be waiting for it. What was noted of
    // it is stored when nobody waits any more.
    context.waitUntil(response.then(settle));
    return response;
  },
};
