//! The classes that the npm package's TypeScript calls. Nothing here but conversion.
//!
//! Requests and results cross as JSON text: one copy each way, and the same wire types that the HTTP
//! service reads. Calls are driven by JavaScript, see [`crate::host::js`].

mod handle;
#[cfg(feature = "trap")]
mod model_probe;
mod store;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Promise, Reflect};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::host::js::{JsHost, Task};
use crate::memory::{Memory, Models, Reading, wire};
use crate::model::config::{completer_from_js, embedder_from_js, reranker_from_js};
use crate::model::tokens_from_js;

/// One running call: stepped by JavaScript until it is done.
#[wasm_bindgen]
pub struct Call {
    task: Task,
    outcome: Rc<RefCell<JsValue>>,
}

impl Call {
    /// A call whose outcome is this future's, as JSON text.
    pub(crate) fn of(future: LocalFuture<'static, Result<Value>>) -> Call {
        Call::raw(Box::pin(async move { Ok(json_text(json!({ "ok": future.await? }))) }))
    }

    /// A call whose outcome is this future's; only an error is JSON text.
    pub(crate) fn raw(future: LocalFuture<'static, Result<JsValue>>) -> Call {
        let outcome = Rc::new(RefCell::new(JsValue::UNDEFINED));
        let settled = Rc::clone(&outcome);
        let task = Task::new(Box::pin(async move {
            let result = match future.await {
                Ok(value) => value,
                Err(error) => json_text(json!({ "error": wire::error(&error) })),
            };
            settled.replace(result);
        }));
        Call { task, outcome }
    }
}

fn json_text(value: Value) -> JsValue {
    JsValue::from_str(&value.to_string())
}

#[wasm_bindgen]
impl Call {
    /// Runs until the call has to wait; returns the promise it waits for, or undefined when it is done.
    /// The arguments tell how the previous promise settled; they are ignored by the first step.
    pub fn step(&self, fulfilled: bool, value: JsValue) -> Option<Promise> {
        self.task.step(Some(if fulfilled { Ok(value) } else { Err(value) }))
    }

    /// The finished call's outcome: as JSON text `{"ok": …}` or `{"error": {code, message, field, cause}}`. What is
    /// answered by a store is a list, see [`handle`].
    pub fn outcome(&self) -> JsValue {
        self.outcome.take()
    }
}

/// One memory with its store and models.
#[wasm_bindgen]
pub struct Core(Result<Memory>);

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
        let arguments = match serde_json::from_str(arguments) {
            Ok(Value::Array(arguments)) => arguments,
            _ => {
                let error =
                    Error::new(ErrorKind::InvalidArgument, "the arguments are not JSON that can be stored");
                return Call::of(Box::pin(async { Err(error) }));
            }
        };
        let (memory, method) = (self.0.clone(), method.to_owned());
        Call::of(Box::pin(async move { wire::call(&memory?, &method, &arguments).await }))
    }
}

/// How messages are read, as the package's TypeScript has checked it.
fn reading(config: &JsValue) -> Reading {
    let member = |name: &str| Reflect::get(config, &name.into()).unwrap_or(JsValue::UNDEFINED);
    Reading {
        two_phase: member("twoPhase").is_truthy(),
        instructions: member("instructions").as_string().unwrap_or_default(),
    }
}

fn memory(config: &JsValue) -> Result<Memory> {
    // A member of undefined or of a primitive is undefined, which means the default.
    let member = |name: &str| Reflect::get(config, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let store = store::from_config(&member("store"))?;
    let models = Models {
        embedder: embedder_from_js(&member("embedder"))?,
        completer: completer_from_js(&member("llm"))?,
        reading: reading(&member("reading")),
        reranker: reranker_from_js(&member("reranker"))?,
        tokens: tokens_from_js(&member("tokens")),
    };
    Ok(Memory::with_models(store, Rc::new(JsHost), models))
}
