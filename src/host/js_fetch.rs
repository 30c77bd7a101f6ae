//! [`Fetch`] over JavaScript's own `fetch`, or a function of the same shape.
//!
//! Only `fetch`, `AbortController`, `setTimeout` and readable streams are used, which browsers, Node and
//! Workers share. Every wait is a race against one promise that stands for time-out and abort, so a
//! function that ignores its signal cannot hold a call either.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::LocalFuture;
use super::fetch::{Fetch, FetchError, HttpRequest, HttpResponse};
use super::js::wait;
use super::js_error::describe;

/// The JavaScript host's HTTP.
#[derive(Default)]
pub struct JsFetch {
    fetch: Option<Function>,
    signal: Option<AbortSignal>,
}

impl JsFetch {
    /// Sends through `fetch` if given, else through the global function of that name. Once `signal`, an
    /// `AbortSignal`, aborts, running requests end and no further ones are sent.
    pub fn new(fetch: Option<Function>, signal: Option<AbortSignal>) -> JsFetch {
        JsFetch { fetch, signal }
    }

    /// The signal that was given, for waits of other kinds.
    pub fn signal(&self) -> Option<AbortSignal> {
        self.signal.clone()
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        if self.aborted() {
            return Err(FetchError::Aborted);
        }
        let flight = Flight { controller: AbortController::new() };
        let stop = Stop::new(Some(request.timeout_ms), self.signal.clone());
        let init = init(&request, &flight.controller.signal()).map_err(network)?;
        let sent = match &self.fetch {
            Some(fetch) => fetch.call2(&JsValue::UNDEFINED, &JsValue::from_str(&request.url), &init),
            None => global_fetch(&request.url, &init),
        };
        let response = stop.race(&sent.map_err(network)?).await?.map_err(network)?;
        let response: Response = response.unchecked_into();
        let status = response.status().map_err(network)?;
        let Some(status) = status.as_f64().filter(|status| (200.0..600.0).contains(status)) else {
            return Err(FetchError::Network("fetch did not return a response with a status".to_owned()));
        };
        let headers = headers(&response).map_err(network)?;
        let body = read(&response, &stop, request.max_response).await?;
        Ok(HttpResponse { status: status as u16, headers, body })
    }
}

impl Fetch for JsFetch {
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, FetchError>> {
        Box::pin(self.exchange(request))
    }

    fn sleep(&self, ms: f64) -> LocalFuture<'_, ()> {
        Box::pin(async move {
            if !self.aborted() {
                let _ = wait(Stop::new(Some(ms), self.signal.clone()).promise.clone()).await;
            }
        })
    }

    fn aborted(&self) -> bool {
        self.signal.as_ref().is_some_and(AbortSignal::is_aborted)
    }
}

/// A promise that resolves at a time-out or when a signal aborts, whichever comes first. Timer and
/// listener go when it is dropped.
pub struct Stop {
    promise: Promise,
    resolve: Function,
    /// What the promise resolves with at the time-out: an object that nobody else has.
    late: Object,
    timer: JsValue,
    signal: Option<AbortSignal>,
}

impl Stop {
    /// A stop after `ms`, or when `signal` aborts, whichever comes first; without both it never comes.
    pub fn new(ms: Option<f64>, signal: Option<AbortSignal>) -> Stop {
        let mut resolve = None;
        let promise = Promise::new(&mut |function: Function, _reject: Function| resolve = Some(function));
        let resolve = resolve.unwrap_or_default();
        let late = Object::new();
        let timer =
            ms.map_or(JsValue::UNDEFINED, |ms| set_timeout(&resolve, ms.clamp(0.0, LONGEST_TIMER), &late));
        if let Some(signal) = &signal {
            // A signal that is none was refused when the configuration was read.
            let _ = signal.listen("abort", &resolve);
        }
        Stop { promise, resolve, late, timer, signal }
    }

    /// Waits for `value`, which may be a promise or not, unless the stop comes first: `Timeout` or `Aborted`.
    pub async fn race(&self, value: &JsValue) -> Result<Result<JsValue, JsValue>, FetchError> {
        let settled = wait(Promise::race(&Array::of2(value, &self.promise))).await;
        if settled.as_ref().is_ok_and(|value| Object::is(value, &self.late)) {
            return Err(FetchError::Timeout);
        }
        if self.signal.as_ref().is_some_and(AbortSignal::is_aborted) {
            return Err(FetchError::Aborted);
        }
        Ok(settled)
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
        if let Some(signal) = &self.signal {
            let _ = signal.unlisten("abort", &self.resolve);
        }
    }
}

