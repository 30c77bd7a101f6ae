//! The objects of [`route`](crate::memory::route) as JavaScript reaches them, by two functions.

use std::rc::Rc;

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use serde_json::Value;
use wasm_bindgen::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::host::js::{JsHost, wait};
use crate::host::js_error::from_js;
use crate::memory::route::{Objects, Routing};
use crate::memory::{Memory, Models};
use crate::store::JsObjectStore;

struct JsObjects {
    ask: Function,
    owners: Function,
}

/// A memory whose owners live in objects. `store` is `{ ask, owners, routing, beside }`: `ask(name, request)` resolves to an
/// answer's bytes, `owners(tenant, most, erased)` to names, `routing` is the JSON that [`Routing::read`] reads, and
/// `beside` a store for what is kept beside memories.
/// `CONFIG_INVALID` names what is wrong with it.
pub fn routed(store: &JsValue, models: Models) -> Result<Memory> {
    let member = |name: &str| Reflect::get(store, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let function = |name: &str| {
        member(name).dyn_into::<Function>().map_err(|_| {
            let message = "objects are reached by two functions, ask and owners";
            Error::new(ErrorKind::ConfigInvalid, message).field("store")
        })
    };
    let routing = member("routing").as_string().and_then(|text| serde_json::from_str(&text).ok());
    let routing = Routing::read(&routing.unwrap_or(Value::Null)).map_err(|error| {
        let field = format!("store.config.{}", error.field_name().unwrap_or_default());
        error.field(field)
    })?;
    let objects = JsObjects { ask: function("ask")?, owners: function("owners")? };
    let beside = Rc::new(JsObjectStore::new(member("beside"))?);
    Ok(Memory::routed(Rc::new(objects), beside, Rc::new(JsHost), models, routing))
}

impl Objects for JsObjects {
    fn ask<'a>(&'a self, object: &'a str, request: Vec<u8>) -> LocalFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move {
            let request = Uint8Array::from(&request[..]);
            let answer = settled(self.ask.call2(&JsValue::UNDEFINED, &object.into(), &request)).await?;
            Ok(Uint8Array::new(&answer).to_vec())
        })
    }

    /// All at once: one promise is waited for, of what became of each.
    fn ask_all<'a>(
        &'a self,
        objects: &'a [String],
        request: &'a [u8],
    ) -> LocalFuture<'a, Vec<Result<Vec<u8>>>> {
        Box::pin(async move {
            let request = Uint8Array::from(request);
            let ask = |object: &String| {
                let asked = self.ask.call2(&JsValue::UNDEFINED, &object.as_str().into(), &request);
                asked.unwrap_or_else(|thrown| Promise::reject(&thrown).into())
            };
            let asked: Array = objects.iter().map(ask).collect();
            // It never rejects.
            let settled = wait(Promise::all_settled(&asked)).await.unwrap_or_default();
            let answer = |outcome: JsValue| {
                let part = |name: &str| Reflect::get(&outcome, &name.into()).unwrap_or(JsValue::UNDEFINED);
                match part("status") == "fulfilled" {
                    true => Ok(Uint8Array::new(&part("value")).to_vec()),
                    false => Err(failed(&part("reason"))),
                }
            };
            Array::from(&settled).iter().map(answer).collect()
        })
    }

    fn owners<'a>(
        &'a self,
        tenant: &'a str,
        most: usize,
        erased: bool,
    ) -> LocalFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let most = JsValue::from_f64(most as f64);
            let asked = self.owners.call3(&JsValue::UNDEFINED, &tenant.into(), &most, &erased.into());
            let names = settled(asked).await?;
            Ok(Array::from(&names).iter().filter_map(|name| name.as_string()).collect())
        })
    }
}

/// Awaits what a function returned, or throws what it threw, as an error of ours.
async fn settled(returned: std::result::Result<JsValue, JsValue>) -> Result<JsValue> {
    let settled = match returned {
        Ok(promise) => wait(Promise::resolve(&promise)).await,
        Err(thrown) => Err(thrown),
    };
    settled.map_err(|thrown| failed(&thrown))
}

fn failed(thrown: &JsValue) -> Error {
    from_js(thrown, ErrorKind::ObjectFailed, "an object did not answer; repeating the call is harmless")
}
