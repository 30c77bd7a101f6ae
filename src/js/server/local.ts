/** Which addresses and requests are those of this machine. */

/** Whether an address, of a connection or to listen on, is one that only this machine reaches. */
export function isLoopback(address: string): boolean {
  return /^(localhost|::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/i.test(address);
}

/** What proxies say of whom they ask for. `serve` says it of connections from elsewhere. */
const FORWARDED = /^(forwarded|via|x-real-ip|x-forwarded-.*)$/;
/** How keys are sent. The core may know more ways; a request that is taken for one without a key is refused at worst. */
const WITH_KEY = /^([Bb]earer|[Tt]oken) em_/;

/**
 * The address of a request as the core may see it where this machine is let in without a token. Whoever sends a request chooses
 * what it names as host, so one that came from elsewhere, or by a proxy, must not be taken for one to `localhost`. Requests
 * with a key do not need that name to be let in, and keep it: pages of a list have addresses under it.
 */
export function seenFrom({ url, headers }: Request): string {
  const isNear = ![...headers.keys()].some((name) => FORWARDED.test(name));
  if (isNear || WITH_KEY.test(headers.get("authorization") ?? "")) return url;
  const seen = new URL(url);
  seen.hostname = "elsewhere.invalid";
  return seen.href;
}
