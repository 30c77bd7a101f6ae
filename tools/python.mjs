// Python packages for the tests that run other people's programs against ours.
//
// Each file of requirements gets a virtual environment of its own below `.cache/python/`, named after the folder
// of the file and a digest of its contents: a changed pin makes a new one, an unchanged one costs nothing. A
// missing Python is a failure that says what to install: tests that are skipped would look like tests that passed.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const CACHE = join(dirname(fileURLToPath(import.meta.url)), "..", ".cache", "python");
const NAMES = process.env.EDGEMEM_PYTHON ? [process.env.EDGEMEM_PYTHON] : ["python3", "python"];
const PROBE = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10)";

const run = promisify(execFile);
const made = new Map();

/**
 * The path of a Python in which the packages of this file (as `pip install -r` reads it, with versions pinned) are
 * installed. The first call for a file's contents installs them; calls at the same time share that.
 */
export function python(requirementsFile) {
  const file = resolve(requirementsFile);
  if (!made.has(file)) made.set(file, environment(file));
  return made.get(file);
}

async function environment(file) {
  const digest = createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 12);
  const home = join(CACHE, `${basename(dirname(file))}-${digest}`);
  if (existsSync(join(home, "complete"))) return interpreter(home);
  const base = await basePython();
  // Two processes of a test run may want the same environment. The lock is a folder, which only one of them can
  // make; the other waits for it. One that was killed leaves it behind: it is taken over after ten minutes of silence.
  mkdirSync(CACHE, { recursive: true });
  const release = await lock(`${home}.lock`);
  try {
    if (existsSync(join(home, "complete"))) return interpreter(home);
    rmSync(home, { recursive: true, force: true });
    console.log(`installing the Python packages of ${file}`);
    await run(base, ["-m", "venv", home], { timeout: 600_000 });
    // What is imported is compiled when it is; most of what large packages bring never is.
    const pip = ["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--no-input", "-r", file];
    await run(interpreter(home), pip, { timeout: 1_200_000, maxBuffer: 1 << 26 });
    mkdirSync(join(home, "installed"));
    renameSync(join(home, "installed"), join(home, "complete"));
    return interpreter(home);
  } finally {
    release();
  }
}

async function lock(path) {
  for (;;) {
    try {
      mkdirSync(path);
      // However long it takes: as long as it is done, the lock is young.
      const beat = setInterval(() => utimesSync(path, new Date(), new Date()), 10_000);
      return () => {
        clearInterval(beat);
        rmSync(path, { recursive: true, force: true });
      };
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > 600_000) rmSync(path, { recursive: true, force: true });
    await new Promise((done) => setTimeout(done, 1000));
  }
}

/** A Python of the machine that can make environments; on Debian as root its package is installed if need be. */
async function basePython() {
  const found = await firstThatWorks();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    console.log("installing the packages python3 and python3-venv");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update"], { env, timeout: 600_000, maxBuffer: 1 << 26 });
    const install = ["install", "--yes", "--no-install-recommends", "python3", "python3-venv"];
    await run("apt-get", install, { env, timeout: 600_000, maxBuffer: 1 << 26 });
    const installed = await firstThatWorks();
    if (installed) return installed;
  }
  throw new Error("these tests need Python 3.10 or newer with venv: install it, or name its path in EDGEMEM_PYTHON");
}

async function firstThatWorks() {
  for (const name of NAMES) {
    const works = await run(name, ["-c", PROBE]).then(
      () => true,
      () => false,
    );
    if (works) return name;
  }
  return undefined;
}

function interpreter(home) {
  return process.platform === "win32" ? join(home, "Scripts", "python.exe") : join(home, "bin", "python");
}
