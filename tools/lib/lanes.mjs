// Jobs in lanes: so many at once, each when what it needs is done.

/**
 * Does every job once and resolves to their results, in the order of the jobs. A free lane takes the first job that may
 * begin: whose needs are done, and whose `holds` no running job holds too. What others need comes before everything
 * else, as long as there is a lane beside it.
 *
 * @template Result
 * @param {{ name: string, needs?: string[], holds?: string }[]} jobs `needs` are names; those of no job are passed over.
 * @param {number} lanes
 * @param {(job: object, needed: Result[]) => Promise<Result>} work `needed` are the results of what the job needs. A
 *   rejection ends everything: what may fail has to be a result.
 */
export async function inLanes(jobs, lanes, work) {
  const names = new Set(jobs.map(({ name }) => name));
  const needsOf = ({ needs = [] }) => needs.filter((name) => names.has(name));
  const isNeeded = ({ name }) => jobs.some((other) => needsOf(other).includes(name));
  const waiting = lanes > 1 ? [...jobs.filter(isNeeded), ...jobs.filter((job) => !isNeeded(job))] : [...jobs];
  const held = new Set();
  const results = new Map();
  const running = new Map();

  const mayBegin = (job) => needsOf(job).every((name) => results.has(name)) && !(job.holds && held.has(job.holds));
  const begin = (job) => {
    waiting.splice(waiting.indexOf(job), 1);
    if (job.holds) held.add(job.holds);
    const needed = needsOf(job).map((name) => results.get(name));
    running.set(job.name, work(job, needed).then((result) => ({ job, result })));
  };

  while (results.size < jobs.length) {
    for (let job; running.size < lanes && (job = waiting.find(mayBegin)); ) begin(job);
    if (running.size === 0) throw new Error(`these wait for each other: ${waiting.map(({ name }) => name).join(", ")}`);
    const { job, result } = await Promise.race(running.values());
    running.delete(job.name);
    held.delete(job.holds);
    results.set(job.name, result);
  }
  return jobs.map(({ name }) => results.get(name));
}
