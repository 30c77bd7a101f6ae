// Memories whose words are found nowhere else, for looking whether any of them lies readable in a store. Imports nothing,
// so that pages and Workers fill a store with the same ones.

/** Adds memories of every kind, changes some, and makes enough of them that the head is sealed into segments. */
export async function fill(memory, { many = 1_200 } = {}) {
  const user = { userId: "ownerquokka" };
  await memory.add("My name is Zephyrine Quillfeather and I live in Ouagadougouville.", { ...user, metadata: { badgekey: "plumvalue" } });
  await memory.add([
    { role: "user", content: "I love marzipantorte and my sister Wilhelmintje works at Globotronix." },
    { role: "assistant", content: "Noted: marzipantorte, and Wilhelmintje at Globotronix since May 2021." },
  ], { ...user, runId: "runcassowary" });
  await memory.add("Deploys go through the pelicanbridge.", { agentId: "agentnarwhal" });
  const { results } = await memory.getAll({ filters: { user_id: user.userId }, topK: 1 });
  await memory.update(results[0].id, { text: "My name is Zephyrine Quillfeather and I moved to Timbuktuland." });
  const gone = await memory.add("The passcode is xylophonecrypt.", user);
  await memory.delete(gone.results[0].id);
  // A few hundred a call: bodies and statements of a database have limits.
  for (let from = 0; from < many; from += 300) {
    const messages = [...Array(Math.min(300, many - from)).keys()].map((n) => ({ role: "user", content: `Ledgerline ${from + n} says saffronlantern.` }));
    await memory.add(messages, { ...user, infer: false });
  }
}

/** What must not be found: words of texts, names, metadata, ids of the scope, and how the formats begin. */
export const WORDS = [
  "Zephyrine", "Quillfeather", "Ouagadougouville", "Timbuktuland", "marzipantorte", "Wilhelmintje", "Globotronix", "pelicanbridge",
  "xylophonecrypt", "saffronlantern", "badgekey", "plumvalue", "ownerquokka", "runcassowary", "agentnarwhal",
  "zephyrine", "quillfeather", "EDGM", "EDGV", "edgemem-tokens",
];

/** Words that every store without encryption shows; it says that the search finds what is there. */
export const PLAIN = ["Zephyrine", "marzipantorte", "saffronlantern", "ownerquokka", "EDGM"];

/**
 * Which words are in these bytes: as UTF-8, as UTF-16, and in base64 at any of its three offsets (D1 and KV keep text).
 *
 * @param {Uint8Array[]} files
 */
export function found(files, words = WORDS) {
  const latin = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const texts = files.map((bytes) => new TextDecoder("latin1").decode(bytes));
  return words.filter((word) => {
    const utf16 = [...word].join("\0");
    const base64 = [0, 1, 2].map((offset) => {
      // Whole groups of three bytes only: what is around the word is not known.
      const from = (3 - offset) % 3;
      return btoa(latin(new TextEncoder().encode(word.slice(from, from + Math.floor((word.length - from) / 3) * 3))));
    });
    return [word, utf16, ...base64.filter((text) => text.length >= 8)].some((form) => texts.some((text) => text.includes(form)));
  });
}
