//! Shows a store of the core to JavaScript, so that the contract suite can run against it on its real host.
//!
//! Only in test builds. Values cross as JavaScript objects in the shapes of the `Store` interface; the
//! wrapper `tests/contract/probe.mjs` turns the calls into a `Store`.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::host::js::Task;
use crate::store::convert::{self, get, object};
use crate::store::{Blob, ByteStore, Commit, Entry, Image, Row};

/// A store, as the contract suite sees it.
#[wasm_bindgen]
pub struct StoreProbe {
    store: Rc<dyn ByteStore>,
}

/// A running call of a [`StoreProbe`].
#[wasm_bindgen]
pub struct ProbeCall {
    task: Task,
    outcome: Rc<RefCell<JsValue>>,
}

#[wasm_bindgen]
impl StoreProbe {
    /// Takes the `store` part of a configuration. Throws `{ code, message, field, cause }`.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &JsValue) -> std::result::Result<StoreProbe, JsValue> {
        let store = super::store::from_config(config).map_err(|error| error_to_js(&error))?;
        Ok(StoreProbe { store })
    }

    /// The declared capabilities, as the `Store` interface names them.
    #[wasm_bindgen(getter)]
    pub fn capabilities(&self) -> JsValue {
        let capabilities = self.store.capabilities();
        object(&[
            ("atomic", capabilities.atomic.into()),
            ("compareAndSet", capabilities.compare_and_set.into()),
            ("shared", capabilities.shared.into()),
            ("rows", capabilities.rows.into()),
        ])
    }

    /// Asks whether a copy is stale.
    #[wasm_bindgen(js_name = isStale)]
    pub fn is_stale(&self, partition: &str, loaded_at: f64, now: f64) -> bool {
        self.store.is_stale(partition, loaded_at as i64, now as i64)
    }

    /// Starts a method of the `Store` interface. The arguments are copied before this returns.
    pub fn call(&self, method: &str, arguments: &Array) -> ProbeCall {
        let outcome = Rc::new(RefCell::new(JsValue::UNDEFINED));
        let future: LocalFuture<'static, Result<JsValue>> = match self.start(method, arguments) {
            Ok(future) => future,
            Err(error) => Box::pin(async { Err(error) }),
        };
        let task = Task::new(Box::pin({
            let outcome = Rc::clone(&outcome);
            async move {
                let settled = match future.await {
                    Ok(value) => object(&[("ok", value)]),
                    Err(error) => object(&[("error", error_to_js(&error))]),
                };
                outcome.replace(settled);
            }
        }));
        ProbeCall { task, outcome }
    }
}

#[wasm_bindgen]
impl ProbeCall {
    /// As in the package's own calls: runs until the call has to wait, and returns what it waits for.
    pub fn step(&self, fulfilled: bool, value: JsValue) -> Option<Promise> {
        self.task.step(Some(if fulfilled { Ok(value) } else { Err(value) }))
    }

    /// The finished call's outcome: `{ ok }` or `{ error: { code, message, field, cause } }`.
    pub fn outcome(&self) -> JsValue {
        self.outcome.borrow().clone()
    }
}

impl StoreProbe {
    fn start(&self, method: &str, arguments: &Array) -> Result<LocalFuture<'static, Result<JsValue>>> {
        let store = Rc::clone(&self.store);
        let first = arguments.get(0).as_string().unwrap_or_default();
        Ok(match method {
            "list" => Box::pin(async move { Ok(convert::strings_to_js(&store.list(&first).await?).into()) }),
            "load" => {
                let known = arguments.get(1).as_f64().map(|known| known as u64);
                Box::pin(async move {
                    let image = store.load(&first, known).await?;
                    Ok(image.map_or(JsValue::NULL, |image| image_to_js(&image)))
                })
            }
            "read" => {
                let names = convert::strings(&arguments.get(1), "read(names)")?;
                Box::pin(async move {
                    let blobs = store.read(&first, &names).await?.into_iter();
                    let blobs =
                        blobs.map(|blob| blob.map_or(JsValue::NULL, |blob| convert::bytes_to_js(&blob)));
                    Ok(blobs.collect::<Array>().into())
                })
            }
            "commit" => {
                let commit = commit_from_js(&arguments.get(0))?;
                Box::pin(async move { Ok(JsValue::from_f64(store.commit(&commit).await? as f64)) })
            }
            "erase" => Box::pin(async move { store.erase(&first).await.map(|()| JsValue::UNDEFINED) }),
            "close" => Box::pin(async move { store.close().await.map(|()| JsValue::UNDEFINED) }),
            _ => return Err(Error::new(ErrorKind::InvalidArgument, format!("no method {method}"))),
        })
    }
}

fn image_to_js(image: &Image) -> JsValue {
    let entry = |entry: &Entry| {
        object(&[("key", JsValue::from_str(&entry.key)), ("bytes", convert::bytes_to_js(&entry.bytes))])
    };
    object(&[
        ("version", JsValue::from_f64(image.version as f64)),
        ("entries", image.entries.iter().map(entry).collect::<Array>().into()),
        ("blobs", convert::strings_to_js(&image.blobs).into()),
    ])
}

fn commit_from_js(value: &JsValue) -> Result<Commit> {
    let items = |name: &str| convert::array(&get(value, name), name);
    let text = |value: &JsValue, name: &str| get(value, name).as_string().unwrap_or_default();
    let bytes = |value: &JsValue| convert::bytes(&get(value, "bytes"), "commit(bytes)");
    Ok(Commit {
        partition: text(value, "partition"),
        expect: convert::version(&get(value, "expect"), "commit(expect)")?,
        append: items("append")?
            .iter()
            .map(|item| Ok(Entry { key: text(&item, "key"), bytes: bytes(&item)? }))
            .collect::<Result<_>>()?,
        put: items("put")?
            .iter()
            .map(|item| Ok(Blob { name: text(&item, "name"), bytes: bytes(&item)? }))
            .collect::<Result<_>>()?,
        drop: convert::strings(&get(value, "drop"), "commit(drop)")?,
        remove: convert::strings(&get(value, "remove"), "commit(remove)")?,
        rows: items("rows")?
            .iter()
            .map(|item| Row { id: text(&item, "id"), columns: get(&item, "columns").as_string() })
            .collect(),
        scrub: get(value, "scrub").is_truthy(),
    })
}

fn error_to_js(error: &Error) -> JsValue {
    let optional = |text: Option<&str>| text.map_or(JsValue::UNDEFINED, JsValue::from_str);
    object(&[
        ("code", error.code().into()),
        ("message", error.message().into()),
        ("field", optional(error.field_name())),
        ("cause", optional(error.cause_text())),
    ])
}
