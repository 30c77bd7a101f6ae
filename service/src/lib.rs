//! edgemem over HTTP, for any host that has requests and answers: the Rust Worker, and whatever serves `fetch`.
//!
//! A request passes these in order: [`cors`] (preflights end here), [`auth`], [`router`], [`query`], [`body`], and then
//! [`service`], which asks the memory, mostly by way of [`mem0`]. What the routes are is one table, [`routes`]. Whatever refuses it makes a [`problem::Problem`]; `problem` is also the
//! one place that knows the status of every code. Nothing here knows a type of a runtime: a host makes a [`http::Head`]
//! of its request, lends a function that reads the body, and writes the [`http::Answer`].

pub mod auth;
pub mod body;
pub mod cors;
#[cfg(feature = "entry")]
pub mod entry;
pub mod http;
// Before the others, for its macro.
#[macro_use]
pub mod mem0;

pub mod mcp;
pub mod problem;
pub mod query;
pub mod relay;
pub mod router;
pub mod routes;
pub mod service;
pub mod settings;
