/**
 * What `wrangler deploy` runs first, by worker/wrangler.toml: makes worker/build of the sources. From a bare clone it
 * installs the npm packages; where everything is built already it takes a moment and asks no network.
 */

import { Advice, checkPrograms, installPackages, run } from "./lib/project.mjs";

try {
  checkPrograms();
  await installPackages({ show: true });
  await run("cargo", ["xtask", "build", "worker/build"], { show: true });
} catch (error) {
  console.error(error instanceof Advice ? error.message : `error: ${error.message}`);
  process.exitCode = 1;
}
