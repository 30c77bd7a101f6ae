// The service under load: searches and adds over HTTP, at 1, 8 and 64 connections, against the Worker in workerd, against
// `serve`, and, if it is asked for, against mem0's package. Each host is a process of its own; what it holds in memory is
// read from the system where that can be read.

import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { python } from "../tools/python.mjs";
import { count, percentile, table } from "../tools/lib/terminal.mjs";
import { corpus } from "./corpus.mjs";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const CONNECTIONS = [1, 8, 64];
/** So many messages are in one request while the memories are made. */
const BATCH = 200;
/** What each host is started by, over a folder, and where it takes what. */
const HOSTS = {
  workerd: { start: (folder) => node("../tools/worker.mjs", "--no-build", "--persist", folder) },
  serve: { start: (folder) => node("serve-files.mjs", folder) },
  mem0: { start: startMem0, add: "/memories", search: "/search" },
};

/** Those of edgemem itself. */
export const OWN = ["workerd", "serve"];
/** All that there are. */
export const NAMES = Object.keys(HOSTS);

/** Measures hosts with so many users, each with so many memories. Returns the figures and prints them. */
export async function service({ hosts = OWN, users, each, requests, folder, say }) {
  const { messages, questions } = corpus(each, 200);
  const rows = [];
  const figures = [];
  for (const host of hosts) {
    const { start, add = "/v3/memories/add/", search = "/v3/memories/search/" } = HOSTS[host];
    const running = await start(join(folder, host));
    try {
      const begun = performance.now();
      const filling = new Agent({ keepAlive: true, maxSockets: 8 });
      await times(users, 8, async (user) => {
        say(`${host}: memories of user ${user + 1} of ${users}`);
        for (let from = 0; from < each; from += BATCH) {
          const said = { messages: messages.slice(from, from + BATCH), user_id: `u${user}`, infer: false };
          const answer = await post(running.origin, filling, add, said);
          if (answer.status !== 200) throw new Error(`the memories could not be made: ${answer.status} ${answer.text}`);
        }
      });
      filling.destroy();
      const filled = performance.now() - begun;
      for (const connections of CONNECTIONS) {
        let said = 0;
        const kinds = {
          search: (n) => [search, { query: questions[n % questions.length], filters: { user_id: `u${n % users}` } }],
          add: (n) => [add, { messages: `${messages[n % each].content} (${connections}, ${(said += 1)})`, user_id: `u${n % users}`, infer: false }],
        };
        for (const [kind, make] of Object.entries(kinds)) {
          say(`${host}: ${kind}, ${connections} connections`);
          const measured = await load(running.origin, connections, requests, make);
          figures.push({ host, kind, connections, ...measured });
          for (const [text, times] of measured.failures) console.log(`${host}: ${kind}, ${connections} connections: ${times} × ${text}`);
          rows.push([host, kind, connections, ms(measured.p50), ms(measured.p99), count(Math.round(measured.perSecond)), measured.errors]);
        }
      }
      const bytes = await resident(running.group);
      rows.push([host, `${count(users * each)} made in ${(filled / 1000).toFixed(1)} s`, "", "", "", "", bytes === undefined ? "" : `${Math.round(bytes / 1e6)} MB`]);
      figures.push({ host, filled, resident: bytes });
    } finally {
      await running.stop();
    }
  }
  console.log(`\nover HTTP: ${count(users)} users with ${count(each)} memories each\n`);
  console.log(table([["host", "request", "connections", "p50", "p99", "per second", "errors"], ...rows]));
  return figures;
}

const ms = (time) => `${time.toFixed(1)} ms`;

/** Sends `requests` requests over so many connections, each sending its next when the last was answered. */
async function load(origin, connections, requests, make) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const took = [];
  const failures = new Map();
  // What is loaded with a first request is loaded before.
  await times(connections, connections, async (n) => void (await post(origin, agent, ...make(n))));
  const begun = performance.now();
  await times(requests, connections, async (n) => {
    const from = performance.now();
    const { status, text } = await post(origin, agent, ...make(n));
    took.push(performance.now() - from);
    if (status === 200) return;
    const failure = `${status} ${text.slice(0, 300)}`;
    failures.set(failure, (failures.get(failure) ?? 0) + 1);
  });
  const whole = performance.now() - begun;
  agent.destroy();
  const errors = [...failures.values()].reduce((sum, times) => sum + times, 0);
  return { p50: percentile(took, 0.5), p99: percentile(took, 0.99), perSecond: (requests / whole) * 1000, errors, failures: [...failures] };
}

/** Does something for 0 … total - 1, so many at a time. */
async function times(total, atOnce, run) {
  let next = 0;
  const worker = async () => {
    while (next < total) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, total) }, worker));
}

/**
 * workerd closes connections that were idle for five seconds, and a request may be on its way just then: such a one is sent
 * again. None of them does harm when it is done twice.
 */
async function post(origin, agent, path, body) {
  for (;;) {
    const { isStale, ...answer } = await postOnce(origin, agent, path, body);
    if (!isStale) return answer;
  }
}

function postOnce(origin, agent, path, body) {
  return new Promise((resolve) => {
    const asked = request(origin + path, { method: "POST", agent, headers: { "content-type": "application/json" } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece) => (text += piece));
      response.on("end", () => resolve({ status: response.statusCode, text }));
    });
    asked.on("error", (error) => resolve({ status: 0, text: error.message, isStale: asked.reusedSocket && error.code === "ECONNRESET" }));
    asked.end(JSON.stringify(body));
  });
}

const node = (file, ...args) => start(process.execPath, [here(file), ...args]);

/** mem0's package, with a server of embeddings beside it. */
async function startMem0(folder) {
  const model = await node("mem0/embeddings.mjs");
  const running = await start(await python(here("mem0/requirements.txt")), [here("mem0/server.py"), folder, `${model.origin}/v1`]);
  const stop = async () => {
    await running.stop();
    await model.stop();
  };
  return { ...running, stop };
}

/** Starts a host and waits for the line in which it says where it listens. */
async function start(program, args) {
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.on("close", resolve));
  let output = "";
  const listening = new Promise((resolve) => {
    child.stdout.on("data", (text) => {
      const found = /Listening on (http:\S+)/.exec((output += text));
      if (found) resolve(found[1]);
    });
  });
  const origin = await Promise.race([listening, ended]);
  if (typeof origin !== "string") throw new Error(`a host did not start: ${output}`);
  const stop = async () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { origin, group: child.pid, stop };
}

/** Bytes that the processes of a group hold; undefined where there is no /proc. */
async function resident(group) {
  let total = 0;
  try {
    for (const id of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      const stat = await readFile(`/proc/${id}/stat`, "utf8").catch(() => "");
      // After the name in parentheses: state, parent, group.
      if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) !== group) continue;
      const status = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
      total += 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
    }
  } catch {
    return undefined;
  }
  return total;
}
