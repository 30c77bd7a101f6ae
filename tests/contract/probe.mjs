// Stores of the core as JavaScript `Store` objects, from the test build. Imports nothing, so that a page, a
// worker, a Worker and Node load it alike; the caller brings an instance of the core.

/**
 * A store of the core.
 *
 * @param {{ StoreProbe: new (config: object) => any }} instance what `createInstance(module)` returned.
 * @param {object} config the `store` part of a configuration: `{ provider, … }`.
 * @returns {Store}
 */
export function probeStore(instance, config) {
  let probe;
  try {
    probe = new instance.StoreProbe(config);
  } catch (thrown) {
    throw coded(thrown);
  }
  const call = (method, ...args) => drive(probe.call(method, args));
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
  const { ok, error } = call.outcome();
  call.free();
  if (error) throw coded(error);
  return ok;
}

function coded({ code, message, field, cause }) {
  return Object.assign(new Error(cause === undefined ? message : `${message} (${cause})`), { code, field });
}
