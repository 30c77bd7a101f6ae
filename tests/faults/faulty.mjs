// A store around a store that fails where it is told to: before or after the n-th call, slowly, in the middle of a
// commit, or by showing what was there before. Imports nothing, so that Node, a page and a Worker load it as it is.

/** What can go wrong with a call. Which of them a store must bear follows from its capabilities: see {@link applies}. */
export const FAULTS = {
  before: "the call fails and does nothing",
  after: "the call takes effect and its answer is lost",
  tear: "a part of the commit takes effect, then it fails",
  delay: "the call takes long, and others overtake it",
  stale: "for some calls the store shows what was there before",
};

/** A tear is possible where a commit is not atomic, the past where there is no compare-and-set. */
export function applies(fault, { atomic, compareAndSet, shared }) {
  if (fault === "tear") return !atomic;
  if (fault === "stale") return shared && !compareAndSet;
  return true;
}

/** So many calls in a row see the past. */
const STALE_CALLS = 4;
const DELAY_MS = 20;

/**
 * @param {Store} store the real one.
 * @param {{ fault: keyof typeof FAULTS, at: number, random: () => number }} plan `at` counts all calls from 1.
 * @returns {Store & { calls: number, hits: number }} `calls` so far; `hits`: how often the fault struck.
 */
export function faultyStore(store, { fault, at, random }) {
  // Per partition what an earlier `load` would have answered, for a store that shows the past.
  const past = new Map();
  const faulty = {
    calls: 0,
    hits: 0,
    capabilities: store.capabilities,
    isStale: (partition, loadedAt, now) => store.isStale?.(partition, loadedAt, now) ?? store.capabilities.shared,
  };
  const remember = async (partition) => {
    if (fault === "stale") past.set(partition, await store.load(partition, null));
  };
  const call = async (method, args) => {
    const number = ++faulty.calls;
    const forward = () => store[method](...args);
    const lasts = fault === "stale" ? STALE_CALLS : 1;
    if (number < at || number >= at + lasts) {
      if (method === "commit") await remember(args[0].partition);
      return forward();
    }
    if (fault === "stale") return show(method, args, forward);
    faulty.hits++;
    if (fault === "delay") {
      await new Promise((resolve) => setTimeout(resolve, DELAY_MS * (1 + random())));
      return forward();
    }
    if (fault === "after") await forward();
    if (fault === "tear" && method === "commit") await store.commit(part(args[0], random));
    throw Object.assign(new Error(`injected: ${FAULTS[fault]}`), { code: random() < 0.5 ? "STORE_FAILED" : "WRITE_INTERRUPTED" });
  };
  const show = async (method, args, forward) => {
    if (method !== "load" || !past.has(args[0])) return forward();
    faulty.hits++;
    return past.get(args[0]);
  };
  for (const method of ["list", "load", "read", "commit", "erase", "close"]) faulty[method] = (...args) => call(method, args);
  return faulty;
}

/** What a host may have done of a commit when it broke: first blobs, then entries, and only after both what is taken away. */
function part(commit, random) {
  const cut = (list) => list.slice(0, Math.floor(random() * (list.length + 1)));
  const put = cut(commit.put);
  const append = put.length === commit.put.length ? cut(commit.append) : [];
  const whole = append.length === commit.append.length;
  return { ...commit, put, append, drop: whole ? cut(commit.drop) : [], remove: [], rows: [] };
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
