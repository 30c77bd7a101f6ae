//! The class behind `edgemem/server`: answers requests over a memory of the core that this is compiled together with.
//!
//! JavaScript drives it as it drives every call of the core, so that a trap is an exception of the very step that trapped.

use std::cell::RefCell;
use std::rc::Rc;

use edgemem::bindings::{Call, Core};
use edgemem::host::LocalFuture;
use edgemem::host::js::{JsHost, wait};
use edgemem::host::js_error::from_js;
use edgemem::{ErrorKind, Memory};
use js_sys::{Array, Function, Promise, Uint8Array};
use serde_json::Value;
use wasm_bindgen::prelude::*;

use crate::body::{broken, too_large};
use crate::http::Head;
use crate::problem::Problem;
use crate::service::Service;
use crate::settings::Settings;
use crate::tenant::Tenants;

/// The service over one memory, and those of its tenants.
#[wasm_bindgen]
pub struct Handler(Rc<Service>, Rc<JsTenants>);

/// Tenants as JavaScript opens them: `open(name)` makes a core over the tenant's place and gives it to [`Handler::admit`]
/// before its promise resolves.
/// `closed(name)` is told when it is closed for others.
struct JsTenants {
    open: Function,
    closed: Function,
    admitted: RefCell<Vec<(String, Memory)>>,
}

impl Tenants for JsTenants {
    fn open<'a>(&'a self, name: &'a str) -> LocalFuture<'a, edgemem::Result<Memory>> {
        Box::pin(async move {
            let failed = |thrown: JsValue| {
                from_js(
                    &thrown,
                    ErrorKind::StoreUnavailable,
                    "the place of this organisation and project cannot be opened",
                )
            };
            let opening = self.open.call1(&JsValue::UNDEFINED, &name.into()).map_err(failed)?;
            wait(Promise::resolve(&opening)).await.map_err(failed)?;
            let mut admitted = self.admitted.borrow_mut();
            match admitted.iter().position(|(known, _)| known == name) {
                Some(at) => Ok(admitted.swap_remove(at).1),
                None => Err(failed("nothing was opened".into())),
            }
        })
    }

    fn closed(&self, name: &str) {
        // It only takes note: whatever it throws, nothing here depends on it.
        drop(self.closed.call1(&JsValue::UNDEFINED, &name.into()));
    }
}

#[wasm_bindgen]
impl Handler {
    /// Takes the memory and the settings, under the names of the Worker's variables, as JSON. What is wrong with either
    /// is told by the answers. `open` opens a tenant by its name, see [`Handler::admit`]; `closed` is told of it when the tenant was
    /// closed for others.
    #[wasm_bindgen(constructor)]
    pub fn new(core: &Core, variables: &str, open: Function, closed: Function) -> Handler {
        let variables: Value = serde_json::from_str(variables).unwrap_or_default();
        let settings = Settings::read(|name| variables[name].as_str().map(str::to_owned));
        let memory = core.memory().map_err(Problem::from);
        let tenants = Rc::new(JsTenants { open, closed, admitted: RefCell::default() });
        let service = Service::new(settings, memory, Rc::new(JsHost), Rc::clone(&tenants) as Rc<dyn Tenants>);
        Handler(Rc::new(service), tenants)
    }

    /// Gives the memory of a tenant that is being opened.
    pub fn admit(&self, name: &str, core: &Core) -> Result<(), JsError> {
        let memory = core.memory().map_err(|error| JsError::new(error.message()))?;
        self.1.admitted.borrow_mut().push((name.to_owned(), memory));
        Ok(())
    }

    /// Stores what was noted of requests that are answered. The outcome is a line for the log or null.
    pub fn settle(&self) -> Call {
        let service = Rc::clone(&self.0);
        Call::raw(Box::pin(async move { Ok(service.settle().await.map_or(JsValue::NULL, JsValue::from)) }))
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
            let body = text(answer.body.map(|body| edgemem::json::text(&body)));
            Ok(Array::of4(&answer.status.into(), &headers, &body, &text(log)).into())
        }))
    }
}
