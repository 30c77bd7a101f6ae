// What the page says about what happened: a passing status, and errors that stay until they are dismissed.

import { byId, element } from "./dom.js";

const SHOWN = 6_000;

/** What a person at this page can do, where that is more than the message says. */
const ADVICE = {
  STORE_UNAVAILABLE: "Private windows and blocked site data have no storage: open the page in a normal window.",
  STORE_FULL: "Free some disk space, or delete memories that you do not need.",
  STORE_CONFLICT: "Another tab changed the same memories at the same time: do it again.",
  STORE_CORRUPT: "Nothing was changed. Clear this site's data to start afresh.",
  FORMAT_UNSUPPORTED: "A newer version wrote this data: reload the page to get it.",
  SCOPE_REQUIRED: "Fill in a user, an agent or a run above.",
  NOT_FOUND: "It may have been deleted in another tab.",
  TOKENS_UNAVAILABLE: "Until then only words are searched for, not their meaning.",
  TABLE_INVALID: "Until then only words are searched for, not their meaning.",
  EMBEDDER_CHANGED: "Memories from before are found by their words.",
  INTERNAL: "Reload the page; what was stored is intact.",
};

let timer;

/** Says something that needs no answer. Screen readers read it when they are idle. */
export function say(text) {
  clearTimeout(timer);
  byId("status").textContent = text;
  timer = setTimeout(() => (byId("status").textContent = ""), SHOWN);
}

/** Tells screen readers what others see anyway, such as how many results there are. */
export function announce(text) {
  byId("announcement").textContent = text;
}

/** Shows an error with its code and what to do. */
export function fail(error) {
  const code = error?.code ?? error?.name ?? "INTERNAL";
  const message = error?.message ?? String(error);
  const shown = byId("errors");
  // The same failure again, such as one per key press, is one note.
  for (const note of shown.children) if (note.dataset.text === message) note.remove();
  const close = element("button", { type: "button", class: "quiet" }, "Dismiss");
  const note = element(
    "div",
    { class: "error", "data-text": message },
    element("code", {}, code),
    element("p", {}, message, ADVICE[code] ? ` ${ADVICE[code]}` : ""),
    close,
  );
  close.addEventListener("click", () => note.remove());
  shown.append(note);
}

/** What searches had to do without. Each warning is shown once, and again if it was gone in between. */
export class Warnings {
  #told = new Set();

  /** Shows those that are new. */
  show(warnings = []) {
    const messages = new Set(warnings.map(({ message }) => message));
    for (const warning of warnings) if (!this.#told.has(warning.message)) fail(warning);
    this.#told = messages;
  }
}

/** Takes all errors away; returns whether there were any. */
export function dismiss() {
  const any = byId("errors").childElementCount > 0;
  byId("errors").replaceChildren();
  return any;
}

/** Runs `work` and shows its failure. Returns what it returned, or undefined. */
export async function guarded(work) {
  try {
    return await work();
  } catch (error) {
    fail(error);
    return undefined;
  }
}
