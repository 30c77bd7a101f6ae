//! What the façade needs of the place it runs in, besides stores and models: time, randomness, a queue.
//!
//! Everything below this floor takes time and ids as arguments; this is where they come from.

pub mod fetch;
#[cfg(feature = "js")]
pub mod js;
#[cfg(feature = "js")]
pub mod js_error;
#[cfg(feature = "js")]
pub mod js_fetch;
pub mod native;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// A boxed future that stays on its thread. Every host of edgemem runs one thread per instance.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Time, randomness and waiting, as the host gives them.
pub trait Host {
    /// Milliseconds since 1970 in UTC. May stand still, as it does in Workers between two I/O calls.
    fn now(&self) -> i64;

    /// Milliseconds of a clock that only measures durations; may be coarse.
    fn monotonic(&self) -> f64;

    /// Sixty-four random bits. Called only inside a call, never while a module loads.
    fn random(&self) -> u64;

    /// A new queue; see [`Gate`].
    fn gate(&self) -> Rc<dyn Gate>;
}

/// A fair queue of one: whoever holds the permit runs, the others wait in order.
///
/// On JavaScript hosts it is a chain of promises, because in a plain Worker a request that waits for
/// another request's Rust waker is cancelled by the runtime, while waiting for its promise works.
pub trait Gate {
    /// Waits for the turn. Dropping the permit lets the next one in, on every path.
    fn enter(&self) -> LocalFuture<'_, Permit>;
}

/// The right to run; given back on drop.
pub struct Permit(Option<Box<dyn FnOnce()>>);

impl Permit {
    /// A permit that calls `release` when it is dropped.
    pub fn new(release: impl FnOnce() + 'static) -> Permit {
        Permit(Some(Box::new(release)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            release();
        }
    }
}
