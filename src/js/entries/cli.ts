#!/usr/bin/env node
/** The command `edgemem`. */

import { main } from "../cli/main.js";

process.exitCode = await main(process.argv.slice(2), process);
