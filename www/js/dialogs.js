// The two dialogs: the history of a memory, and a question before something is gone. The browser's own dialog
// element keeps the focus inside, closes on Escape, and gives the focus back.

import { byId, element, time } from "./dom.js";
import { guarded } from "./notes.js";

const WORDS = { ADD: "Remembered", UPDATE: "Changed", DELETE: "Deleted" };

/** Shows what happened to a memory, newest first. */
export async function showHistory(memory, item) {
  const revisions = await guarded(() => memory.history(item.id));
  if (revisions === undefined) return;
  byId("revisions").replaceChildren(
    ...revisions.map((revision) =>
      element(
        "li",
        {},
        element("p", { class: "about" }, element("span", { class: "who" }, WORDS[revision.action] ?? revision.action), time(revision.updated_at ?? revision.created_at)),
        revision.previous_value === null ? null : element("p", { class: "before", dir: "auto" }, element("span", { class: "hidden" }, "Before: "), element("del", {}, revision.previous_value)),
        revision.new_value === null ? null : element("p", { dir: "auto" }, element("span", { class: "hidden" }, "Since: "), revision.new_value),
      ),
    ),
  );
  if (revisions.length === 0) byId("revisions").append(element("li", {}, "Nothing is known about this memory."));
  byId("history").showModal();
}

/** Asks before something is gone; resolves to whether it was agreed to. Escape and the cross mean no. */
export function confirmed({ title, text, yes }) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const closed = () => {
      // The event is sent later than the dialog closes: this one can belong to the question before.
      if (dialog.open) return;
      dialog.removeEventListener("close", closed);
      resolve(dialog.returnValue === "yes");
    };
    dialog.addEventListener("close", closed);
  });
}

/** Connects the dialogs' buttons. */
export function prepareDialogs() {
  byId("history-close").addEventListener("click", () => byId("history").close());
  byId("confirm-no").addEventListener("click", () => byId("confirm").close("no"));
  byId("confirm-yes").addEventListener("click", () => byId("confirm").close("yes"));
  for (const dialog of document.querySelectorAll("dialog")) {
    // A click on the backdrop lands on the dialog itself.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
}
