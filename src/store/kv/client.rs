//! Asking KV: groups of operations, pages of keys, patience when the platform says "too many requests".
//!
//! Every operation here may run twice without harm, so whatever fails for a passing reason is repeated.

use js_sys::{Array, Map, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::sys;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{js, js_error};
use crate::store::js_object::convert::{get, object};

/// How many operations run at once: a Worker may wait for six connections.
const AT_ONCE: usize = 6;
/// How many keys one bulk read takes, and how many bytes of values it may return.
const BULK_KEYS: usize = 100;
const BULK_BYTES: usize = 16 << 20;
/// How long to wait before an operation is repeated, in ms. One key takes one write a second.
const PAUSES: [f64; 3] = [300.0, 1_100.0, 2_500.0];
/// How long a location may keep a value that never changes, in seconds.
const IMMUTABLE: f64 = 86_400.0;

/// A write.
pub(super) enum Write {
    PutText { key: String, value: String, metadata: JsValue },
    PutBytes { key: String, bytes: Vec<u8>, metadata: JsValue },
    Delete { key: String },
}

/// A key of a listing, with its metadata.
pub(super) struct Listed {
    pub key: String,
    pub metadata: JsValue,
}

/// A KV binding.
pub(super) struct Client {
    namespace: sys::Namespace,
}

impl Client {
    pub(super) fn new(binding: JsValue) -> Result<Client> {
        let method = |name: &str| Reflect::get(&binding, &name.into()).is_ok_and(|value| value.is_function());
        if !binding.is_object() || !["get", "put", "delete", "list"].into_iter().all(method) {
            let message = "the store \"kv\" needs the KV binding itself: binding: env.KV";
            return Err(Error::new(ErrorKind::ConfigInvalid, message).field("store.binding"));
        }
        Ok(Client { namespace: binding.unchecked_into() })
    }

    /// All keys that start with `prefix`, in byte order.
    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let mut keys = Vec::new();
        let mut cursor = JsValue::UNDEFINED;
        loop {
            let options = object(&[("prefix", JsValue::from_str(prefix)), ("cursor", cursor)]);
            let page = self.patiently(|| self.namespace.list(&options)).await?;
            for key in Array::from(&get(&page, "keys")).iter() {
                if let Some(name) = get(&key, "name").as_string() {
                    keys.push(Listed { key: name, metadata: get(&key, "metadata") });
                }
            }
            // A page may be empty although there are more: deleted keys leave gaps.
            cursor = get(&page, "cursor");
            if get(&page, "list_complete").as_bool() != Some(false) || cursor.as_string().is_none() {
                return Ok(keys);
            }
        }
    }

    /// The texts under these keys, each given with its length; `None` for one that is not there (yet).
    pub(super) async fn texts(&self, keys: &[(String, usize)]) -> Result<Vec<Option<String>>> {
        let mut texts = Vec::with_capacity(keys.len());
        let mut rest = keys;
        while !rest.is_empty() {
            let mut size = 0;
            let fits = rest.iter().take(BULK_KEYS).take_while(|(_, length)| {
                size += length;
                size <= BULK_BYTES
            });
            let (now, later) = rest.split_at(fits.count().max(1));
            let names: Array = now.iter().map(|(key, _)| JsValue::from_str(key)).collect();
            let options = object(&[("type", "text".into()), ("cacheTtl", IMMUTABLE.into())]);
            let found = self.patiently(|| self.namespace.get(&names, &options)).await?;
            let found: Map = found.dyn_into().map_err(|_| {
                let message =
                    "the KV binding does not know bulk reads; update workerd, wrangler or miniflare";
                Error::new(ErrorKind::StoreFailed, message).field("store.binding")
            })?;
            for (key, _) in now {
                let mut text = found.get(&JsValue::from_str(key)).as_string();
                if text.is_none() {
                    text = self.again(key, "text").await?.as_string();
                }
                texts.push(text);
            }
            rest = later;
        }
        Ok(texts)
    }

    /// The bytes under these keys; `None` for one that is not there (yet).
    pub(super) async fn bytes(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let options = object(&[("type", "arrayBuffer".into()), ("cacheTtl", IMMUTABLE.into())]);
        let mut all = Vec::with_capacity(keys.len());
        for group in keys.chunks(AT_ONCE) {
            let found = self
                .patiently(|| together(group, |key| self.namespace.get(&JsValue::from_str(key), &options)))
                .await?;
            for (key, mut value) in group.iter().zip(Array::from(&found).iter()) {
                if value.is_null() {
                    value = self.again(key, "arrayBuffer").await?;
                }
                all.push((!value.is_null()).then(|| Uint8Array::new(&value).to_vec()));
            }
        }
        Ok(all)
    }

    /// Runs the writes, some at a time, and returns when all are accepted.
    pub(super) async fn write(&self, writes: &[Write]) -> Result<()> {
        for group in writes.chunks(AT_ONCE) {
            self.patiently(|| together(group, |write| self.start(write))).await?;
        }
        Ok(())
    }

    fn start(&self, write: &Write) -> std::result::Result<Promise, JsValue> {
        match write {
            Write::PutText { key, value, metadata } => {
                let options = object(&[("metadata", metadata.clone())]);
                self.namespace.put(key, &JsValue::from_str(value), &options)
            }
            Write::PutBytes { key, bytes, metadata } => {
                let options = object(&[("metadata", metadata.clone())]);
                self.namespace.put(key, &Uint8Array::from(bytes.as_slice()).buffer(), &options)
            }
            Write::Delete { key } => self.namespace.delete(key),
        }
    }

    /// A second look at a key that is listed but was not found. A miss is cached like a value, for a day if
    /// asked so; asking with the default age of a minute looks past such an old miss.
    async fn again(&self, key: &str, kind: &str) -> Result<JsValue> {
        let options = object(&[("type", kind.into())]);
        self.patiently(|| self.namespace.get(&JsValue::from_str(key), &options)).await
    }

    /// Runs operations, and repeats them when they fail for a reason that passes.
    async fn patiently(&self, start: impl Fn() -> std::result::Result<Promise, JsValue>) -> Result<JsValue> {
        let mut pauses = PAUSES.iter();
        loop {
            let outcome = match start() {
                Ok(promise) => js::wait(promise).await,
                Err(thrown) => Err(thrown),
            };
            let thrown = match outcome {
                Ok(value) => return Ok(value),
                Err(thrown) => thrown,
            };
            let words = js_error::describe(&thrown);
            match pauses.next() {
                Some(&pause) if passes(&words) => js::sleep(pause).await,
                _ => return Err(refused(&thrown, &words)),
            }
        }
    }
}

