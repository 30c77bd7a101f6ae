// How many tests passed, and which failed, as the test runners say it themselves.

/** `{ passed, failed, skipped }` of everything that `cargo test` ran, from its lines "test result". */
export function cargoCounts(output) {
  const lines = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm)];
  const sum = (group) => lines.reduce((total, line) => total + Number(line[group]), 0);
  return { passed: sum(1), failed: sum(2), skipped: sum(3) };
}

/** The names of the tests whose output `cargo test` shows, which are those that failed. */
export function cargoFailures(output) {
  return [...output.matchAll(/^---- (.+) stdout ----$/gm)].map(([, name]) => name);
}

/** The same from the TAP report of Node's test runner, which ends with `# pass 12` and so on. */
export function nodeCounts(report) {
  // What tests print stands in the report as comments, too: only the summary at its end counts.
  const summary = report.slice(report.lastIndexOf("\n# tests "));
  const of = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(summary)?.[1] ?? 0);
  return { passed: of("pass"), failed: of("fail") + of("cancelled"), skipped: of("skipped") + of("todo") };
}

/** The names of the tests that failed, those within others too. */
export function nodeFailures(report) {
  const lines = [...report.matchAll(/^ *not ok \d+ - (.+)$/gm)].map(([, name]) => name);
  return lines.filter((name) => !/ # (TODO|SKIP)/i.test(name));
}
