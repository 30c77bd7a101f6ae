// The service worker: makes the inspector work without a network, always from files that belong together.
//
// precache.js, which the server makes, lists every file with the SHA-256 of its content, and a version that
// changes when any of them does. A version is a cache of its own, filled completely and checked before it is
// used. A page that was loaded from one version gets everything from that version, however long it lives and
// whatever was installed since: new glue never meets an old core. A new version is used by the next page load.

importScripts("./precache.js");

const { version, files } = self.PRECACHE;
const PREFIX = "edgemem-inspector:";
const PINS = `${PREFIX}pins`;
const HASH = "x-content-sha256";
/** A page that is being loaded is not listed among the clients yet; its pin is left alone for so long. */
const LOADING = 60_000;

const scope = self.registration.scope;
const address = (path) => new URL(path, scope).href;
const cacheOf = (name) => `${PREFIX}v:${name}`;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope)) return;
  event.respondWith(request.mode === "navigate" ? navigation(event) : file(event));
});

async function install() {
  const cache = await caches.open(cacheOf(version));
  await Promise.all(
    Object.entries(files).map(async ([path, hash]) => {
      const url = address(path);
      await cache.put(url, (await known(url, hash)) ?? (await fetched(url, hash)));
    }),
  );
  // Nobody has to wait: pages of the version before keep theirs.
  await self.skipWaiting();
}

/** The same content from another version. */
async function known(url, hash) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(cacheOf(""))) continue;
    const response = await (await caches.open(name)).match(url);
    if (response?.headers.get(HASH) === hash) return response;
  }
  return undefined;
}

/** From the network, if it is what the list says; otherwise the version is not installed. */
async function fetched(url, hash) {
  const response = await fetch(url, { cache: "no-store" });
  if (!response.ok) throw new Error(`${url}: HTTP status ${response.status}`);
  const body = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== hash) throw new Error(`${url} changed while version ${version} was being installed`);
  const headers = new Headers(response.headers);
  headers.set(HASH, hash);
  return new Response(body, { headers });
}

async function activate() {
  await self.clients.claim();
  await tidy();
}

/** Deletes the versions that no page uses any more. */
async function tidy() {
  const pins = await caches.open(PINS);
  const alive = new Set((await self.clients.matchAll({ includeUncontrolled: true })).map((client) => client.id));
  const used = new Set([cacheOf(version)]);
  for (const request of await pins.keys()) {
    const pin = await (await pins.match(request))?.json();
    const id = new URL(request.url).searchParams.get("client");
    if (pin && (alive.has(id) || Date.now() - pin.at < LOADING)) used.add(cacheOf(pin.version));
    else await pins.delete(request);
  }
  for (const name of await caches.keys()) {
    if (name.startsWith(cacheOf("")) && !used.has(name)) await caches.delete(name);
  }
}

const pinOf = (client) => address(`pin?client=${encodeURIComponent(client)}`);

async function navigation(event) {
  const path = new URL(event.request.url).pathname.slice(new URL(scope).pathname.length);
  const cache = await caches.open(cacheOf(version));
  const found = await cache.match(address(path === "" ? "index.html" : path));
  if (found === undefined) return fetch(event.request);
  const pins = await caches.open(PINS);
  await pins.put(pinOf(event.resultingClientId), Response.json({ version, at: Date.now() }));
  event.waitUntil(tidy());
  return found;
}

async function file(event) {
  const pin = await (await caches.open(PINS)).match(pinOf(event.clientId));
  // A page that was there before the first worker has no pin. It has loaded everything by then.
  const name = pin === undefined ? version : (await pin.json()).version;
  const found = await (await caches.open(cacheOf(name))).match(event.request, { ignoreSearch: true });
  return found ?? fetch(event.request);
}
