// Turns the results of the contract suite into tests, and into a line of the matrix store × host.

const lines = [];

/** Makes each result of `runContract` a test of its own below `parent`. */
export async function report(parent, store, host, results) {
  const count = { passed: 0, skipped: 0, failed: 0 };
  for (const { name, ok, skipped, error } of results) {
    count[skipped ? "skipped" : ok ? "passed" : "failed"] += 1;
    await parent.test(name, { skip: skipped ?? false }, () => {
      if (!ok) throw new Error(error);
    });
  }
  lines.push([store, host, ...Object.values(count).map(String)]);
  if (results.length === 0) throw new Error(`no case ran for ${store} in ${host}`);
}

/** Prints the matrix of everything reported so far. */
export function printMatrix() {
  const table = [["store", "host", "passed", "skipped", "failed"], ...lines];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  for (const line of table) console.log(line.map((cell, column) => cell.padEnd(widths[column])).join("  "));
}
