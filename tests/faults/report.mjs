// The fault table: what was tried on each store, and what was lost.

import assert from "node:assert/strict";

import { table } from "../../tools/lib/terminal.mjs";

const COLUMNS = ["store", "fault", "positions", "struck", "acknowledged", "refused", "lost", "unreadable"];
const lines = [];

/** Takes the rows of one store into the table, and fails if anything was lost or the faults did not strike. */
export function judge(store, rows) {
  for (const row of rows) {
    const { fault, positions, struck, acknowledged, refused, lost, unreadable } = row;
    lines.push([store, fault, positions, struck, acknowledged, refused, lost.length, unreadable.length].map(String));
    assert.deepEqual([...lost, ...unreadable], [], `${store}, ${fault}`);
    assert.ok(positions > 10, `${store}, ${fault}: only ${positions} positions`);
    // A stale read needs something that was there before, so it cannot strike everywhere.
    assert.ok(struck >= (fault === "stale" ? 1 : positions - 2), `${store}, ${fault}: struck ${struck} of ${positions} times`);
    if (fault === "before" || fault === "after") assert.ok(refused > 0, `${store}, ${fault}: no call was refused`);
  }
}

export function printFaults() {
  if (lines.length > 0) console.log(`\n${table([COLUMNS, ...lines])}`);
}
