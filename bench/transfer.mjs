// Out, into an empty store, and out again, over files: bytes compared, counts and times. And in by the formats of others.

import { createHash } from "node:crypto";
import { openAsBlob } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

import { count, duration, table } from "../tools/lib/terminal.mjs";
import { corpus } from "./corpus.mjs";

/** Memories are those of so many users, */
const OWNERS = 20;
/** of which one in so many is changed, and one deleted. */
const CHANGED = 50;

/** `size`: how many memories. */
export async function transfer({ Memory, size, folder, say }) {
  const { exportAs, importFrom } = await import("../dist/transfer.js");
  const store = (name) => new Memory({ store: { provider: "file", config: { directory: join(folder, name) } } });
  const source = store("source");
  await fill(source, size, say);
  const { memories } = await source.stats();
  const rows = [];
  const measured = {};
  const row = (name, ms, bytes, result) => {
    measured[name] = { ms, bytes };
    rows.push([name, duration(ms), `${(bytes / 1e6).toFixed(1)} MB`, count(memories / (ms / 1_000)), result]);
  };
  for (const format of ["edgemem", "backup", "mem0", "markdown"]) {
    const [out, back] = ["out", "back"].map((name) => join(folder, `${name}.${format}`));
    say(`exporting ${format}`);
    const first = await write(exportAs(source, format), out);
    row(`${format}, out`, first.ms, first.bytes, first.digest.slice(0, 12));
    say(`importing ${format}`);
    const other = store(format);
    let held = 0;
    const begun = performance.now();
    const report = await importFrom(other, await openAsBlob(out), { infer: false, onProgress: () => void (held = Math.max(held, process.memoryUsage().arrayBuffers)) });
    row(`${format}, in`, performance.now() - begun, first.bytes, `${count(report.kept)} kept, ${count(report.merged)} merged, ${count(report.refused)} refused`);
    measured[`${format}, in`].report = { kept: report.kept, merged: report.merged, refused: report.refused };
    measured[`${format}, in`].arrayBuffers = held;
    if (format === "edgemem" || format === "backup") {
      const second = await write(exportAs(other, format), back);
      const isEqual = second.digest === first.digest && second.bytes === first.bytes;
      row(`${format}, out again`, second.ms, second.bytes, isEqual ? "equal bytes" : "OTHER BYTES");
      if (!isEqual) process.exitCode = 1;
      const [a, b] = [await source.verify(), await other.verify()];
      if (!b.ok || a.digest !== b.digest) throw new Error(`the log of ${format} is another one: ${JSON.stringify(b)}`);
      if (format === "edgemem") {
        const again = performance.now();
        const { merged } = await importFrom(other, await openAsBlob(out));
        row(`${format}, in once more`, performance.now() - again, first.bytes, `${count(merged)} merged`);
      }
    }
    await other.close();
  }
  await source.close();
  console.log(`\nmoving ${count(memories)} memories of ${OWNERS} owners, every ${CHANGED}th changed and another deleted, over files with fdatasync`);
  console.log(table([["what", "time", "file", "memories/s", "result"], ...rows]));
  return { memories, owners: OWNERS, ...measured };
}

async function fill(memory, size, say) {
  const { messages } = corpus(size, 1);
  const each = Math.ceil(messages.length / OWNERS);
  for (let owner = 0; owner < OWNERS; owner++) {
    say(`adding for owner ${owner + 1} of ${OWNERS}`);
    const scope = { userId: `owner-${owner}` };
    const own = messages.slice(owner * each, (owner + 1) * each);
    for (let from = 0; from < own.length; from += 1_000) {
      const { results } = await memory.add(own.slice(from, from + 1_000), { ...scope, infer: false, metadata: { batch: from } });
      for (let at = 0; at + 1 < results.length; at += CHANGED) {
        await memory.update(results[at].id, `changed: ${results[at].memory}`);
        await memory.delete(results[at + 1].id);
      }
    }
  }
}

async function write(stream, path) {
  const file = await open(path, "w");
  const hash = createHash("sha256");
  const begun = performance.now();
  let bytes = 0;
  for await (const piece of stream) {
    bytes += piece.length;
    hash.update(piece);
    await file.writeFile(piece);
  }
  await file.sync();
  await file.close();
  return { ms: performance.now() - begun, bytes, digest: hash.digest("hex") };
}
