// Offline use: registers the service worker, and says when everything is here and when a newer version is.

import { byId } from "./dom.js";

/** Called once the core is loaded, so that what a page runs on is never fetched in two halves. */
export async function prepareOffline() {
  const chip = byId("chip-offline");
  const { serviceWorker } = navigator;
  if (!serviceWorker) {
    chip.textContent = "Online only: needs https";
    return;
  }
  byId("reload").addEventListener("click", () => location.reload());
  try {
    // A page that came from the worker has one; then a new one that takes over is a newer version.
    const updating = serviceWorker.controller !== null;
    serviceWorker.addEventListener("controllerchange", () => {
      if (updating) byId("reload").hidden = false;
    });
    const registration = await serviceWorker.register(new URL("../sw.js", import.meta.url), { updateViaCache: "none" });
    registration.installing?.addEventListener("statechange", (event) => {
      if (event.target.state === "redundant" && !registration.active) chip.textContent = "Online only: reload to retry";
    });
    await serviceWorker.ready;
    chip.textContent = "Works offline";
    chip.classList.add("good");
  } catch {
    // Without the network an update cannot be looked for; what is cached goes on working.
    const working = serviceWorker.controller !== null;
    chip.textContent = working ? "Works offline" : "Online only";
    chip.classList.toggle("good", working);
  }
}
