//! edgemem as a Cloudflare Worker: REST over one memory per isolate, kept in Durable Objects, D1 or KV.
//!
//! A request passes these in order: [`cors`] (preflights end here), [`auth`], [`router`], [`body`], and then
//! [`service`], which asks the memory. Whatever refuses it makes a [`problem::Problem`]; `problem` is also the
//! one place that knows the status of every code. All of that is free of JavaScript types and tested natively.
//! The runtime is only known to `entry` and `bindings`, which exist on wasm alone, and to `shim.js`.

pub mod auth;
#[cfg(target_arch = "wasm32")]
mod bindings;
pub mod body;
pub mod cors;
#[cfg(target_arch = "wasm32")]
mod entry;
pub mod http;
pub mod problem;
pub mod query;
pub mod relay;
pub mod router;
pub mod service;
pub mod settings;
