// How many tests passed, as the test runners say it themselves.

/** `{ passed, failed, skipped }` of everything that `cargo test` ran, from its lines "test result". */
export function cargoCounts(output) {
  const lines = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm)];
  const sum = (group) => lines.reduce((total, line) => total + Number(line[group]), 0);
  return { passed: sum(1), failed: sum(2), skipped: sum(3) };
}

/** The same from the TAP report of Node's test runner, which ends with `# pass 12` and so on. */
export function nodeCounts(report) {
  // What tests print stands in the report as comments, too: only the summary at its end counts.
  const summary = report.slice(report.lastIndexOf("\n# tests "));
  const of = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(summary)?.[1] ?? 0);
  return { passed: of("pass"), failed: of("fail") + of("cancelled"), skipped: of("skipped") + of("todo") };
}
