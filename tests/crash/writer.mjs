// The process that is killed: it writes through the file store as fast as it can and tells what was acknowledged.
//
//     node writer.mjs <bundle> <directory> <seed> <durability>
//
// Each line of its output is written before the next step begins: `open`, `try P n count` before a commit of entries
// n … n + count - 1 to partition P, `ack P n count` after it. Checkpoints in between fold entries into blobs.

import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { pack, PARTITIONS, entry, random, unpack } from "./records.mjs";

const [bundle, directory, seed, durability] = process.argv.slice(2);
const { FileStore } = await import(pathToFileURL(bundle).href);
const store = new FileStore(directory, { durability });
const next = random(Number(seed));
const say = (line) => writeSync(1, `${line}\n`);

await store.list("");
say("open");
await Promise.all(PARTITIONS.map(write));

async function write(partition) {
  let { version, entries, blobs } = await store.load(partition, null);
  const keys = entries.map(({ key }) => key);
  const folded = (await store.read(partition, blobs)).flatMap((bytes) => unpack(bytes).map(({ key }) => key));
  let n = 1 + Math.max(-1, ...[...keys, ...folded].map((key) => parseInt(key, 16)));
  for (;;) {
    const count = 1 + next(4);
    const append = [...Array(count).keys()].map((i) => entry(partition, n + i));
    say(`try ${partition} ${n} ${count}`);
    version = await store.commit({ partition, expect: version, append, put: [], drop: [], remove: [], rows: [] });
    say(`ack ${partition} ${n} ${count}`);
    n += count;
    if (next(12) === 0) version = await checkpoint(partition, version);
  }
}

/** Folds the log into a new blob, together with all older blobs when there are several. */
async function checkpoint(partition, version) {
  const image = await store.load(partition, null);
  const remove = image.blobs.length > 3 ? image.blobs : [];
  const older = (await store.read(partition, remove)).flatMap(unpack);
  const put = [{ name: `seg-${version}-${seed}`, bytes: pack([...older, ...image.entries]) }];
  const drop = image.entries.map(({ key }) => key);
  return store.commit({ partition, expect: image.version, append: [], put, drop, remove, rows: [] });
}