/// Starts an operation for each item; the promise waits for all of them.
fn together<T>(
    items: &[T],
    start: impl Fn(&T) -> std::result::Result<Promise, JsValue>,
) -> std::result::Result<Promise, JsValue> {
    let started = Array::new();
    for item in items {
        let promise: JsValue = start(item)?.into();
        started.push(&promise);
    }
    Ok(Promise::all(&started))
}

/// Whether a failure in these words is worth another try.
fn passes(words: &str) -> bool {
    let daily = words.contains("limit exceeded for the day");
    !daily
        && [
            "429",
            "Too Many Requests",
            "500",
            "502",
            "503",
            "504",
            "Network connection lost",
            "internal error",
        ]
        .iter()
        .any(|text| words.contains(text))
}

fn refused(thrown: &JsValue, words: &str) -> Error {
    let message = if words.contains("limit exceeded for the day") {
        "the free plan's operations on KV are used up for today; wait for the next day, use D1, or change the plan"
    } else if words.contains("429") || words.contains("Too Many Requests") {
        "KV takes no more writes just now; gather memories into fewer, larger calls of add"
    } else {
        "KV failed; what this call had stored stays readable, and repeating the call is harmless"
    };
    match js_error::from_store(thrown, message) {
        error if error.kind() == ErrorKind::StoreFailed => error.field("store"),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::passes;

    #[test]
    fn only_passing_failures_are_repeated() {
        for words in
            ["KV PUT failed: 429 Too Many Requests", "KV GET failed: 503", "Network connection lost."]
        {
            assert!(passes(words), "{words}");
        }
        for words in
            ["KV PUT failed: 413 Value too large", "KV put() limit exceeded for the day. 429", "TypeError"]
        {
            assert!(!passes(words), "{words}");
        }
    }
}
