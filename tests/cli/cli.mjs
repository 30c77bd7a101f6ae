// The command as people run it: the built file in a process of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The command's file. */
export const BINARY = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** A folder of a test's own, which is gone behind it. */
export async function scratch(t) {
  const folder = await mkdtemp(join(tmpdir(), "edgemem-cli-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs commands on a store of their own: `run("add", "tea")` resolves with what it printed and its exit code. */
export async function cli(t, env = {}) {
  const folder = await scratch(t);
  const home = join(folder, "home");
  const run = (...args) => {
    const input = typeof args.at(-1) === "object" ? args.pop().input : "";
    return execute(args, { EDGEMEM_HOME: home, EDGEMEM_USER: "ann", ...env }, input);
  };
  const json = async (...args) => JSON.parse((await run(...args.slice(0, 1), "--json", ...args.slice(1))).out);
  return { folder, home, run, json, env: { EDGEMEM_HOME: home, EDGEMEM_USER: "ann", ...env } };
}

/** Starts it; what it prints is collected. */
export function start(args, env) {
  const child = spawn(process.execPath, [BINARY, ...args], { env: { PATH: process.env.PATH, HOME: tmpdir(), ...env } });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, ...said }));
  return { child, said, ended };
}

async function execute(args, env, input) {
  const { child, ended } = start(args, env);
  // A command that fails at once closes its input before all of it is there.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return ended;
}
