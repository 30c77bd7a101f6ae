//! The host of native programs and tests: the system clock, the system's randomness, an async lock.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use futures_util::lock::Mutex;

use super::{Gate, Host, LocalFuture, Permit};

/// The host of native programs.
pub struct NativeHost {
    started: Instant,
}

impl NativeHost {
    /// A host that reads the system clock.
    pub fn new() -> NativeHost {
        NativeHost { started: Instant::now() }
    }
}

impl Default for NativeHost {
    fn default() -> Self {
        NativeHost::new()
    }
}

impl Host for NativeHost {
    fn now(&self) -> i64 {
        // A clock before 1970 is a broken clock; the logical clock above copes with one that stands still.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
    }

    fn monotonic(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1000.0
    }

    fn random(&self) -> u64 {
        // The standard library seeds every RandomState from the system's randomness and a counter.
        RandomState::new().build_hasher().finish()
    }

    fn gate(&self) -> Rc<dyn Gate> {
        Rc::new(LockGate(Arc::new(Mutex::new(()))))
    }
}

struct LockGate(Arc<Mutex<()>>);

impl Gate for LockGate {
    fn enter(&self) -> LocalFuture<'_, Permit> {
        Box::pin(async move {
            let guard = Arc::clone(&self.0).lock_owned().await;
            Permit::new(move || drop(guard))
        })
    }
}
