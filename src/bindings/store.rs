//! From the `store` part of a configuration object to a store.

use std::rc::Rc;

use wasm_bindgen::JsValue;

use crate::error::{Error, ErrorKind, Result};
use crate::store::{ByteStore, JsObjectStore};
#[cfg(feature = "web")]
use crate::store::{Durability, IndexedDbStore};

/// Makes the store that `config` asks for: `{ provider, … }`. Opens nothing yet.
pub(crate) fn from_config(config: &JsValue) -> Result<Rc<dyn ByteStore>> {
    let provider = text(config, "provider")?.unwrap_or_default();
    Ok(match provider.as_str() {
        // The package's own memory store is a JavaScript object, which outlives a trapped instance.
        #[cfg(feature = "trap")]
        "memory" => Rc::new(crate::store::MemoryStore::new()),
        "object" => object(get(config, "object"))?,
        #[cfg(feature = "web")]
        "indexeddb" => {
            let name = text(config, "name")?.filter(|name| !name.is_empty()).unwrap_or("edgemem".to_owned());
            Rc::new(IndexedDbStore::new(&name, durability(config)?))
        }
        #[cfg(feature = "cloudflare")]
        "kv" => {
            let prefix = text(config, "prefix")?.unwrap_or_default();
            let stale_after = match get(config, "staleAfter") {
                value if value.is_undefined() => crate::store::KvStore::STALE_AFTER,
                value => match value.as_f64() {
                    Some(ms) if ms >= 0.0 => ms as i64,
                    _ => {
                        return Err(invalid(
                            "staleAfter",
                            "staleAfter is a number of milliseconds, 0 or more",
                        ));
                    }
                },
            };
            Rc::new(crate::store::KvStore::with_options(get(config, "binding"), &prefix, stale_after)?)
        }
        #[cfg(feature = "cloudflare")]
        "d1" => {
            let prefix = text(config, "prefix")?.unwrap_or_default();
            Rc::new(crate::store::D1Store::with_prefix(get(config, "binding"), &prefix)?)
        }
        unknown => {
            let message = format!(
                "there is no store \"{unknown}\"; choose memory, indexeddb, file, kv, d1, durable-object, or pass an object with the \
                 store's methods"
            );
            return Err(Error::new(ErrorKind::ProviderUnknown, message).field("store.provider"));
        }
    })
}

/// A gate of `wasm-pack.toml`.
#[inline(never)]
fn object(object: JsValue) -> Result<Rc<dyn ByteStore>> {
    Ok(Rc::new(JsObjectStore::new(object)?))
}

#[cfg(feature = "web")]
fn durability(config: &JsValue) -> Result<Durability> {
    match text(config, "durability")?.as_deref() {
        None | Some("relaxed") => Ok(Durability::Relaxed),
        Some("strict") => Ok(Durability::Strict),
        Some(_) => Err(invalid("durability", "durability is \"relaxed\" (the default) or \"strict\"")),
    }
}

/// A text option; `None` if it is missing.
fn text(config: &JsValue, name: &str) -> Result<Option<String>> {
    match get(config, name) {
        value if value.is_undefined() || value.is_null() => Ok(None),
        value => {
            value.as_string().map(Some).ok_or_else(|| invalid(name, &format!("store.{name} is not a string")))
        }
    }
}

fn get(config: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(config, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

fn invalid(name: &str, message: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message).field(format!("store.{name}"))
}
