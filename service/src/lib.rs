//! edgemem over HTTP, for any host that has requests and answers: the Rust Worker, and whatever serves `fetch`.
//!
//! A request passes these in order: [`cors`] (preflights end here), [`gate`] with [`auth`], [`keys`] and [`limits`],
//! [`router`], [`query`], [`body`], [`tenant`], [`idempotency`], and then [`service`], which asks the memory at a [`desk`],
//! by way of [`mem0`] or [`own`]. What the routes are is one table, [`routes`]. Whatever refuses it makes a [`problem::Problem`]; `problem` is also the
//! one place that knows the status of every code. Nothing here knows a type of a runtime: a host makes a [`http::Head`]
//! of its request, lends a function that reads the body, and writes the [`http::Answer`].

// Before the others, for its macro.
#[macro_use]
pub mod mem0;

pub mod admin;
pub mod audit;
pub mod auth;
pub mod beside;
pub mod body;
pub mod bounds;
pub mod cors;
pub mod desk;
#[cfg(feature = "entry")]
pub mod entry;
pub mod gate;
pub mod http;
pub mod idempotency;
pub mod keys;
pub mod limits;
pub mod mcp;
pub mod named;
pub mod names;
pub mod openapi;
pub mod own;
pub mod problem;
pub mod query;
pub mod registry;
pub mod relay;
pub mod route;
pub mod router;
pub mod routes;
pub mod service;
pub mod settings;
pub mod tenant;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
