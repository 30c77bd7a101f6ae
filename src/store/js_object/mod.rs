//! A store written in JavaScript: an object with the methods of [`ByteStore`], the user's or our file store.
//!
//! The object is a stranger: what it declares is checked when it is taken in, and everything it returns is
//! checked before it is used, with an error that names the method and the part at fault. Bytes are copied
//! both ways, so neither side ever sees the other's memory change.

pub(crate) mod convert;

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;

use super::{ByteStore, Capabilities, Commit, Image};
use crate::error::{Error, ErrorKind, Result};
use crate::host::{LocalFuture, js, js_error};

#[wasm_bindgen]
extern "C" {
    /// The methods that every store object has; they may answer with a promise or with the value itself.
    #[wasm_bindgen(typescript_type = "Store")]
    type StoreObject;

    #[wasm_bindgen(method, catch)]
    fn list(this: &StoreObject, prefix: &str) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn load(this: &StoreObject, partition: &str, known: JsValue) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn read(this: &StoreObject, partition: &str, names: Array) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn commit(this: &StoreObject, commit: JsValue) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn erase(this: &StoreObject, partition: &str) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &StoreObject) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = isStale)]
    fn is_stale(
        this: &StoreObject,
        partition: &str,
        loaded_at: f64,
        now: f64,
    ) -> std::result::Result<JsValue, JsValue>;
}

/// A store that is a JavaScript object.
pub struct JsObjectStore {
    object: StoreObject,
    capabilities: Capabilities,
    judges_staleness: bool,
}

impl JsObjectStore {
    /// Takes in an object. Fails with `CONFIG_INVALID` if a method or a declared capability is missing.
    pub fn new(object: JsValue) -> Result<JsObjectStore> {
        if !object.is_object() {
            return Err(invalid("store", "the store is not an object"));
        }
        for method in ["list", "load", "read", "commit", "erase", "close"] {
            if !has_method(&object, method) {
                return Err(invalid(
                    &format!("store.{method}"),
                    &format!(
                        "the store object has no method `{method}`; a store needs list, load, read, commit, erase, close"
                    ),
                ));
            }
        }
        let declared = Reflect::get(&object, &"capabilities".into()).unwrap_or(JsValue::UNDEFINED);
        if !declared.is_object() {
            return Err(invalid(
                "store.capabilities",
                "the store object declares no `capabilities`: { atomic, compareAndSet, shared, rows }, each true or false",
            ));
        }
        let flag = |name: &str| {
            let value = Reflect::get(&declared, &name.into()).unwrap_or(JsValue::UNDEFINED);
            value.as_bool().ok_or_else(|| {
                invalid(
                    &format!("store.capabilities.{name}"),
                    &format!("the store's capability `{name}` is neither true nor false"),
                )
            })
        };
        let capabilities = Capabilities {
            atomic: flag("atomic")?,
            compare_and_set: flag("compareAndSet")?,
            shared: flag("shared")?,
            rows: flag("rows")?,
        };
        let judges_staleness = has_method(&object, "isStale");
        Ok(JsObjectStore { object: object.unchecked_into(), capabilities, judges_staleness })
    }
}

impl ByteStore for JsObjectStore {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn list<'a>(&'a self, prefix: &'a str) -> LocalFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let names = answer("list", self.object.list(prefix)).await?;
            let mut names = convert::strings(&names, "list()")?;
            names.retain(|name| name.starts_with(prefix));
            crate::sorted::sort(&mut names, String::cmp);
            Ok(names)
        })
    }

    fn load<'a>(&'a self, partition: &'a str, known: Option<u64>) -> LocalFuture<'a, Result<Option<Image>>> {
        Box::pin(async move {
            let argument = known.map_or(JsValue::NULL, |known| JsValue::from_f64(known as f64));
            let image = answer("load", self.object.load(partition, argument)).await?;
            if image.is_null() {
                return match known {
                    Some(_) => Ok(None),
                    None => Err(convert::wrong("load()", "null, though no version was known")),
                };
            }
            let image = convert::image_from_js(&image)?;
            Ok((known != Some(image.version)).then_some(image))
        })
    }

    fn read<'a>(
        &'a self,
        partition: &'a str,
        names: &'a [String],
    ) -> LocalFuture<'a, Result<Vec<Option<Vec<u8>>>>> {
        Box::pin(async move {
            if names.is_empty() {
                return Ok(Vec::new());
            }
            let asked = convert::strings_to_js(names);
            let blobs = answer("read", self.object.read(partition, asked)).await?;
            let blobs = convert::array(&blobs, "read()")?;
            if blobs.length() as usize != names.len() {
                let words = format!("{} blobs where {} were asked for", blobs.length(), names.len());
                return Err(convert::wrong("read()", &words));
            }
            let blob = |(i, value): (usize, JsValue)| {
                if value.is_null() || value.is_undefined() {
                    return Ok(None);
                }
                convert::bytes(&value, &format!("read()[{i}]")).map(Some)
            };
            blobs.iter().enumerate().map(blob).collect()
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        Box::pin(async move {
            let change = convert::commit_to_js(commit);
            let version = answer("commit", self.object.commit(change)).await?;
            convert::version(&version, "commit()")
        })
    }

    fn erase<'a>(&'a self, partition: &'a str) -> LocalFuture<'a, Result<()>> {
        Box::pin(async move { answer("erase", self.object.erase(partition)).await.map(drop) })
    }

    fn close<'a>(&'a self) -> LocalFuture<'a, Result<()>> {
        Box::pin(async move { answer("close", self.object.close()).await.map(drop) })
    }

    fn is_stale(&self, partition: &str, loaded_at: i64, now: i64) -> bool {
        if !self.judges_staleness {
            return self.capabilities.shared;
        }
        // A judge that throws or mumbles is not trusted: looking again is always right.
        let verdict = self.object.is_stale(partition, loaded_at as f64, now as f64);
        verdict.ok().and_then(|verdict| verdict.as_bool()).unwrap_or(true)
    }
}

/// Awaits what a method returned or throws what it threw, as an error of ours.
async fn answer(method: &str, returned: std::result::Result<JsValue, JsValue>) -> Result<JsValue> {
    let settled = match returned {
        Ok(value) => js::wait(Promise::resolve(&value)).await,
        Err(thrown) => Err(thrown),
    };
    settled.map_err(|thrown| js_error::from_store(&thrown, &format!("the store's {method}() failed")))
}

fn has_method(object: &JsValue, name: &str) -> bool {
    Reflect::get(object, &name.into()).is_ok_and(|value| value.is_function())
}

fn invalid(field: &str, message: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message).field(field)
}
