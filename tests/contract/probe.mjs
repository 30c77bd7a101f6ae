// Stores of the core as JavaScript `Store` objects, from the test build (which has more of them). Imports nothing, so that a page, a
// worker, a Worker and Node load it alike; the caller brings an instance of the core.

/**
 * A store of the core.
 *
 * @param {{ StoreHandle: new (config: object) => any }} instance what `createInstance(module)` returned.
 * @param {object} config the `store` part of a configuration: `{ provider, … }`.
 * @returns {Store}
 */
export function probeStore(instance, config) {
  const probe = new instance.StoreHandle(config);
  const call = (method, first, second) => drive(probe.call(method, first, second));
  return {
    capabilities: probe.capabilities,
    list: (prefix) => call("list", prefix),
    load: (partition, known) => call("load", partition, known),
    read: (partition, names) => call("read", partition, names),
    commit: (commit) => call("commit", commit),
    erase: (partition) => call("erase", partition),
    close: () => call("close"),
    isStale: (partition, loadedAt, now) => probe.isStale(partition, loadedAt, now),
  };
}

async function drive(call) {
  let pending = call.step(true, undefined);
  while (pending !== undefined) {
    // Not `then(step)`: what step returns is the next promise to wait for, and would be waited for here.
    let settled;
    try {
      settled = [true, await pending];
    } catch (reason) {
      settled = [false, reason];
    }
    pending = call.step(...settled);
  }
  const outcome = call.outcome();
  call.free();
  if (typeof outcome === "string") throw coded(JSON.parse(outcome).error);
  return outcome[0];
}

function coded({ code, message, field, cause }) {
  return Object.assign(new Error(cause == null ? message : `${message} (${cause})`), { code, field });
}
