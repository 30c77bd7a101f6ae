//! Shows a store of the core to JavaScript as a `Store`: for encryption, which wraps any store and is written in
//! TypeScript, so that only those load it who use it; and for the contract suite.
//!
//! Values cross as JavaScript objects in the shapes of the `Store` interface; `src/js/stores/core.ts` turns the calls
//! into a `Store`.

use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::store::convert::{self, get, object};
use crate::store::{Blob, ByteStore, Capabilities, Commit, Entry, Image, Row};

/// A store of the core.
#[wasm_bindgen]
pub struct StoreHandle(Result<Rc<dyn ByteStore>>);

#[wasm_bindgen]
impl StoreHandle {
    /// Takes the `store` part of a configuration. What is wrong with it is reported by the first call.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &JsValue) -> StoreHandle {
        StoreHandle(super::store::from_config(config))
    }

    /// The declared capabilities, as the `Store` interface names them.
    #[wasm_bindgen(getter)]
    pub fn capabilities(&self) -> JsValue {
        let none = Capabilities { atomic: false, compare_and_set: false, shared: false, rows: false };
        let capabilities = self.0.as_ref().map_or(none, |store| store.capabilities());
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
        self.0.as_ref().is_ok_and(|store| store.is_stale(partition, loaded_at as i64, now as i64))
    }

    /// Starts a method of the `Store` interface. The arguments are copied before this returns. The outcome is a list with
    /// what the method answers, or the text `{"error": …}`.
    pub fn call(&self, method: &str, first: &JsValue, second: &JsValue) -> Call {
        start(self.0.clone(), method, first, second)
    }
}

/// A gate of `wasm-pack.toml`.
#[inline(never)]
fn start(store: Result<Rc<dyn ByteStore>>, method: &str, first: &JsValue, second: &JsValue) -> Call {
    let asked = Asked::new(method, first, second);
    Call::raw(Box::pin(async move { Ok(Array::of1(&asked?.answer(&*store?).await?).into()) }))
}

/// A call with its arguments.
enum Asked {
    List(String),
    Load(String, Option<u64>),
    Read(String, Vec<String>),
    Commit(Commit),
    Erase(String),
    Close,
}

impl Asked {
    fn new(method: &str, first: &JsValue, second: &JsValue) -> Result<Asked> {
        let name = first.as_string().unwrap_or_default();
        Ok(match method {
            "list" => Asked::List(name),
            "load" => Asked::Load(name, second.as_f64().map(|known| known as u64)),
            "read" => Asked::Read(name, convert::strings(second, "read(names)")?),
            "commit" => Asked::Commit(commit_from_js(first)?),
            "erase" => Asked::Erase(name),
            "close" => Asked::Close,
            _ => return Err(Error::new(ErrorKind::InvalidArgument, "a store has no such method")),
        })
    }

    async fn answer(self, store: &dyn ByteStore) -> Result<JsValue> {
        Ok(match &self {
            Asked::List(prefix) => convert::strings_to_js(&store.list(prefix).await?).into(),
            Asked::Load(partition, known) => {
                store.load(partition, *known).await?.map_or(JsValue::NULL, |image| image_to_js(&image))
            }
            Asked::Read(partition, names) => {
                let blobs = Array::new();
                for blob in store.read(partition, names).await? {
                    blobs.push(&blob.map_or(JsValue::NULL, |blob| convert::bytes_to_js(&blob)));
                }
                blobs.into()
            }
            Asked::Commit(commit) => JsValue::from_f64(store.commit(commit).await? as f64),
            Asked::Erase(partition) => {
                store.erase(partition).await?;
                JsValue::UNDEFINED
            }
            Asked::Close => {
                store.close().await?;
                JsValue::UNDEFINED
            }
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
