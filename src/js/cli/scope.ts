/** Whose memories a command is about. */

import { userInfo } from "node:os";

import type { Scope } from "../types.js";
import type { Values } from "./command.js";
import { SCOPE } from "./parse.js";

/** The ids that were named. */
export function scopeOf(options: Values): Scope {
  return Object.fromEntries(SCOPE.flatMap(({ id, name }) => (options[name] === undefined ? [] : [[id, options[name]]])));
}

/** Whose memories they are if nobody is named: somebody who tries it at home has one user, and no reason to name it. */
export function defaultUser(env: NodeJS.ProcessEnv): string {
  return env.EDGEMEM_USER || login().replace(/\s+/g, "-") || "me";
}

function login(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return "";
  }
}
