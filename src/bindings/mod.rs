//! The classes that the npm package's TypeScript calls. Nothing here but conversion.
//!
//! Requests and results cross as JSON text: one copy each way, and the same wire types that the HTTP
//! service reads. Calls are driven by JavaScript, see [`crate::host::js`].

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::host::js::Task;

/// One running call: stepped by JavaScript until it is done.
#[wasm_bindgen]
pub struct Call {
    task: Task,
    outcome: Rc<RefCell<String>>,
}

#[wasm_bindgen]
impl Call {
    /// Runs until the call has to wait; returns the promise it waits for, or undefined when it is done.
    /// The arguments tell how the previous promise settled; they are ignored by the first step.
    pub fn step(&self, fulfilled: bool, value: JsValue) -> Option<Promise> {
        self.task.step(Some(if fulfilled { Ok(value) } else { Err(value) }))
    }

    /// The finished call's outcome as JSON: `{"ok": …}` or `{"error": {code, message, field, cause}}`.
    pub fn outcome(&self) -> String {
        self.outcome.take()
    }
}

/// One memory with its store and models.
#[wasm_bindgen]
pub struct Core {}

#[wasm_bindgen]
impl Core {
    /// Takes the configuration object of `new Memory(config)`; does no work yet.
    #[wasm_bindgen(constructor)]
    pub fn new(_config: JsValue) -> Core {
        Core {}
    }

    /// Starts a method with its arguments as JSON.
    pub fn call(&self, method: &str, _args: &str) -> Call {
        let outcome = Rc::new(RefCell::new(format!("{{\"ok\":{method:?}}}")));
        Call { task: Task::new(Box::pin(async {})), outcome }
    }
}
