// The inspector: connects the parts of the page with a memory in this browser.

import { Compose } from "./compose.js";
import { confirmed, prepareDialogs, showHistory } from "./dialogs.js";
import { byId, debounced } from "./dom.js";
import { Memories } from "./memories.js";
import { dismiss, fail } from "./notes.js";
import { prepareOffline } from "./offline.js";
import { Scope } from "./scope.js";
import { Stats } from "./stats.js";

// The package's browser entry; tools/serve.mjs shows dist/ here.
const PACKAGE = new URL("../edgemem/browser.js", import.meta.url);

async function open() {
  try {
    return new (await import(PACKAGE)).Memory();
  } catch (cause) {
    throw Object.assign(new Error(`edgemem could not be loaded: run "npm run build" and reload. (${cause.message})`), {
      code: "CONFIG_INVALID",
    });
  }
}

async function start() {
  const memory = await open();
  prepareDialogs();
  const stats = new Stats(memory);
  const soon = debounced(() => {
    void memories.refresh();
    void stats.refresh();
  }, 60);
  const scope = new Scope(() => {
    // Complaints about the ids before are answered.
    dismiss();
    void memories.restart();
  });
  const memories = new Memories(memory, scope, {
    changed: soon,
    confirm: confirmed,
    history: (item) => showHistory(memory, item),
  });
  new Compose(memory, scope, soon);
  prepareKeys();
  await memories.refresh();
  followOtherTabs(soon);
  document.documentElement.dataset.ready = "true";
  await stats.refresh();
  await prepareOffline();
}

/** Other tabs announce what they change on the channel of the store; a tab that slept looks again. */
function followOtherTabs(refresh) {
  if ("BroadcastChannel" in globalThis) new BroadcastChannel("edgemem:edgemem").addEventListener("message", refresh);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
  // A page that comes back from the back/forward cache has missed what was said meanwhile.
  addEventListener("pageshow", (event) => event.persisted && refresh());
}

/** "/" goes to the search, Escape takes the notes away. */
function prepareKeys() {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      byId("query").focus();
    } else if (event.key === "Escape" && !event.defaultPrevented && !event.target.closest?.("dialog")) {
      dismiss();
    }
  });
}

start().catch(fail);
