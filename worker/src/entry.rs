//! The classes that `shim.js` drives.
//!
//! There is no `#[event(fetch)]` here. Its futures run on one queue for the whole instance, and a trap ends the
//! queue: the request that trapped, and all others that wait, are never answered. A [`Task`] belongs to its
//! request alone: JavaScript steps it, awaits what it waits for in that same request, and steps it again. So
//! no request ever wakes another, a trap is an exception of the very step that trapped, and the shim can
//! answer, replace the instance and go on.
//!
//! For the same reason nothing in here may await anything but [`wait`]: not the `async` methods of workers-rs.

use std::cell::RefCell;
use std::rc::Rc;

use edgemem::host::js::{Task, wait};
use wasm_bindgen::prelude::*;
use worker::js_sys::{Function, Promise, Reflect, Uint8Array};
use worker::web_sys::{self, ReadableStreamDefaultReader};
use worker::{Env, Headers, Request, ResponseBuilder, console_error, console_log};

use crate::bindings;
use edgemem_service::body::{broken, too_large};
use edgemem_service::http::{Answer, Head, READ_HEADERS};
use edgemem_service::problem::Problem;
use edgemem_service::service::Service;

/// The Worker in one isolate.
#[wasm_bindgen]
pub struct Worker(Rc<Service>);

#[wasm_bindgen]
impl Worker {
    /// Sets up the one memory that all requests share. What is wrong with the environment is told by the
    /// answers. `tokens` is the function that loads the token table, for when the memory first needs it, `reach` the
    /// one that makes a store of the binding of a class of objects.
    #[wasm_bindgen(constructor)]
    pub fn new(env: Env, tokens: JsValue, reach: Function) -> Worker {
        Worker(Rc::new(bindings::service(&env, &tokens, &reach)))
    }

    /// Starts answering a request.
    pub fn handle(&self, request: web_sys::Request) -> Exchange {
        let service = Rc::clone(&self.0);
        let response = Rc::new(RefCell::new(None));
        let settled = Rc::clone(&response);
        let task = Task::new(Box::pin(async move {
            let request = Request::from(request);
            let head = head(&request);
            let read = async |limit| read(request.inner(), limit).await;
            let (answer, log) = service.answer(&head, read).await;
            tell(log);
            *settled.borrow_mut() = Some(write(answer, head.method == "HEAD"));
        }));
        Exchange { task, response }
    }

    /// Starts to store what was noted of requests that are answered. It ends without a response.
    pub fn settle(&self) -> Exchange {
        let service = Rc::clone(&self.0);
        let task = Task::new(Box::pin(async move { tell(service.settle().await) }));
        Exchange { task, response: Rc::default() }
    }
}

/// Writes a line into the log.
fn tell(line: Option<String>) {
    match line {
        Some(line) if line.contains("\"level\":\"info\"") => console_log!("{line}"),
        Some(line) => console_error!("{line}"),
        None => {}
    }
}

/// One request that is being answered: stepped by JavaScript until it is done.
#[wasm_bindgen]
pub struct Exchange {
    task: Task,
    response: Rc<RefCell<Option<Result<web_sys::Response, JsValue>>>>,
}

#[wasm_bindgen]
impl Exchange {
    /// Runs until something has to be waited for and returns its promise; undefined when the response is
    /// there. The arguments tell how the previous promise settled.
    pub fn step(&self, fulfilled: bool, value: JsValue) -> Option<Promise> {
        self.task.step(Some(if fulfilled { Ok(value) } else { Err(value) }))
    }

    /// The response, once.
    pub fn response(&self) -> Result<web_sys::Response, JsValue> {
        self.response.take().unwrap_or_else(|| Err("there is no response yet".into()))
    }
}

fn head(request: &Request) -> Head {
    let header = |name: &str| Some((name.to_owned(), request.headers().get(name).ok()??));
    let inner = request.inner();
    Head::new(&inner.method(), &inner.url(), READ_HEADERS.iter().copied().filter_map(header).collect())
}

/// Reads a body piece by piece, and no further than the limit.
async fn read(request: &web_sys::Request, limit: usize) -> Result<Vec<u8>, Problem> {
    let Some(stream) = request.body() else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let piece = wait(reader.read().unchecked_into()).await.map_err(|_| broken())?;
        let part = |name: &str| Reflect::get(&piece, &name.into()).unwrap_or(JsValue::UNDEFINED);
        if part("done").is_truthy() {
            return Ok(bytes);
        }
        let piece = Uint8Array::new(&part("value"));
        if bytes.len() + piece.length() as usize > limit {
            // For whoever reads the rest away.
            reader.release_lock();
            return Err(too_large(limit));
        }
        bytes.extend(piece.to_vec());
    }
}

fn write(answer: Answer, headless: bool) -> Result<web_sys::Response, JsValue> {
    let headers = Headers::new();
    headers.set("cache-control", "no-store")?;
    headers.set("x-content-type-options", "nosniff")?;
    for (name, value) in &answer.headers {
        headers.set(name, value)?;
    }
    let bytes = answer.body.map(|body| edgemem::json::text(&body).into_bytes());
    if let Some(bytes) = &bytes {
        headers.set("content-type", "application/json")?;
        if headless {
            headers.set("content-length", &bytes.len().to_string())?;
        }
    }
    let response = ResponseBuilder::new().with_status(answer.status).with_headers(headers);
    Ok(match bytes.filter(|_| !headless) {
        Some(bytes) => response.fixed(bytes),
        None => response.empty(),
    }
    .into())
}