/// A running request, given up when the future that waits for it is dropped. Aborting one that has
/// already been read to its end does nothing.
struct Flight {
    controller: AbortController,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.controller.abort();
    }
}

fn init(request: &HttpRequest, signal: &JsValue) -> Result<JsValue, JsValue> {
    let headers = Object::new();
    for (name, value) in &request.headers {
        Reflect::set(&headers, &JsValue::from_str(name), &JsValue::from_str(value))?;
    }
    let init = Object::new();
    for (name, value) in
        [("method", &JsValue::from_str(request.method)), ("headers", &headers), ("signal", signal)]
    {
        Reflect::set(&init, &JsValue::from_str(name), value)?;
    }
    if !request.body.is_empty() {
        Reflect::set(&init, &JsValue::from_str("body"), &Uint8Array::from(request.body.as_slice()))?;
    }
    Ok(init.into())
}

/// All headers that the host shows; browsers hide most of another origin's.
fn headers(response: &Response) -> Result<Vec<(String, String)>, JsValue> {
    let mut headers = Vec::new();
    let Some(iterator) = js_sys::try_iter(&response.headers()?)? else { return Ok(headers) };
    for pair in iterator {
        let pair = Array::from(&pair?);
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
            headers.push((name.to_ascii_lowercase(), value));
        }
    }
    Ok(headers)
}

/// Reads piece by piece, so that a body without end is noticed at the limit.
async fn read(response: &Response, stop: &Stop, limit: usize) -> Result<Vec<u8>, FetchError> {
    let stream = response.body().map_err(network)?;
    if stream.is_undefined() || stream.is_null() {
        let buffer = response.array_buffer().map_err(network)?;
        let buffer = stop.race(&buffer).await?.map_err(network)?;
        let bytes = Uint8Array::new(&buffer).to_vec();
        return if bytes.len() > limit { Err(FetchError::TooLarge) } else { Ok(bytes) };
    }
    let reader = stream.unchecked_into::<Stream>().reader().map_err(network)?;
    let mut body = Vec::new();
    loop {
        let piece = reader.read().map_err(network)?;
        let piece: Piece = stop.race(&piece).await?.map_err(network)?.unchecked_into();
        if piece.done() {
            return Ok(body);
        }
        let bytes = Uint8Array::new(&piece.value());
        if body.len() + bytes.length() as usize > limit {
            return Err(FetchError::TooLarge);
        }
        body.extend(bytes.to_vec());
    }
}

fn network(thrown: JsValue) -> FetchError {
    FetchError::Network(describe(&thrown))
}

/// `setTimeout` counts in 31 bits and fires at once beyond them.
const LONGEST_TIMER: f64 = 2_147_483_647.0;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn global_fetch(url: &str, init: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, ms: f64, argument: &JsValue) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);

    type AbortController;
    #[wasm_bindgen(constructor)]
    fn new() -> AbortController;
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;
    #[wasm_bindgen(method)]
    fn abort(this: &AbortController);

    /// JavaScript's `AbortSignal`, or an object with the same members.
    #[derive(Clone)]
    pub type AbortSignal;
    /// Whether it has aborted.
    #[wasm_bindgen(method, getter, js_name = aborted)]
    pub fn is_aborted(this: &AbortSignal) -> bool;
    #[wasm_bindgen(method, catch, js_name = addEventListener)]
    fn listen(this: &AbortSignal, event: &str, listener: &Function) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeEventListener)]
    fn unlisten(this: &AbortSignal, event: &str, listener: &Function) -> Result<(), JsValue>;

    type Response;
    #[wasm_bindgen(method, getter, catch)]
    fn status(this: &Response) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn headers(this: &Response) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn body(this: &Response) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &Response) -> Result<JsValue, JsValue>;

    type Stream;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn reader(this: &Stream) -> Result<Reader, JsValue>;

    type Reader;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Reader) -> Result<JsValue, JsValue>;

    type Piece;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Piece) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Piece) -> JsValue;
}
