// The Rust Worker as a process: started by the script that users start, stopped or killed, and asked.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { root } from "../../tools/worker-options.mjs";

const script = path.join(root, "tools/worker.mjs");

const made = () => mkdtemp(path.join(os.tmpdir(), "edgemem-worker-"));
const remove = (name) => rm(name, { recursive: true, force: true, maxRetries: 5 });

/** A folder that is gone after the test. */
export async function folder(t) {
  const name = await made();
  t.after(() => remove(name));
  return name;
}

export const digest = (token) => createHash("sha256").update(token).digest("hex");

/** Runs the script to its end. */
export async function run(args, env = {}) {
  const child = spawn(process.execPath, [script, ...args], { env: { ...process.env, ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, output };
}

/** Starts the Worker and waits until it listens. */
export async function start(t, args, env = {}) {
  // What is killed leaves its temporary files.
  const scratch = await made();
  // A group of its own, so that a test can kill the runtime together with the script.
  const child = spawn(process.execPath, [script, "--no-build", ...args], {
    env: { ...process.env, TMPDIR: scratch, TEMP: scratch, ...env },
    detached: true,
  });
  let output = "";
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
  const listening = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => {
        output += text;
        const found = /Listening on (http:\S+)/.exec(output);
        if (found) resolve(found[1]);
      });
    }
  });
  const kill = async (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
    return ended;
  };
  t.after(async () => {
    await kill("SIGKILL");
    await remove(scratch);
  });
  const origin = await Promise.race([listening, ended.then(() => undefined)]);
  if (origin === undefined) throw new Error(`the Worker did not start: ${output}`);
  return {
    origin,
    output: () => output,
    /** As Ctrl-C does. */
    stop: async () => {
      child.kill("SIGINT");
      return ended;
    },
    /** The script alone, as `kill -9` does. */
    killScript: async () => {
      child.kill("SIGKILL");
      return ended;
    },
    /** Script and runtime, without a chance to say anything. */
    crash: () => kill("SIGKILL"),
    ...client(origin),
  };
}

/**
 * Asks on a connection of its own. workerd ends one on which nothing comes for five seconds, and counts those that its last
 * request kept it busy as well: on a slow machine the next request meets with a connection that is just being closed.
 */
export const alone = (url, init = {}) => fetch(url, { ...init, headers: { ...init.headers, connection: "close" } });

/** Ways to ask the service at this address. */
export function client(origin, send = alone) {
  const ask = async (method, route, body, headers = {}) => {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const response = await send(new URL(route, origin), {
      method,
      headers: { ...json, ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  };
  const must = async (...request) => {
    const answer = await ask(...request);
    if (answer.status !== 200)
      throw new Error(`${request[0]} ${request[1]}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return { ask, must };
}
