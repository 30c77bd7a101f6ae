//! The classes that the npm package's TypeScript calls. Nothing here but conversion.
//!
//! Requests and results cross as JSON text: one copy each way, and the same wire types that the HTTP
//! service reads. Calls are driven by JavaScript, see [`crate::host::js`].

mod handle;
#[cfg(feature = "trap")]
mod model_probe;
#[cfg(feature = "objects")]
pub mod objects;
mod store;

use std::cell::RefCell;
use std::rc::Rc;

#[cfg(feature = "objects")]
use js_sys::Uint8Array;
use js_sys::{Promise, Reflect};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::host::js::{JsHost, Task};
#[cfg(feature = "objects")]
use crate::memory::route;
use crate::memory::{Memory, Models, Reading, wire};
use crate::model::config::{completer_from_js, embedder_from_js, reranker_from_js};
use crate::model::tokens_from_js;

/// One running call: stepped by JavaScript until it is done.
#[wasm_bindgen]
pub struct Call {
    task: Task,
    outcome: Rc<RefCell<JsValue>>,
    bytes: Rc<RefCell<Vec<u8>>>,
}

impl Call {
    /// A call whose outcome is this future's, as JSON text.
    pub(crate) fn of(future: LocalFuture<'static, Result<Value>>) -> Call {
        Call::raw(Box::pin(async move { Ok(json_text(json!({ "ok": future.await? }))) }))
    }

    /// A call whose outcome is this future's; only an error is JSON text.
    pub fn raw(future: LocalFuture<'static, Result<JsValue>>) -> Call {
        let outcome = Rc::new(RefCell::new(JsValue::UNDEFINED));
        let settled = Rc::clone(&outcome);
        let task = Task::new(Box::pin(async move {
            let result = match future.await {
                Ok(value) => value,
                Err(error) => json_text(json!({ "error": wire::error(&error) })),
            };
            settled.replace(result);
        }));
        Call { task, outcome, bytes: Rc::default() }
    }
}

fn json_text(value: Value) -> JsValue {
    JsValue::from_str(&crate::json::text(&value))
}

#[wasm_bindgen]
impl Call {
    /// Runs until the call has to wait; returns the promise it waits for, or undefined when it is done.
    /// The arguments tell how the previous promise settled; they are ignored by the first step.
    pub fn step(&self, fulfilled: bool, value: JsValue) -> Option<Promise> {
        self.task.step(Some(if fulfilled { Ok(value) } else { Err(value) }))
    }

    /// The finished call's outcome: as JSON text `{"ok": …}` or `{"error": {code, message, field, cause}}`. What is
    /// answered by a store is a list, see [`handle`]; what an object answers is bytes.
    pub fn outcome(&self) -> JsValue {
        self.outcome.take()
    }

    /// The bytes that the finished call returned beside its outcome, if it was one that does.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.take()
    }
}

/// One memory with its store and models.
#[wasm_bindgen]
pub struct Core(Result<Memory>);

impl Core {
    /// The memory, for classes of other crates in the same instance.
    pub fn memory(&self) -> Result<Memory> {
        self.0.clone()
    }
}

#[wasm_bindgen]
impl Core {
    /// Takes the configuration object of `new Memory(config)`; does no work yet. What is wrong with it is
    /// reported by the first call.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &JsValue) -> Core {
        Core(memory(config))
    }

    /// Starts a method with its arguments as JSON.
    pub fn call(&self, method: &str, arguments: &str) -> Call {
        #[cfg(feature = "trap")]
        if method == "trap" {
            return Call::of(Box::pin(async { core::arch::wasm32::unreachable() }));
        }
        let (memory, method, arguments) = (self.0.clone(), method.to_owned(), read(arguments));
        Call::raw(Box::pin(async move {
            let told = wire::told(&memory?, &method, &arguments?).await?;
            Ok(JsValue::from_str(&told))
        }))
    }

    /// The same for a method that takes and returns bytes beside JSON.
    pub fn call_bytes(&self, method: &str, arguments: &str, bytes: Vec<u8>) -> Call {
        with_bytes(self.0.clone(), method.to_owned(), read(arguments), bytes)
    }
}

