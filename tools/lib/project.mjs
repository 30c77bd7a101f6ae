// What the tools that start from a bare clone share: which programs have to be there, running them, and installing
// the npm packages. Built-ins only, and nothing that is built: this runs before anything else does.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { duration } from "./terminal.mjs";

/** The repository's root. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Something that the person at the keyboard has to do; the message says what. */
export class Advice extends Error {}

/** The command for npm: the very one that started this, if npm did. */
export const NPM = process.env.npm_execpath?.endsWith(".js") ? [process.execPath, process.env.npm_execpath] : ["npm"];

/** Fails with {@link Advice} that names everything that is missing. */
export function checkPrograms() {
  const missing = [];
  if (Number(process.versions.node.split(".")[0]) < 20) {
    missing.push(`Node 20 or newer (this is ${process.versions.node}): https://nodejs.org`);
  }
  if (!answers("cargo", ["--version"])) {
    missing.push("Rust: install it with rustup, https://rustup.rs");
  } else if (!hasWasmTarget() && !addWasmTarget()) {
    missing.push(`Rust's ${WASM_TARGET} target: rustup target add ${WASM_TARGET}`);
  }
  if (missing.length > 0) throw new Advice(`edgemem needs, and cannot find:\n${missing.map((line) => `  - ${line}`).join("\n")}`);
}

const WASM_TARGET = "wasm32-unknown-unknown";

function hasWasmTarget() {
  const { stdout } = spawnSync("rustc", ["--print", "target-libdir", "--target", WASM_TARGET], { cwd: ROOT, encoding: "utf8" });
  return existsSync((stdout ?? "").trim());
}

/**
 * Rustup brings the target of rust-toolchain.toml only when it installs that toolchain: one that is there already, or a
 * rustup that is told not to install by itself, may lack it.
 */
function addWasmTarget() {
  return answers("rustup", ["target", "add", WASM_TARGET]) && hasWasmTarget();
}

/** Whether a program is there and runs. */
export function answers(program, args) {
  return spawnSync(program, args, { cwd: ROOT, stdio: "ignore" }).status === 0;
}

/** Installs the npm packages if they are missing or not those of the lock file. Returns whether it had to. */
export async function installPackages(options) {
  if (packagesAreCurrent()) return false;
  await run(NPM[0], [...NPM.slice(1), "ci", "--no-audit", "--no-fund"], options);
  return true;
}

function packagesAreCurrent() {
  const wanted = read("package-lock.json");
  const installed = read("node_modules/.package-lock.json");
  // Optional packages are those of other platforms, mostly, and rightly not there.
  return Object.entries(wanted?.packages ?? {}).every(
    ([path, { version, optional }]) => path === "" || optional || installed?.packages?.[path]?.version === version,
  );
}

function read(file) {
  try {
    return JSON.parse(readFileSync(`${ROOT}/${file}`, "utf8"));
  } catch {
    return undefined;
  }
}

/** The programs that are running. */
const children = new Set();
process.on("exit", () => children.forEach(end));

/**
 * Runs a program in the root, without standard input. What it says is passed on (`show`: to where this process says
 * things, or to a function) and returned. A program that fails, or takes longer than `timeout` ms, throws an error that
 * knows the `output` and the `problem`.
 */
export async function run(program, args, { show = false, timeout = 0, env = process.env } = {}) {
  // A group of its own, so that a timeout also ends what the program started.
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"], detached: process.platform !== "win32" });
  const chunks = [];
  for (const [stream, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
    stream.on("data", (chunk) => {
      chunks.push(chunk);
      if (typeof show === "function") show(chunk);
      else if (show) to.write(chunk);
    });
  }
  children.add(child);
  if (children.size === 1) for (const [signal, stop] of Object.entries(STOPS)) process.once(signal, stop);
  const timer = timeout > 0 ? setTimeout(() => end(child), timeout) : undefined;
  const problem = await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.code === "ENOENT" ? `${program} is not installed` : error.message));
    child.once("close", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}${timeout > 0 ? ` (it may take ${duration(timeout)})` : ""}`);
    });
  });
  clearTimeout(timer);
  children.delete(child);
  if (children.size === 0) for (const [signal, stop] of Object.entries(STOPS)) process.off(signal, stop);
  const output = Buffer.concat(chunks).toString("utf8");
  if (problem !== undefined) throw Object.assign(new Error(`${program} ${args.join(" ")}: ${problem}`), { output, problem });
  return output;
}

/** Leaving ends all programs that are running: they are in groups of their own, which a signal from a terminal does not reach. */
const STOPS = { SIGINT: () => process.exit(130), SIGTERM: () => process.exit(143) };

function end(child) {
  try {
    if (process.platform === "win32") child.kill();
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
