// The list of memories as elements: one row each, kept while its memory is the same, so that focus, an open
// explanation and a half-done edit survive every refresh.

import { byId, element, time } from "./dom.js";
import { explanation } from "./explain.js";

export class Rows {
  #list = byId("rows");
  #rows = new Map();
  #actions;

  /** `actions`: `save(id, text)`, which says whether it worked, `remove(item)`, `history(item)`. */
  constructor(actions) {
    this.#actions = actions;
  }

  /** Shows these memories, in this order. */
  show(items) {
    const wanted = new Set(items.map((item) => item.id));
    for (const [id, row] of this.#rows) {
      if (!wanted.has(id)) this.#drop(id, row);
    }
    items.forEach((item, index) => {
      const row = this.#row(item);
      if (this.#list.children[index] !== row) this.#list.insertBefore(row, this.#list.children[index] ?? null);
    });
    this.#list.setAttribute("aria-busy", "false");
  }

  #drop(id, row) {
    // Whoever was here goes on at the neighbour, not at the top of the page.
    const next = row.contains(document.activeElement) ? (row.nextElementSibling ?? row.previousElementSibling) : null;
    const focused = row.contains(document.activeElement);
    row.remove();
    this.#rows.delete(id);
    if (focused) (next?.querySelector("button") ?? byId("memories")).focus();
  }

  #row(item) {
    const signature = JSON.stringify(item);
    const known = this.#rows.get(item.id);
    if (known && (known.signature === signature || known.classList.contains("editing"))) return known;
    const row = this.#made(item);
    row.signature = signature;
    this.#rows.set(item.id, row);
    if (known) {
      const action = known.contains(document.activeElement) ? document.activeElement.dataset.action : undefined;
      const details = row.querySelector("details");
      if (details) details.open = known.querySelector("details")?.open === true;
      known.replaceWith(row);
      if (action) row.querySelector(`[data-action="${action}"]`)?.focus();
    }
    return row;
  }

  #made(item) {
    const short = item.memory.length > 60 ? `${item.memory.slice(0, 60)}…` : item.memory;
    const button = (action, label, run, kind = "quiet") => {
      const made = element("button", { type: "button", class: kind, "data-action": action, "aria-label": `${label}: ${short}` }, label);
      made.addEventListener("click", run);
      return made;
    };
    const text = element("p", { class: "text", dir: "auto" }, item.memory);
    const row = element(
      "li",
      { class: "row", "data-id": item.id },
      text,
      about(item),
      element(
        "p",
        { class: "actions" },
        button("edit", "Edit", () => this.#edit(row, item)),
        button("history", "History", () => this.#actions.history(item)),
        button("delete", "Delete", () => this.#actions.remove(item), "quiet danger"),
      ),
      item.score === undefined ? null : explanation(item),
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
    };
    const submit = async () => {
      const saved = field.value === item.memory || (await this.#actions.save(item.id, field.value));
      if (!saved) return field.focus();
      text.textContent = field.value;
      end();
      this.#actions.changed();
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

const SCOPES = [["user_id", "user"], ["agent_id", "agent"], ["run_id", "run"], ["app_id", "app"], ["org_id", "org"]];

/** Who said it, when, whose it is, and where. */
function about(item) {
  const parts = [
    element("span", { class: "who" }, item.name ?? item.role ?? "unknown"),
    time(item.timestamp ?? item.createdAt),
    ...SCOPES.filter(([key]) => item[key] !== undefined).map(([key, label]) =>
      element("span", { class: "tag" }, element("span", { class: "hidden" }, "Scope: "), `${label} ${item[key]}`),
    ),
  ];
  if (item.conversationId) {
    const place = item.sequence === undefined ? "" : ` · ${item.sequence + 1}`;
    parts.push(element("span", { class: "where", title: "Conversation, and the place in it" }, element("span", { class: "hidden" }, "Conversation: "), item.conversationId + place));
  }
  if (item.occurrences > 1) parts.push(element("span", { class: "where" }, `said ${item.occurrences} times`));
  return element("p", { class: "about" }, parts);
}
