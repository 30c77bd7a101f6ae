//! How tabs tell each other that a partition changed: a BroadcastChannel per database.
//!
//! A message is a hint, never data: it only makes the next read look at the database again. A tab that dies
//! between its commit and its message leaves the others without the hint, so the hint has a maximum age too.

use std::cell::RefCell;
use std::rc::Rc;

use crate::sorted::SortedMap;
use wasm_bindgen::prelude::*;

use super::sys;

/// How long, in ms, a loaded copy is trusted without a hint. Looking costs one small read.
const MAX_AGE: i64 = 5_000;

pub(super) struct Announcements {
    topic: String,
    changed: Rc<RefCell<SortedMap<()>>>,
    channel: RefCell<Option<Channel>>,
}

struct Channel {
    channel: sys::BroadcastChannel,
    _on_message: Closure<dyn FnMut(sys::Event)>,
}

impl Announcements {
    pub(super) fn new(database: &str) -> Announcements {
        Announcements {
            topic: format!("edgemem:{database}"),
            changed: Rc::default(),
            channel: RefCell::default(),
        }
    }

    /// Starts to listen, if that has not happened yet. Where there is no BroadcastChannel nothing happens.
    pub(super) fn listen(&self) {
        let mut slot = self.channel.borrow_mut();
        if slot.is_some() {
            return;
        }
        let Ok(channel) = sys::BroadcastChannel::new(&self.topic) else { return };
        let changed = Rc::clone(&self.changed);
        let on_message = Closure::new(move |event: sys::Event| {
            if let Some(partition) = event.data().as_string() {
                changed.borrow_mut().insert(partition, ());
            }
        });
        channel.set_onmessage(on_message.as_ref().unchecked_ref());
        *slot = Some(Channel { channel, _on_message: on_message });
    }

    /// Tells the other tabs that a partition changed.
    pub(super) fn announce(&self, partition: &str) {
        if let Some(Channel { channel, .. }) = &*self.channel.borrow() {
            // The change is stored already; a hint that cannot be sent only delays the others.
            let _ = channel.post_message(&JsValue::from_str(partition));
        }
    }

    /// Forgets the hint about a partition. Called before it is loaded, so that a hint that arrives during
    /// the load counts for the next one.
    pub(super) fn forget(&self, partition: &str) {
        self.changed.borrow_mut().remove(partition);
    }

    /// Whether a copy loaded at `loaded_at` may be outdated.
    pub(super) fn is_stale(&self, partition: &str, loaded_at: i64, now: i64) -> bool {
        self.channel.borrow().is_none()
            || self.changed.borrow().contains_key(partition)
            || !(0..MAX_AGE).contains(&(now - loaded_at))
    }

    /// Stops listening; the next [`Self::listen`] starts again.
    pub(super) fn close(&self) {
        if let Some(Channel { channel, .. }) = self.channel.take() {
            channel.close();
        }
    }
}

impl Drop for Announcements {
    fn drop(&mut self) {
        self.close();
    }
}