/// A gate of `wasm-pack.toml`.
#[inline(never)]
fn with_bytes(memory: Result<Memory>, method: String, arguments: Result<Vec<Value>>, bytes: Vec<u8>) -> Call {
    let returned = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&returned);
    let call = Call::of(Box::pin(async move {
        let (value, bytes) = wire::call_bytes(&memory?, &method, &arguments?, bytes).await?;
        *kept.borrow_mut() = bytes;
        Ok(value)
    }));
    Call { bytes: returned, ..call }
}

fn read(arguments: &str) -> Result<Vec<Value>> {
    match serde_json::from_str(arguments) {
        Ok(Value::Array(arguments)) => Ok(arguments),
        _ => Err(Error::new(ErrorKind::InvalidArgument, "the arguments are not JSON that can be stored")),
    }
}

/// What objects and tenants need, which are many memories in one instance.
#[cfg(any(feature = "objects", feature = "service"))]
#[wasm_bindgen]
impl Core {
    /// A memory over another store in the same instance, which shares the token table of this one. What is wrong with
    /// the configuration is reported by the first call.
    pub fn beside(&self, config: &JsValue) -> Core {
        let made = |memory: &Memory| {
            let store = store::from_config(&member(config, "store"))?;
            Ok(memory.beside(store, models(config)?))
        };
        Core(self.0.as_ref().map_err(Error::clone).and_then(made))
    }
}

/// What objects need besides.
#[cfg(feature = "objects")]
#[wasm_bindgen]
impl Core {
    /// About how many bytes the loaded partitions take in memory.
    pub fn resident(&self) -> f64 {
        self.0.as_ref().map_or(0.0, |memory| memory.resident() as f64)
    }

    /// Starts to answer a request of the protocol between a Worker and its objects.
    pub fn ask(&self, request: Vec<u8>) -> Call {
        #[cfg(feature = "trap")]
        if request.ends_with(b"trap") {
            return Call::of(Box::pin(async { core::arch::wasm32::unreachable() }));
        }
        let memory = self.0.clone();
        Call::raw(Box::pin(async move {
            let answer = route::answer(&memory?, &request).await;
            Ok(Uint8Array::from(answer.as_slice()).into())
        }))
    }
}

/// How messages are read, as the package's TypeScript has checked it.
fn reading(config: &JsValue) -> Reading {
    Reading {
        two_phase: member(config, "twoPhase").is_truthy(),
        instructions: member(config, "instructions").as_string().unwrap_or_default(),
    }
}

/// A member; of undefined or of a primitive it is undefined, which means the default.
fn member(config: &JsValue, name: &str) -> JsValue {
    Reflect::get(config, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A part of the configuration, if it is there. What makes models is behind a gate, which is not passed for nothing.
fn named(config: &JsValue, name: &str) -> Option<JsValue> {
    Some(member(config, name)).filter(|value| !value.is_undefined() && !value.is_null())
}

fn memory(config: &JsValue) -> Result<Memory> {
    let store = member(config, "store");
    #[cfg(feature = "objects")]
    if member(&store, "provider") == "objects" {
        return objects::routed(&store, models(config)?);
    }
    let memory = Memory::with_models(store::from_config(&store)?, Rc::new(JsHost), models(config)?);
    if let Some(bytes) = member(config, "memoryBudget").as_f64() {
        memory.keep_loaded(bytes as u64);
    }
    Ok(memory)
}

/// The models that a configuration names.
fn models(config: &JsValue) -> Result<Models> {
    Ok(Models {
        embedder: named(config, "embedder").map_or(Ok(None), |it| embedder_from_js(&it))?,
        completer: named(config, "llm").map_or(Ok(None), |it| completer_from_js(&it))?,
        reading: reading(&member(config, "reading")),
        reranker: named(config, "reranker").map_or(Ok(None), |it| reranker_from_js(&it))?,
        tokens: tokens_from_js(&member(config, "tokens")),
    })
}
