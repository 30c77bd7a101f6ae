// The sections of `npm test`, in the order in which they run on one core: what is quick and fails often comes first. On
// more cores two run at once, those that others need before all: see lanes.mjs.
//
// A step is a program with its arguments. What it counts as is read from what it says: `cargo` from the lines
// "test result", `node` from the report of Node's test runner (the runner adds the reporters); any other step is one
// check, passed or failed.

import { NPM } from "./project.mjs";

const WASM = ["--target", "wasm32-unknown-unknown"];
const DENY_WARNINGS = ["--", "-D", "warnings"];

const cargo = (...args) => ({ program: "cargo", args });
const npm = (...args) => ({ program: NPM[0], args: [...NPM.slice(1), ...args] });
const node = (...files) => ({ program: process.execPath, args: ["--test", "--test-concurrency=1"], files, counts: "node" });

/**
 * `needs`: the sections without which this one is not run. `holds`: what no two sections use at once; Cargo locks the folder
 * of a profile, so that two which compile with the same one would only take up both lanes. `needsBrowser`: a Chromium has to
 * be there.
 * `files` of a step are glob patterns with `*` for a part of a name.
 */
export const SECTIONS = [
  { name: "format", steps: [cargo("fmt", "--all", "--check")] },
  { name: "types", steps: [{ program: "node_modules/.bin/tsc", args: ["--project", "tsconfig.json"] }] },
  {
    name: "lint",
    holds: "target/debug",
    steps: [
      cargo("clippy", "--quiet", "--workspace", "--all-targets", ...DENY_WARNINGS),
      cargo("clippy", "--quiet", "--package", "edgemem", ...WASM, "--features", "cloudflare,objects,trap", ...DENY_WARNINGS),
      cargo("clippy", "--quiet", "--package", "edgemem-worker", ...WASM, ...DENY_WARNINGS),
      cargo("clippy", "--quiet", "--package", "edgemem-service", ...WASM, "--features", "entry", ...DENY_WARNINGS),
    ],
  },
  { name: "rust", holds: "target/debug", steps: [{ ...cargo("test", "--quiet", "--workspace"), counts: "cargo" }] },
  { name: "docs", holds: "target/debug", steps: [{ ...cargo("doc", "--quiet", "--workspace", "--no-deps"), env: { RUSTDOCFLAGS: "-D warnings" } }] },
  { name: "licences", holds: "target/debug", steps: [cargo("xtask", "licences"), { ...cargo("deny", "check"), onlyIf: ["cargo", ["deny", "--version"]] }] },
  { name: "build", steps: [{ ...npm("run", "build"), show: true }] },
  {
    name: "node",
    needs: ["build"],
    steps: [
      node(
        ...["node", "server", "eval", "bench", "cli", "tools"].map((folder) => `tests/${folder}/*.test.mjs`),
        ...["mcp/stdio", "mcp/claude-memory"].map((name) => `tests/${name}.test.mjs`),
      ),
    ],
  },
  {
    name: "stores",
    needs: ["build"],
    steps: [
      node(
        "tests/crash/*.test.mjs",
        ...["contract/node", "contract/object", "faults/node", "sync/exchange", "sync/encrypted", "encryption/names", "encryption/stores", "encryption/memory"].map((name) => `tests/${name}.test.mjs`),
      ),
    ],
  },
  {
    name: "workerd",
    needs: ["build"],
    steps: [
      node(
        "tests/worker/*.test.mjs",
        "tests/clients/*.test.mjs",
        ...["contract/workerd", "faults/workerd", "encryption/workerd", "sync/relay", "sync/stores", "sync/lost", "openapi/fuzz", "mcp/cases", "mcp/clients"].map((name) => `tests/${name}.test.mjs`),
      ),
    ],
  },
  // Wrangler has the Worker built first, by Cargo, which waits for as long as another section compiles.
  { name: "deploy", needs: ["build"], holds: "target/debug", steps: [node("tests/deploy/*.test.mjs")] },
  {
    name: "browser",
    needs: ["build"],
    needsBrowser: true,
    steps: [
      node("tests/contract/browser.test.mjs", "tests/contract/more.test.mjs", "tests/faults/browser.test.mjs", "tests/encryption/browser.test.mjs", "tests/www/*.test.mjs", "tests/sync/tabs.test.mjs"),
    ],
  },
  { name: "frameworks", needs: ["build"], steps: [node("tests/frameworks/*.test.mjs")] },
  { name: "packaging", needs: ["build"], needsBrowser: true, steps: [node("tests/packaging/run.mjs")] },
];
