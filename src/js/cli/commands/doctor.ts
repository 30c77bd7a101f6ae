/** `edgemem doctor`: looks at everything that memories depend on, one after the other, and says what is wrong. */

import { access, constants, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";

import type { MemoryConfig } from "../../config.js";
import { Memory } from "../../entries/node.js";
import type { Call, Command } from "../command.js";
import { asError, EXIT } from "../failure.js";
import { configuration } from "../open.js";
import { bytes, count } from "../output.js";
import { leftOut } from "../tenants.js";
import { version } from "../version.js";

/** How a check came out: `skip` if there was nothing to look at. */
type Verdict = "ok" | "warn" | "fail" | "skip";

/** A check: what it looks at, and what it found. */
interface Finding {
  check: string;
  verdict: Verdict;
  /** What was found, for people. */
  found: string;
  /** The code of the failure, if there was one. */
  code?: string;
}

/** Below this, a write may soon fail. */
const LITTLE_SPACE = 200e6;

const OLDEST_NODE = 20;

/** An owner that nobody has: nothing is ever written for it. */
const NOBODY = { userId: "edgemem-doctor" };

export const doctor: Command = {
  name: "doctor",
  summary: "check the store, the token table, the models and this installation",
  notes: [
    "Reads the whole log of the store and writes nothing to it. A language model, if one is configured, is asked one question.",
    `Exit code ${EXIT.partial} if a check fails.`,
  ],
  async run(call) {
    const { output } = call;
    const findings: Finding[] = [];
    for (const [check, look] of CHECKS) {
      const finding = await look(call, findings).catch((cause: unknown): Omit<Finding, "check"> => {
        const { code, message } = asError(cause);
        return { verdict: "fail", found: message, code };
      });
      findings.push({ check, ...finding });
    }
    const failed = findings.filter(({ verdict }) => verdict === "fail").length;
    const signs: Record<Verdict, string> = {
      ok: output.style("ok  ", "green"),
      warn: output.style("warn", "yellow"),
      fail: output.style("FAIL", "red"),
      skip: output.style("—   ", "dim"),
    };
    output.result({ ok: failed === 0, checks: findings }, () => {
      const longest = Math.max(...findings.map(({ check }) => check.length));
      const lines = findings.map(({ check, verdict, found, code }) => `${signs[verdict]}  ${check.padEnd(longest)}  ${code === undefined ? "" : `${code}: `}${found}`);
      return [...lines, "", failed === 0 ? "all is well" : `${count(failed)} of ${findings.length} checks failed`].join("\n");
    });
    return failed === 0 ? EXIT.done : EXIT.partial;
  },
};

type Check = (call: Call, before: Finding[]) => Promise<Omit<Finding, "check">>;

const ok = (found: string): Omit<Finding, "check"> => ({ verdict: "ok", found });
const skip = (found: string): Omit<Finding, "check"> => ({ verdict: "skip", found });

const CHECKS: [name: string, check: Check][] = [
  ["versions", async () => {
    const found = `edgemem ${version()}, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
    return Number(process.versions.node.split(".")[0]) < OLDEST_NODE ? { verdict: "fail", found: `${found}: Node ${OLDEST_NODE} or newer is needed` } : ok(found);
  }],
  ["configuration", async ({ options, directory, env }) => {
    const { store, embedder, llm, encryption } = await configuration(options, directory, env);
    const provider = (part: unknown, without: string): string => (part as { provider?: string } | undefined)?.provider ?? without;
    return ok(`store ${provider(store, "own")}, embedder ${provider(embedder, "embedded")}, language model ${provider(llm, "none")}, ${encryption === undefined ? "not encrypted" : "encrypted"}`);
  }],
  ["directory", async (call) => {
    const directory = await fileDirectory(call);
    if (directory === undefined) return skip("the store is no directory");
    const there = await stat(directory).catch(() => undefined);
    if (there === undefined) return skip(`${directory} is not there yet; the first write makes it`);
    if (!there.isDirectory()) return { verdict: "fail", found: `${directory} is no directory`, code: "STORE_FAILED" };
    await access(directory, constants.R_OK | constants.W_OK);
    return ok(directory);
  }],
  ["disk", async (call) => {
    const directory = await fileDirectory(call);
    if (directory === undefined) return skip("the store is no directory");
    const { bavail, bsize } = await statfs(await firstThere(directory));
    const free = bavail * bsize;
    return free < LITTLE_SPACE ? { verdict: "warn", found: `only ${bytes(free)} are free` } : ok(`${bytes(free)} free`);
  }],
  ["lock and store", async (call) => {
    if (await isAbsent(call)) return skip("there are no memories yet");
    const { memories, partitions, recovered = [], trouble } = await (await call.memory()).stats();
    const found = `${count(memories)} memories of ${count(partitions)} owners`;
    if (trouble !== null) return { verdict: "warn", found: `${found}; ${trouble.message}`, code: trouble.code };
    const mended = recovered.map(({ file, problem }) => `${file}: ${problem}`).join("; ");
    return mended === "" ? ok(found) : { verdict: "warn", found: `${found}; mended: ${mended}` };
  }],
  ["log", async (call, before) => {
    if (await isAbsent(call)) return skip("there are no memories yet");
    if (isFailed(before, "lock and store")) return skip("the store could not be opened");
    const { ok: isWhole, commits, operations, problems } = await (await call.memory()).verify();
    const found = `${count(commits)} commits, ${count(operations)} operations`;
    if (isWhole) return ok(`${found}, all in place`);
    const named = problems.slice(0, 3).map(({ partition, commit, what }) => `commit ${commit} of ${partition} is ${what}`);
    return { verdict: "fail", found: `${found}; ${named.join("; ")}${problems.length > 3 ? `; ${problems.length - 3} more` : ""}`, code: "STORE_CORRUPT" };
  }],
  ["tenants", async (call) => {
    const directory = await fileDirectory(call);
    const others = directory === undefined ? undefined : await leftOut({ directory });
    return others === undefined ? skip("there are none") : { verdict: "warn", found: others };
  }],
  ["token table and embedder", async (call) => {
    const { embedder, reranker } = await configuration(call.options, call.directory, call.env);
    return asked({ embedder, reranker }, async (memory) => {
      await memory.add("The meeting is on Monday.", { ...NOBODY, infer: false });
      const { warnings = [] } = await memory.search("when do we meet?", NOBODY);
      const [warning] = warnings;
      if (warning !== undefined) return { verdict: embedder === undefined ? "warn" : "fail", found: warning.message, code: warning.code };
      return ok((await memory.stats()).embedder ?? "none is configured: search is by keywords");
    });
  }],
  ["language model", async (call) => {
    const { llm } = await configuration(call.options, call.directory, call.env);
    if (llm === undefined) return skip("none is configured");
    return asked({ llm, embedder: { provider: "none" } }, async (memory) => {
      const { warnings = [] } = await memory.add("My name is Ann and I live in Lisbon.", NOBODY);
      const [warning] = warnings;
      return warning === undefined ? ok(`${llm.provider} answers`) : { verdict: "fail", found: warning.message, code: warning.code };
    });
  }],
];

/** The directory of the store, if it is one of files. */
async function fileDirectory({ options, directory, env }: Call): Promise<string | undefined> {
  const { store } = await configuration(options, directory, env);
  if ((store as { provider?: string } | undefined)?.provider !== "file") return undefined;
  return (store as { config?: { directory?: string } }).config?.directory ?? directory;
}

async function isAbsent(call: Call): Promise<boolean> {
  const directory = await fileDirectory(call);
  return directory !== undefined && (await stat(directory).catch(() => undefined)) === undefined;
}

/** The directory, or what is there of the path to it. */
async function firstThere(path: string): Promise<string> {
  return (await stat(path).then(() => true, () => false)) || dirname(path) === path ? path : firstThere(dirname(path));
}

function isFailed(findings: Finding[], name: string): boolean {
  return findings.some(({ check, verdict }) => check === name && verdict === "fail");
}

/** Tries models with a memory of their own, so that nothing is written to the store. */
async function asked(config: Pick<MemoryConfig, "embedder" | "llm" | "reranker">, ask: (memory: Memory) => Promise<Omit<Finding, "check">>): Promise<Omit<Finding, "check">> {
  const memory = new Memory({ ...config, store: { provider: "memory" } });
  try {
    return await ask(memory);
  } finally {
    await memory.close();
  }
}
