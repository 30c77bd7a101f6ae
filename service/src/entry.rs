//! The class behind `edgemem/server`: answers requests over a memory of the core that this is compiled together with.
//!
//! JavaScript drives it as it drives every call of the core, so that a trap is an exception of the very step that trapped.

use std::rc::Rc;

use edgemem::bindings::{Call, Core};
use edgemem::host::js::wait;
use js_sys::{Array, Function, Promise, Uint8Array};
use serde_json::Value;
use wasm_bindgen::prelude::*;

use crate::body::{broken, too_large};
use crate::http::Head;
use crate::problem::Problem;
use crate::service::Service;
use crate::settings::Settings;

/// The service over one memory.
#[wasm_bindgen]
pub struct Handler(Rc<Service>);

#[wasm_bindgen]
impl Handler {
    /// Takes the memory and the settings, under the names of the Worker's variables, as JSON. What is wrong with either
    /// is told by the answers.
    #[wasm_bindgen(constructor)]
    pub fn new(core: &Core, variables: &str) -> Handler {
        let variables: Value = serde_json::from_str(variables).unwrap_or_default();
        let settings = Settings::read(|name| variables[name].as_str().map(str::to_owned));
        let memory = core.memory().map_err(Problem::from);
        Handler(Rc::new(Service { settings, memory }))
    }

    /// Starts to answer a request. `headers` are names in small letters, each followed by its value. `read` resolves to the
    /// body, or to null if it has more bytes than it is told.
    ///
    /// The outcome is a list: the status, a list of headers as above, the body's text or null, a line for the log or null.
    pub fn handle(&self, method: &str, url: &str, headers: Vec<String>, read: Function) -> Call {
        let pairs = headers.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
        let (service, head) = (Rc::clone(&self.0), Head::new(method, url, pairs.collect()));
        Call::raw(Box::pin(async move {
            let read = async |limit: usize| {
                let asked = read.call1(&JsValue::UNDEFINED, &(limit as f64).into()).map_err(|_| broken())?;
                let bytes = wait(Promise::resolve(&asked)).await.map_err(|_| broken())?;
                if bytes.is_null() { Err(too_large(limit)) } else { Ok(Uint8Array::new(&bytes).to_vec()) }
            };
            let (answer, log) = service.answer(&head, read).await;
            let headers = Array::new();
            for (name, value) in &answer.headers {
                headers.push(&(*name).into());
                headers.push(&value.into());
            }
            let text = |text: Option<String>| text.map_or(JsValue::NULL, JsValue::from);
            let body = text(answer.body.map(|body| body.to_string()));
            Ok(Array::of4(&answer.status.into(), &headers, &body, &text(log)).into())
        }))
    }
}
