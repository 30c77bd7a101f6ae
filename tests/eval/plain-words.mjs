// The least that a ranking has to beat: BM25 (k1 0.9, b 0.3) over "date speaker: text" with plain lower-case words, no stems,
// no stop words, no neighbours. It knows the API as little as the API knows it.

import { average, score } from "../../tools/eval/metrics.mjs";

const [K1, B] = [0.9, 0.3];

/** The mean metrics of this ranking over a data file. */
export function rankPlainWords({ users }) {
  return average(users.flatMap(({ turns, questions }) => {
    const search = index(turns);
    return questions.map((question) => score(search(question.text), question));
  }));
}

function index(turns) {
  const documents = turns.map(({ name, role, content, timestamp }) => words(`${day(timestamp)} ${name ?? role}: ${content}`));
  const mean = documents.reduce((sum, document) => sum + document.length, 0) / documents.length;
  const holding = (term) => documents.filter((document) => document.includes(term)).length;
  const weight = (term, document, frequency) => {
    const held = holding(term);
    const idf = Math.log(1 + (documents.length - held + 0.5) / (held + 0.5));
    return (idf * frequency * (K1 + 1)) / (frequency + K1 * (1 - B + (B * document.length) / mean));
  };
  return (text) => {
    const terms = [...new Set(words(text))];
    const scores = documents.map((document) =>
      terms.reduce((sum, term) => sum + weight(term, document, document.filter((word) => word === term).length), 0),
    );
    const ranked = [...scores.keys()].filter((place) => scores[place] > 0).sort((a, b) => scores[b] - scores[a] || a - b);
    return ranked.slice(0, 20).map((place) => ({ id: turns[place].id, session: turns[place].session, text: turns[place].content }));
  };
}

function day(timestamp) {
  return new Date(timestamp * 1_000).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}

function words(text) {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
