// Putting a conversation in: typed, pasted, from a file, or the sample.

import { byId, counted, debounced } from "./dom.js";
import { fail, guarded, say } from "./notes.js";
import { describe, parseConversation } from "./parse.js";

const SAMPLE = new URL("../sample.json", import.meta.url);

export class Compose {
  #memory;
  #scope;
  #changed;
  #field = byId("conversation");

  constructor(memory, scope, changed) {
    this.#memory = memory;
    this.#scope = scope;
    this.#changed = changed;
    this.#field.addEventListener("input", debounced(() => this.#describe(), 150));
    this.#field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("compose").requestSubmit();
    });
    byId("compose").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#remember();
    });
    byId("sample").addEventListener("click", () => guarded(() => this.loadSample()));
    byId("try-sample").addEventListener("click", () =>
      guarded(async () => {
        await this.loadSample();
        await this.#remember();
        // The button is gone now; what it brought is here.
        byId("memories").focus();
      }),
    );
    const file = byId("file");
    byId("open").addEventListener("click", () => file.click());
    file.addEventListener("change", () =>
      guarded(async () => {
        const [chosen] = file.files;
        file.value = "";
        if (chosen) this.#fill(await chosen.text());
      }),
    );
  }

  /** Puts the sample conversation into the field, to be read before it is remembered. */
  async loadSample() {
    const answer = await fetch(SAMPLE);
    if (!answer.ok) throw new Error(`The sample could not be loaded: HTTP status ${answer.status}.`);
    this.#fill(await answer.text());
  }

  #fill(text) {
    this.#field.value = text;
    this.#describe();
    this.#field.focus();
    this.#field.setSelectionRange(0, 0);
    this.#field.scrollTop = 0;
  }

  #describe() {
    try {
      byId("found").textContent = describe(parseConversation(this.#field.value));
    } catch (error) {
      // Half-typed JSON is no reason for an alarm; the button says it loudly.
      byId("found").textContent = error.message;
    }
  }

  async #remember() {
    const button = byId("remember");
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    let done = 0;
    let sessions = [];
    try {
      sessions = parseConversation(this.#field.value);
      const events = [];
      for (const session of sessions) {
        if (sessions.length > 1) say(`Remembering session ${done + 1} of ${sessions.length}…`);
        events.push(...(await this.#memory.add(session.messages, this.#options(session, done, sessions.length))).results);
        done += 1;
      }
      if (sessions.length === 0) await this.#memory.add(this.#field.value, this.#options({}, 0, 1));
      this.#scope.remember();
      this.#field.value = "";
      this.#describe();
      const added = events.filter((result) => result.event === "ADD").length;
      const known = events.length - added;
      say(`Kept ${counted(added, "memory", "memories")}${known > 0 ? `; ${known} known already` : ""}.`);
    } catch (error) {
      fail(error);
      if (done > 0) say(`${done} of ${sessions.length} sessions were kept. Try again: what is known is not kept twice.`);
    } finally {
      button.removeAttribute("aria-disabled");
      this.#changed();
    }
  }

  #options(session, index, sessions) {
    const typed = byId("conversation-id").value.trim();
    const conversationId = typed && sessions > 1 ? `${typed}/${index + 1}` : typed || session.conversationId;
    const when = byId("when").value;
    const timestamp = session.timestamp ?? (when ? new Date(when).toISOString() : undefined);
    return {
      ...this.#scope.ids(),
      ...(conversationId ? { conversationId } : {}),
      ...(timestamp ? { timestamp } : {}),
      infer: !byId("verbatim").checked,
    };
  }
}
