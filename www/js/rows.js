// The list of memories as elements. A row stays the same element as long as its memory is listed, so that
// focus, an open explanation and a half-done edit survive every refresh.

import { byId, element, time } from "./dom.js";
import { explanation } from "./explain.js";

export class Rows {
  #list = byId("rows");
  /** By the memory's id: its row, and the memory as the row shows it. */
  #rows = new Map();
  #actions;

  /** `actions`: `save(id, text)`, which says whether it worked, `remove(item)`, `history(item)`, `changed()`. */
  constructor(actions) {
    this.#actions = actions;
  }

  /** Shows these memories, in this order. */
  show(items) {
    const wanted = new Set(items.map((item) => item.id));
    for (const [id, { row }] of this.#rows) {
      if (!wanted.has(id)) this.#drop(id, row);
    }
    items.forEach((item, index) => {
      const row = this.#row(item);
      if (this.#list.children[index] !== row) this.#list.insertBefore(row, this.#list.children[index] ?? null);
    });
    this.#list.setAttribute("aria-busy", "false");
  }

  #drop(id, row) {
    const focused = row.contains(document.activeElement);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.#rows.delete(id);
    // Whoever was here goes on at the neighbour, not at the top of the page.
    if (focused) (next?.querySelector("button") ?? byId("memories")).focus();
  }

  #row(item) {
    let shown = this.#rows.get(item.id);
    if (shown === undefined) {
      shown = { row: this.#made(() => this.#rows.get(item.id).item), item: undefined };
      this.#rows.set(item.id, shown);
    }
    const same = JSON.stringify(shown.item) === JSON.stringify(item);
    if (!same && !shown.row.classList.contains("editing")) {
      shown.item = item;
      fill(shown.row, item);
    }
    return shown.row;
  }

  /** A row without content yet; `current` gives the memory that it shows. */
  #made(current) {
    const button = (action, run, kind = "") => {
      const made = element("button", { type: "button", class: `quiet ${kind}`, "data-action": action }, LABELS[action]);
      made.addEventListener("click", run);
      return made;
    };
    const row = element(
      "li",
      { class: "row" },
      element("p", { class: "text", dir: "auto" }),
      element("p", { class: "about" }),
      element(
        "p",
        { class: "actions" },
        button("edit", () => this.#edit(row, current())),
        button("history", () => this.#actions.history(current())),
        button("delete", () => this.#actions.remove(current()), "danger"),
      ),
    );
    return row;
  }

  /** Turns the text of a row into a field: Enter saves, Escape gives up. */
  #edit(row, item) {
    const field = element("textarea", { value: item.memory, rows: 3, "aria-label": "Text of the memory", dir: "auto" });
    const save = element("button", { type: "submit", class: "primary" }, "Save");
    const cancel = element("button", { type: "button" }, "Cancel");
    const form = element("form", { class: "edit" }, field, element("p", { class: "buttons" }, save, cancel));
    const text = row.querySelector(".text");
    const actions = row.querySelector(".actions");
    const end = () => {
      row.classList.remove("editing");
      form.replaceWith(text);
      actions.hidden = false;
      row.querySelector('[data-action="edit"]').focus();
      // What was left out meanwhile is shown now.
      this.#actions.changed();
    };
    const submit = async () => {
      const saved = field.value === item.memory || (await this.#actions.save(item.id, field.value));
      if (!saved) return field.focus();
      text.textContent = field.value;
      end();
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void submit();
    });
    cancel.addEventListener("click", end);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        end();
      } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === field) {
        event.preventDefault();
        void submit();
      }
    });
    row.classList.add("editing");
    actions.hidden = true;
    text.replaceWith(form);
    field.focus();
    field.select();
  }
}

const LABELS = { edit: "Edit", history: "History", delete: "Delete" };

/** Puts a memory into its row. */
function fill(row, item) {
  row.dataset.id = item.id;
  row.querySelector(".text").textContent = item.memory;
  row.querySelector(".about").replaceChildren(...about(item));
  const short = item.memory.length > 60 ? `${item.memory.slice(0, 60)}…` : item.memory;
  for (const button of row.querySelectorAll("[data-action]")) {
    button.setAttribute("aria-label", `${LABELS[button.dataset.action]}: ${short}`);
  }
  const before = row.querySelector(".why");
  const focused = before?.contains(document.activeElement);
  before?.remove();
  if (item.score === undefined) return;
  const why = explanation(item);
  why.open = before?.open === true;
  row.append(why);
  if (focused) why.querySelector("summary").focus();
}

const SCOPES = [["user_id", "user"], ["agent_id", "agent"], ["run_id", "run"], ["app_id", "app"], ["org_id", "org"]];

/** Who said it, when, whose it is, and where. */
function about(item) {
  const named = (name, text, props) => element("span", props, element("span", { class: "hidden" }, `${name}: `), text);
  const parts = [element("span", { class: "who" }, item.name ?? item.role), time(item.createdAt)];
  for (const [key, label] of SCOPES) {
    if (item[key] !== undefined) parts.push(named("Scope", `${label} ${item[key]}`, { class: "tag" }));
  }
  if (item.conversationId) {
    const title = "The conversation, and the place in it";
    parts.push(named("Conversation", `${item.conversationId} · ${item.sequence + 1}`, { title }));
  }
  if (item.occurrences > 1) parts.push(element("span", {}, `said ${item.occurrences} times`));
  return parts;
}
