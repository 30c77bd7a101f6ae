//! The connection to one IndexedDB database: opened on first use, closed when another tab needs it gone,
//! reopened by the next call.

use std::cell::RefCell;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;

use super::sys;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{js, js_error};

/// The version of the database layout, in IndexedDB's own numbering.
pub(super) const LAYOUT: f64 = 1.0;
pub(super) const META: &str = "meta";
pub(super) const HEADS: &str = "heads";
pub(super) const ENTRIES: &str = "entries";
pub(super) const BLOBS: &str = "blobs";

/// How long opening may take, in ms, before the caller is told that another tab is in the way.
const OPEN_TIMEOUT: i32 = 10_000;

/// A database that is opened when it is needed.
pub(super) struct Connection {
    name: String,
    state: RefCell<State>,
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    /// The closure builds the object stores if the database is new; it must live until then.
    Opening {
        request: sys::Request,
        opened: Promise,
        _upgrade: Closure<dyn FnMut(JsValue)>,
    },
    Open(sys::Database),
}

impl Connection {
    pub(super) fn new(name: &str) -> Connection {
        Connection { name: name.to_owned(), state: RefCell::default() }
    }

    /// A new transaction over all object stores. A connection that was closed behind our back, because
    /// another tab asked for it or the browser dropped it, is opened once more.
    pub(super) async fn transaction(&self, mode: &str, durability: Option<&str>) -> Result<sys::Transaction> {
        let stores: Array =
            [META, HEADS, ENTRIES, BLOBS].iter().map(|name| JsValue::from_str(name)).collect();
        let options = js_sys::Object::new();
        if let Some(durability) = durability {
            // Setting a property of a fresh plain object cannot fail.
            let _ = Reflect::set(&options, &"durability".into(), &durability.into());
        }
        let mut reopened = false;
        loop {
            let database = self.database().await?;
            match database.transaction(&stores, mode, &options) {
                Ok(transaction) => return Ok(transaction),
                Err(thrown)
                    if !reopened && js_error::name(&thrown).as_deref() == Some("InvalidStateError") =>
                {
                    reopened = true;
                    self.close();
                }
                Err(thrown) if js_error::name(&thrown).as_deref() == Some("NotFoundError") => {
                    let message = format!(
                        "the database \"{}\" exists but was not made by edgemem; choose another name",
                        self.name
                    );
                    return Err(Error::new(ErrorKind::StoreUnavailable, message).field("store.name"));
                }
                Err(thrown) => {
                    return Err(js_error::from_store(&thrown, "IndexedDB refused a transaction"));
                }
            }
        }
    }

    /// Closes the connection; the next call opens it again.
    pub(super) fn close(&self) {
        if let State::Open(database) = self.state.take() {
            database.close();
        }
    }

    async fn database(&self) -> Result<sys::Database> {
        let (request, opened) = {
            let mut state = self.state.borrow_mut();
            match &*state {
                State::Open(database) => return Ok(database.clone()),
                State::Opening { request, opened, .. } => (request.clone(), opened.clone()),
                State::Closed => {
                    let (request, opened, upgrade) = self.start()?;
                    let pair = (request.clone(), opened.clone());
                    *state = State::Opening { request, opened, _upgrade: upgrade };
                    pair
                }
            }
        };
        let settled = js::wait(first(&opened)).await;
        if request.ready_state() != "done" {
            // The request stays pending and is taken up again by the next call.
            let message = format!(
                "the database \"{}\" does not open: another tab or window of this site holds an older version \
                 of it or is deleting it; close the other tabs and try again",
                self.name
            );
            return Err(Error::new(ErrorKind::StoreUnavailable, message).field("store"));
        }
        let mut state = self.state.borrow_mut();
        if let State::Open(database) = &*state {
            return Ok(database.clone());
        }
        *state = State::Closed;
        if settled.is_err() {
            return Err(self.refused(&request.error().unwrap_or_else(|thrown| thrown)));
        }
        let database: sys::Database =
            request.result().map_err(|thrown| self.refused(&thrown))?.unchecked_into();
        // Another tab wants a newer layout or to delete the database: let go at once, without asking.
        // The next transaction then throws InvalidStateError, which is how the closing is noticed.
        if let Ok(close) = Reflect::get(&database, &"close".into()) {
            database.set_onversionchange(&close.unchecked_into::<sys::Method>().bind(&database));
        }
        *state = State::Open(database.clone());
        Ok(database)
    }

    #[allow(clippy::type_complexity)]
    fn start(&self) -> Result<(sys::Request, Promise, Closure<dyn FnMut(JsValue)>)> {
        // The mere look at `indexedDB` throws in a sandboxed frame.
        let factory =
            Reflect::get(&js_sys::global(), &"indexedDB".into()).map_err(|thrown| self.refused(&thrown))?;
        if !factory.is_object() {
            return Err(self.refused(&JsValue::from_str("this page has no indexedDB")));
        }
        let factory: sys::Factory = factory.unchecked_into();
        let request = factory.open(&self.name, LAYOUT).map_err(|thrown| self.refused(&thrown))?;
        let upgrade = Closure::new({
            let request = request.clone();
            move |_event: JsValue| {
                // A failure here aborts the upgrade, which the request then reports as its error.
                if let Ok(database) = request.result() {
                    let database: sys::Database = database.unchecked_into();
                    for store in [META, HEADS, ENTRIES, BLOBS] {
                        let _ = database.create_object_store(store);
                    }
                }
            }
        });
        request.set_onupgradeneeded(upgrade.as_ref().unchecked_ref());
        let opened = sys::settled(&request);
        Ok((request, opened, upgrade))
    }

    /// Why the database cannot be opened, and what to do about it.
    fn refused(&self, thrown: &JsValue) -> Error {
        match js_error::name(thrown).as_deref() {
            Some("QuotaExceededError") => js_error::full(&js_error::describe(thrown)),
            Some("VersionError") => Error::new(
                ErrorKind::FormatUnsupported,
                format!(
                    "the database \"{}\" was written by a newer version of edgemem; reload the page to get the \
                     newer code, or choose another name",
                    self.name
                ),
            )
            .field("store.name"),
            _ => Error::new(
                ErrorKind::StoreUnavailable,
                "IndexedDB cannot be used here: a private window, blocked site data, a sandboxed frame or a full \
                 disk forbids it; allow site data, or use the store { provider: \"memory\" }",
            )
            .field("store")
            .cause(js_error::describe(thrown)),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

/// The opening or the time-out, whichever comes first.
fn first(opened: &Promise) -> Promise {
    let timeout = Promise::new(&mut |resolve: Function, _reject: Function| {
        set_timeout(&resolve, OPEN_TIMEOUT);
    });
    Promise::race(&Array::of2(opened, &timeout))
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, ms: i32);
}
