// Text for the benchmark: sentences with the statistics of talk, made from a seed, so that every run sees the same.
//
// Word frequencies follow Zipf's law over 30,000 made-up words behind some eighty real function words; four speakers
// name each other. Questions are made of the words of a memory that exists, as people's questions are.

const FUNCTION_WORDS = (
  "the i to and a you it of that in is was for my we on so me have with this but be just at are they not your really like " +
  "it's about from what had been all up as do there out if can our how when she he got some an more or then by him her " +
  "will one would them were their has no who because after too very than here where why did into over only us"
).split(" ");
const NAMES = ["Caroline", "Melanie", "Jon", "Gina"];
const ONSETS = ["b", "br", "c", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "r", "s", "sh", "st", "t", "tr", "v", "w"];
const VOWELS = ["a", "e", "i", "o", "u", "ea", "ou", "ai"];
const ENDINGS = ["", "", "n", "r", "t", "l", "s", "nd", "ck", "ing", "ed", "er", "ly", "ness"];
const VOCABULARY = 30_000;

/** A source of numbers from 0 up to, not including, 1 (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sentences and questions about them, the same for the same seed. */
export class Talk {
  #random;
  #words;

  constructor(seed) {
    this.#random = random(seed);
    this.#words = vocabulary(random(1));
  }

  /** A sentence of 6 to 34 words by one of the speakers: `{ role, name, content }`. */
  message() {
    const length = 6 + Math.floor(this.#random() ** 2 * 29);
    const words = Array.from({ length }, () => this.#word());
    if (this.#random() < 0.15) words[Math.floor(this.#random() * length)] = this.#pick(NAMES);
    words[0] = words[0][0].toUpperCase() + words[0].slice(1);
    return { role: "user", name: this.#pick(NAMES), content: `${words.join(" ")}.` };
  }

  /** A question of which the memory with this text is the answer. */
  question({ name, content }) {
    const rare = content.slice(0, -1).toLowerCase().split(" ").filter((word) => !FUNCTION_WORDS.includes(word));
    const asked = Array.from({ length: 3 }, () => (rare.length > 0 ? this.#pick(rare) : "today"));
    return `What did ${name} say about the ${asked[0]} and ${asked[1]} of ${asked[2]}?`;
  }

  /** A vector that points anywhere. */
  vector(dimensions) {
    return Float32Array.from({ length: dimensions }, () => this.#random() - 0.5);
  }

  #pick(list) {
    return list[Math.floor(this.#random() * list.length)];
  }

  /** A word by Zipf's law: the n-th word is drawn about 1/n as often as the first. */
  #word() {
    return this.#words[Math.floor(this.#words.length ** this.#random()) - 1];
  }
}

function vocabulary(next) {
  const pick = (list) => list[Math.floor(next() * list.length)];
  const words = new Set(FUNCTION_WORDS);
  while (words.size < VOCABULARY) {
    let word = pick(ONSETS) + pick(VOWELS);
    if (next() < 0.7) word += pick(ONSETS) + pick(VOWELS);
    word += pick(ENDINGS);
    if (word.length > 3) words.add(word);
  }
  return [...words];
}
