// What is stored in this browser, and whether the browser promises to keep it.

import { byId, bytes, element } from "./dom.js";
import { guarded, say } from "./notes.js";

const NUMBER = new Intl.NumberFormat("en");

export class Stats {
  #memory;

  constructor(memory) {
    this.#memory = memory;
    byId("persist").addEventListener("click", () => this.#persist());
    this.#show({});
  }

  async refresh() {
    const [stats, estimate, persisted] = await Promise.all([
      guarded(() => this.#memory.stats()),
      navigator.storage?.estimate?.().catch(() => undefined),
      navigator.storage?.persisted?.().catch(() => undefined),
    ]);
    this.#show(stats ?? {}, estimate, persisted);
  }

  #show(stats, estimate, persisted) {
    const number = (value) => (Number.isFinite(value) ? NUMBER.format(value) : "–");
    const figures = [
      ["Memories, all scopes", number(stats.memories)],
      ["Owners", number(stats.partitions)],
      ["Segments", number(stats.segments)],
      ["Log entries", number(stats.logEntries)],
      ["In working memory", stats.residentBytes === undefined ? "–" : bytes(stats.residentBytes)],
      ["On disk", estimate ? bytes(estimate.usage) : "–"],
      ["Embedder", stats.embedder ?? "none: keywords"],
      ["When space runs out", persisted ? "the browser keeps it" : "the browser may drop it"],
    ];
    if (stats.trouble) figures.push(["Last trouble", stats.trouble.code]);
    byId("figures").replaceChildren(
      ...figures.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
    );
    const button = byId("persist");
    button.disabled = persisted === true || !navigator.storage?.persist;
    button.textContent = persisted ? "The browser keeps it" : "Ask the browser to keep it";
  }

  /** Browsers ask the person, or decide by how much the site is used; both only when somebody pressed a button. */
  async #persist() {
    const granted = await guarded(() => navigator.storage.persist());
    if (granted) say("The browser keeps these memories until you clear them.");
    else say("The browser declined for now. It may agree once this page is bookmarked or used more.");
    await this.refresh();
  }
}
