//! edgemem as a Cloudflare Worker: the routes of `edgemem-service` over one memory per isolate, kept in Durable Objects,
//! D1 or KV.
//!
//! The runtime is only known to `entry` and `bindings`, which exist on wasm alone, and to `shim.js`.

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod entry;
