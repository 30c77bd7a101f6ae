// The scope of the page: the ids above, which both reads and writes name.

import { byId, debounced, element } from "./dom.js";

const KEY = "edgemem-inspector:scope";
const KNOWN = "edgemem-inspector:known";
const AXES = ["userId", "agentId", "runId"];
const LABELS = { userId: "user", agentId: "agent", runId: "run" };

export class Scope {
  #form = byId("scope");

  /** `changed` is called when the ids have changed and the hands are still. */
  constructor(changed) {
    const stored = read(KEY, { userId: "me" });
    for (const axis of AXES) this.#form.elements[axis].value = stored[axis] ?? "";
    this.#form.elements.allRuns.checked = stored.allRuns === true;
    this.#suggest();
    const settled = debounced(() => {
      write(KEY, { ...this.ids(), allRuns: this.#form.elements.allRuns.checked });
      changed();
    }, 200);
    this.#form.addEventListener("input", settled);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      settled();
    });
  }

  /** The ids that are filled in. New memories belong to them. */
  ids() {
    const entries = AXES.map((axis) => [axis, this.#form.elements[axis].value.trim()]);
    return Object.fromEntries(entries.filter(([, id]) => id !== ""));
  }

  /** What a read passes: the ids, and whether all runs are open. */
  reach() {
    const ids = this.ids();
    return this.#form.elements.allRuns.checked && Object.keys(ids).length > 0 ? { ...ids, runId: "*" } : ids;
  }

  /** As mem0's filters: what carries these ids exactly, which is what `deleteAll` deletes. */
  filters() {
    const names = { userId: "user_id", agentId: "agent_id", runId: "run_id" };
    return Object.fromEntries(Object.entries(this.ids()).map(([axis, id]) => [names[axis], id]));
  }

  /** Whether no id is filled in. */
  get empty() {
    return Object.keys(this.ids()).length === 0;
  }

  /** "user ana and run r1". */
  toString() {
    return Object.entries(this.ids()).map(([axis, id]) => `${LABELS[axis]} ${id}`).join(" and ");
  }

  /** Offers the present ids from now on. */
  remember() {
    const known = read(KNOWN, {});
    for (const [axis, id] of Object.entries(this.ids())) {
      known[axis] = [id, ...(known[axis] ?? []).filter((other) => other !== id)].slice(0, 20);
    }
    write(KNOWN, known);
    this.#suggest();
  }

  #suggest() {
    const known = read(KNOWN, {});
    for (const axis of AXES) {
      byId(`known-${axis}`).replaceChildren(...(known[axis] ?? []).map((id) => element("option", { value: id })));
    }
  }
}

function read(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Only a convenience: without it the fields start empty again.
  }
}
