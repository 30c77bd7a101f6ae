/** How memories are ranked, and how a score came about. */

/** A signal of the ranking: something between 0 and 1 about a memory, which is added with its weight. */
export type Signal =
  /** Keywords (BM25) of the memory and of what was said around it, against the best of the question. */
  | "keyword"
  /** Nearness in meaning, between the least and the greatest of the question. */
  | "semantic"
  /** Keywords of the whole conversation, against the best. */
  | "session"
  /** Words that stand side by side in the question and in the memory, against the best. */
  | "pairs"
  /** The question names the speaker. */
  | "speaker"
  /** It is said by the side that the question is about: the user, unless it asks for what the assistant said. */
  | "role"
  /** The question asks for a time and the memory names one. */
  | "when"
  /** How well the day on which it was said fits a date that the question names. */
  | "date"
  /** How much the memory says. */
  | "content"
  /** The share of questions among its sentences; counted against it. */
  | "asking"
  /** What people think of it, from -1 to 1, times the sum of the others as far as that is below 1. */
  | "strength";

/** What has a weight: the signals, and settings of how the keywords are counted. */
export type Weighted =
  | Signal
  /** The share of their keywords that memories lend their neighbours in the conversation; 1 is the usual. */
  | "context"
  /** The share of its weight that a word gets for being near a word of the question in meaning. */
  | "soft"
  /** The weight of question words that say little, such as "kind" and "many". */
  | "weak"
  /** The part of its weight that the commonest word of the language loses, and rarer ones less. */
  | "common"
  /** The share of its weight that a word has in a memory's cues: what a model filed it under, and what its facts are about. */
  | "cues";

/** What one signal did for a memory. */
export interface SignalDetails {
  /** Its value, from 0 to 1. */
  value: number;
  /** What it adds to `rawScore`: the value times the weight; for `asking` what it takes away, below 0. */
  contribution: number;
}

/** What one word of the query did for a memory. */
export interface TermDetails {
  /** The word in the form that it is searched in. */
  term: string;
  /** How rare it is. */
  idf: number;
  /** How often the memory itself has it; 0 if only its neighbours do. */
  frequency: number;
  /** Its BM25 weight in the memory itself. */
  score: number;
  /** Its weight with what was said around the memory: this is what counts. */
  withContext: number;
}

/** How a score came about. The first seven are mem0's. */
export interface ScoreDetails {
  /** Similarity of meaning, the cosine, from -1 to 1; 0 without an embedder. */
  semanticScore: number;
  /** Strength of the keywords, from 0 to 1, against the best of the question. */
  bm25Score: number;
  /** Contribution of entities; 0 for now. */
  entityBoost: number;
  /** The signals together, by which memories are ranked: the sum of their contributions. */
  rawScore: number;
  /** The most that `rawScore` can be. */
  maxPossibleScore: number;
  /** The score that is returned: `coverage` times `rawScore` over the best memory's, in six digits. */
  finalScore: number;
  /** The least score that was asked for. */
  threshold: number;
  /** How well the best memory covers the question, from 0 to 1: what makes scores comparable between questions. */
  coverage: number;
  /** What each signal did. */
  signals: Record<Signal, SignalDetails>;
  /** How much each signal and setting counts. */
  weights: Record<Weighted, number>;
  /** What each word of the query contributed; those that neither the memory nor its neighbours have are left out. */
  terms: TermDetails[];
}
