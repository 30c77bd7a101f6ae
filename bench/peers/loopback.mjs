// Keeps this process from talking to anything but this machine: some peers look for news of themselves.

import { Socket } from "node:net";

const LOCAL = new Set(["localhost", "127.0.0.1", "::1"]);

/** From now on, every connection that leaves the machine is refused. Returns the list of hosts that were asked for. */
export function stayLocal() {
  const refused = [];
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (...args) {
    const [options] = Array.isArray(args[0]) ? args[0] : args;
    const host = typeof options === "object" ? (options.path === undefined ? (options.host ?? "localhost") : "localhost") : (args[1] ?? "localhost");
    if (LOCAL.has(host)) return connect.apply(this, args);
    refused.push(String(host));
    process.nextTick(() => this.destroy(new Error(`the benchmark stays on this machine: ${host} was not asked`)));
    return this;
  };
  return refused;
}
