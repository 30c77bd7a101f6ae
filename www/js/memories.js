// The middle of the page: the list of what a scope sees, or what a question finds in it.

import { byId, counted, debounced } from "./dom.js";
import { announce as tell, fail, guarded, say, Warnings } from "./notes.js";
import { Rows } from "./rows.js";

const PAGE = 50;

export class Memories {
  #memory;
  #scope;
  #page = PAGE;
  /** Of overlapping refreshes only the newest is shown. */
  #turn = 0;
  #rows;
  #warnings = new Warnings();

  /** `actions`: `changed()` after a change, `history(item)`, `confirm(question)`. */
  constructor(memory, scope, actions) {
    this.#memory = memory;
    this.#scope = scope;
    this.#rows = new Rows({
      save: (id, text) => this.#save(id, text),
      remove: (item) => this.#remove(item, actions),
      history: actions.history,
      changed: actions.changed,
    });
    const search = byId("search");
    const soon = debounced(() => this.refresh({ announce: true }), 120);
    search.addEventListener("input", soon);
    search.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.refresh({ announce: true });
    });
    byId("query").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || byId("query").value === "") return;
      event.preventDefault();
      byId("query").value = "";
      void this.refresh({ announce: true });
    });
    byId("order").addEventListener("change", () => this.refresh());
    byId("more").addEventListener("click", () => {
      this.#page += PAGE;
      void this.refresh();
    });
    byId("delete-all").addEventListener("click", () => this.#removeAll(actions));
  }

  /** Starts at the first page again, for another scope. */
  restart() {
    this.#page = PAGE;
    return this.refresh({ announce: true });
  }

  /** Reads and shows again what should be shown. */
  async refresh({ announce = false } = {}) {
    const turn = ++this.#turn;
    const query = byId("query").value;
    const searching = query.trim() !== "";
    const started = performance.now();
    let items = [];
    let problem;
    try {
      if (this.#scope.empty) problem = "Name a user, an agent or a run above to see what is kept for it.";
      else if (searching) items = await this.#found(query);
      else items = await this.#listed();
    } catch (error) {
      if (turn === this.#turn) fail(error);
      problem = "This could not be read. The note below says why.";
    }
    if (turn !== this.#turn) return;
    const took = performance.now() - started;
    const more = !searching && items.length > this.#page;
    if (more) items.length = this.#page;
    this.#rows.show(items);
    byId("more").hidden = !more;
    const shown = more ? `First ${items.length}` : counted(items.length, searching ? "result" : "memory", searching ? "results" : "memories");
    byId("count").textContent = problem ? "" : shown + (searching ? `, ${took.toFixed(1)} ms` : "");
    byId("delete-all").disabled = this.#scope.empty;
    // What is found comes best first.
    byId("order").disabled = searching;
    this.#explainEmpty(items, searching, problem);
    if (announce) tell(problem ?? (searching ? `${shown} for “${query.trim()}”` : shown));
  }

  #explainEmpty(items, searching, problem) {
    byId("empty").hidden = items.length > 0;
    byId("rows").hidden = items.length === 0;
    byId("try-sample").hidden = searching || problem !== undefined;
    byId("empty-text").textContent =
      problem ?? (searching ? "Nothing here answers that." : `Nothing is kept for ${this.#scope} yet.`);
  }

  async #listed() {
    const options = { ...this.#scope.reach(), topK: this.#page + 1, order: byId("order").value };
    return (await this.#memory.getAll(options)).results;
  }

  async #found(query) {
    const topK = byId("top-k").valueAsNumber;
    const threshold = byId("threshold").valueAsNumber;
    const options = {
      ...this.#scope.reach(),
      // An empty field leaves the default; a wrong number is for the core to refuse.
      ...(Number.isNaN(topK) ? {} : { topK }),
      ...(Number.isNaN(threshold) ? {} : { threshold }),
      explain: true,
    };
    const { results, warnings } = await this.#memory.search(query, options);
    this.#warnings.show(warnings);
    return results;
  }

  async #save(id, text) {
    const saved = await guarded(() => this.#memory.update(id, { text }));
    if (saved) say("Saved.");
    return saved !== undefined;
  }

  async #remove(item, actions) {
    const removed = await guarded(() => this.#memory.delete(item.id));
    if (removed) say(`Deleted “${item.memory.slice(0, 80)}”.`);
    actions.changed();
  }

  async #removeAll(actions) {
    const scope = String(this.#scope);
    const ids = this.#scope.ids();
    const counts = await guarded(() => this.#memory.getAll({ filters: this.#scope.filters(), topK: 1_000_000, showExpired: true }));
    if (counts === undefined) return;
    const count = counts.results.length;
    if (count === 0) return say(`There is nothing to delete for ${scope}.`);
    const what = counted(count, "memory", "memories");
    const confirmed = await actions.confirm({
      title: `Delete ${what}?`,
      text: `Everything that carries ${scope} goes, whatever other ids it carries, in every tab. This cannot be undone.`,
      yes: `Delete ${what}`,
    });
    if (!confirmed) return;
    if (await guarded(() => this.#memory.deleteAll(ids))) say(`Deleted ${what} of ${scope}.`);
    actions.changed();
  }
}
