//! From the Worker's environment to settings, a store and a memory.

use std::rc::Rc;

use edgemem::host::js::JsHost;
use edgemem::model::tokens_from_js;
use edgemem::store::{ByteStore, D1Store, KvStore};
use edgemem::{Error, ErrorKind, Memory, Models};
use wasm_bindgen::JsValue;
use worker::Env;

use crate::problem::Problem;
use crate::service::Service;
use crate::settings::{Settings, StoreKind};

/// Sets the service up. Bindings are no I/O objects of the request that they come with: they and the memory
/// over them serve all requests of the isolate. `tokens` is the function that loads the token table.
pub fn service(env: &Env, tokens: &JsValue) -> Service {
    let settings = Settings::read(|name| env.var(name).ok().map(|text| text.to_string()));
    let memory =
        settings.clone().and_then(|settings| memory(env, settings.store, tokens).map_err(Problem::from));
    Service { settings, memory }
}

fn memory(env: &Env, kind: StoreKind, tokens: &JsValue) -> edgemem::Result<Memory> {
    if !tokens.is_function() {
        let message =
            "the function that loads the token table is missing: build shim.js and the core together";
        return Err(Error::new(ErrorKind::ConfigInvalid, message).field("tokens"));
    }
    let store: Rc<dyn ByteStore> = match kind {
        StoreKind::D1 => Rc::new(D1Store::new(binding(env, "DB", "d1_databases")?)?),
        StoreKind::Kv => Rc::new(KvStore::new(binding(env, "KV", "kv_namespaces")?)?),
    };
    let models = Models { tokens: tokens_from_js(tokens), ..Models::default() };
    Ok(Memory::with_models(store, Rc::new(JsHost), models))
}

/// A binding as JavaScript sees it. (The wrappers of workers-rs look at the name of its class, which a
/// wrapped binding of a test does not have; the stores look at its methods.)
fn binding(env: &Env, name: &str, section: &str) -> edgemem::Result<JsValue> {
    let binding = worker::js_sys::Reflect::get(env, &name.into()).unwrap_or(JsValue::UNDEFINED);
    if binding.is_object() {
        return Ok(binding);
    }
    let message = format!("the binding {name} is missing: declare it under [[{section}]] in wrangler.toml");
    Err(Error::new(ErrorKind::ConfigInvalid, message).field(name))
}
