// The sections of `npm test`, in the order in which they run: what is quick and fails often comes first.
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
 * `needsBuild`: the section uses what the section `build` makes. `needsBrowser`: a Chromium has to be there.
 * `files` of a step are glob patterns with `*` for a part of a name.
 */
export const SECTIONS = [
  { name: "format", steps: [cargo("fmt", "--all", "--check")] },
  { name: "types", steps: [{ program: "node_modules/.bin/tsc", args: ["--project", "tsconfig.json"] }] },
  {
    name: "lint",
    steps: [
      cargo("clippy", "--quiet", "--workspace", "--all-targets", ...DENY_WARNINGS),
      cargo("clippy", "--quiet", "--package", "edgemem", ...WASM, "--features", "cloudflare,objects,trap", ...DENY_WARNINGS),
      cargo("clippy", "--quiet", "--package", "edgemem-worker", ...WASM, ...DENY_WARNINGS),
      cargo("clippy", "--quiet", "--package", "edgemem-service", ...WASM, "--features", "entry", ...DENY_WARNINGS),
    ],
  },
  { name: "rust", steps: [{ ...cargo("test", "--quiet", "--workspace"), counts: "cargo" }] },
  { name: "docs", steps: [{ ...cargo("doc", "--quiet", "--workspace", "--no-deps"), env: { RUSTDOCFLAGS: "-D warnings" } }] },
  { name: "licences", steps: [cargo("xtask", "licences"), { ...cargo("deny", "check"), onlyIf: ["cargo", ["deny", "--version"]] }] },
  { name: "build", steps: [{ ...npm("run", "build"), show: true }] },
  {
    name: "node",
    needsBuild: true,
    steps: [
      node(
        ...["node", "server", "eval", "crash", "bench", "cli"].map((folder) => `tests/${folder}/*.test.mjs`),
        ...["contract/node", "contract/object", "faults/node", "sync/exchange", "encryption/names", "encryption/stores", "encryption/memory", "mcp/stdio", "mcp/claude-memory"].map((name) => `tests/${name}.test.mjs`),
      ),
    ],
  },
  {
    name: "browser",
    needsBuild: true,
    needsBrowser: true,
    steps: [
      node("tests/contract/browser.test.mjs", "tests/contract/more.test.mjs", "tests/faults/browser.test.mjs", "tests/encryption/browser.test.mjs", "tests/www/*.test.mjs", "tests/sync/tabs.test.mjs"),
    ],
  },
  {
    name: "workerd",
    needsBuild: true,
    steps: [
      node(
        "tests/worker/*.test.mjs",
        "tests/clients/*.test.mjs",
        ...["contract/workerd", "faults/workerd", "encryption/workerd", "sync/relay", "sync/stores", "sync/lost", "openapi/fuzz", "mcp/cases", "mcp/clients"].map((name) => `tests/${name}.test.mjs`),
      ),
    ],
  },
  { name: "frameworks", needsBuild: true, steps: [node("tests/frameworks/*.test.mjs")] },
  { name: "packaging", needsBuild: true, needsBrowser: true, steps: [node("tests/packaging/run.mjs")] },
];
