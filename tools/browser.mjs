// Finds a Chromium for the tests, and brings one where there is none.
//
// In this order: the path in EDGEMEM_BROWSER, an installed Chromium or Chrome, Playwright's own download, and
// on Debian as root the system's package. If none of that works, it fails and says what to install: a
// browser test that is skipped because there is no browser would look like one that passed.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";

import { chromium } from "playwright-core";

/** Flags that keep the browser quiet, offline and able to run as root in a container. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

const ELSEWHERE = {
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
  ],
  win32: ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"]
    .filter((name) => process.env[name])
    .map((name) => join(process.env[name], "Google", "Chrome", "Application", "chrome.exe")),
};

let found;

/** The path of a Chromium or Chrome; installs one if there is none. */
export async function browserPath() {
  return (found ??= find() ?? download() ?? install() ?? fail());
}

/** So long is waited for whatever a page is to do, in ms: Playwright's half a minute is too short for a machine that has much else to do. */
const PATIENCE = 5 * 60_000;

/** Starts the browser, headless. `options` are Playwright's. */
export async function launchBrowser(options = {}) {
  const browser = await chromium.launch({ executablePath: await browserPath(), ...options, args: [...FLAGS, ...(options.args ?? [])] });
  const newContext = browser.newContext.bind(browser);
  // Pages that are opened without a context have one as well.
  browser.newContext = async (...given) => patient(await newContext(...given));
  return browser;
}

/** Starts the browser on a profile folder that outlives it. */
export async function launchProfile(folder, options = {}) {
  const settings = { executablePath: await browserPath(), ...options, args: [...FLAGS, ...(options.args ?? [])] };
  return patient(await chromium.launchPersistentContext(folder, settings));
}

function patient(context) {
  context.setDefaultTimeout(PATIENCE);
  return context;
}

function find() {
  const named = process.env.EDGEMEM_BROWSER;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`EDGEMEM_BROWSER names ${named}, which does not exist`);
  }
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const onPath = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...onPath, ...(ELSEWHERE[process.platform] ?? []), chromium.executablePath()].find((path) => existsSync(path));
}

function download() {
  console.log("no Chromium or Chrome is installed; downloading Playwright's");
  const cli = join(dirname(createRequire(import.meta.url).resolve("playwright-core/package.json")), "cli.js");
  run(process.execPath, [cli, "install", "chromium"]);
  return find();
}

function install() {
  if (process.getuid?.() !== 0 || !isDebian()) return undefined;
  console.log("installing the package chromium");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update"], env);
  run("apt-get", ["install", "--yes", "--no-install-recommends", "chromium"], env);
  return find();
}

function fail() {
  throw new Error(
    "the browser tests need Chromium or Chrome and there is none: install one, or name its path in EDGEMEM_BROWSER",
  );
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*debian/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

/** Runs a program and shows what it says. A failure is not the end: the next way is tried. */
function run(program, args, env = process.env) {
  try {
    execFileSync(program, args, { env, stdio: "inherit", timeout: 600_000 });
  } catch (error) {
    console.log(`${program} ${args.join(" ")} failed: ${error.message}`);
  }
}
