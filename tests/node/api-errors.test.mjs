// The codes of TypeScript are those of Rust, and every public type is documented.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { EdgememError } from "../../dist/node.js";
import { root, source } from "./api-source.mjs";

test("the codes are those of src/error.rs, in its order", async () => {
  const { ERROR_CODES } = await source("errors.ts");
  const rust = await readFile(join(root, "src/error.rs"), "utf8");
  assert.deepEqual([...rust.matchAll(/=> "([A-Z_]+)",/g)].map(([, code]) => code), [...ERROR_CODES]);
});

test("an EdgememError is an Error with code, field, cause and details", () => {
  const cause = new Error("underneath");
  const error = new EdgememError("STORE_FULL", "The shelf is full.", { field: "shelf", cause, details: { books: 3 } });
  assert.ok(error instanceof Error);
  assert.equal(String(error), "EdgememError: The shelf is full.");
  assert.deepEqual([error.code, error.field, error.cause, error.details.books], ["STORE_FULL", "shelf", cause, 3]);
  const bare = new EdgememError("INTERNAL", "Something.");
  assert.deepEqual(["field" in bare, "details" in bare, "cause" in bare], [false, false, false]);
});

test("every member of the public types is documented", async () => {
  const folders = ["types", "client/types"];
  const bySubject = (await Promise.all(folders.map(async (folder) => (await readdir(join(root, "src/js", folder))).map((file) => `${folder}/${file}`)))).flat();
  assert.ok(bySubject.length > 15);
  for (const file of [...bySubject, "config.ts", "compat.ts", "compat-types.ts", "client/client.ts", "client/errors.ts", "client/transport.ts", "model-config.ts", "errors.ts", "memory.ts", "init.ts", "loader.ts", "tokens.ts", "stores/store.ts"]) {
    const lines = (await readFile(join(root, "src/js", file), "utf8")).split("\n");
    let within = false;
    for (const [index, line] of lines.entries()) {
      const opens = /^export (?:declare )?(?:interface|type|class|function|const) (\w+)/.exec(line);
      if (opens) within = /^export interface/.test(line);
      if (/^}/.test(line)) within = false;
      const member = within && /^ +(?:readonly )?(?:\w+|\[[\w.: ]+\])\??(?:\(|:)/.test(line) && !/\*/.test(line);
      if (!opens && !member) continue;
      const before = lines[index - 1].trim();
      assert.ok(before.endsWith("*/"), `${file}:${index + 1} has no doc comment: ${line.trim()}`);
    }
  }
});
