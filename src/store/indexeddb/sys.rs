//! The few parts of IndexedDB and BroadcastChannel that the store calls, bound by hand: the generated
//! bindings of `web-sys` would do the same with more glue.

use js_sys::{Array, Function, JsString, Promise};
use wasm_bindgen::prelude::*;

type Thrown<T> = Result<T, JsValue>;

#[wasm_bindgen]
extern "C" {
    pub type Factory;
    #[wasm_bindgen(method, catch)]
    pub fn open(this: &Factory, name: &str, version: f64) -> Thrown<Request>;

    /// An `IDBRequest`; the one that opens a database also has `onupgradeneeded`.
    #[derive(Clone)]
    pub type Request;
    #[wasm_bindgen(method, getter, catch)]
    pub fn result(this: &Request) -> Thrown<JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    pub fn error(this: &Request) -> Thrown<JsValue>;
    #[wasm_bindgen(method, getter, js_name = readyState)]
    pub fn ready_state(this: &Request) -> JsString;
    #[wasm_bindgen(method, setter)]
    pub fn set_onsuccess(this: &Request, handler: &Function);
    #[wasm_bindgen(method, setter)]
    pub fn set_onerror(this: &Request, handler: &Function);
    #[wasm_bindgen(method, setter)]
    pub fn set_onupgradeneeded(this: &Request, handler: &Function);

    #[derive(Clone)]
    pub type Database;
    #[wasm_bindgen(method, catch, js_name = createObjectStore)]
    pub fn create_object_store(this: &Database, name: &str) -> Thrown<ObjectStore>;
    #[wasm_bindgen(method, catch)]
    pub fn transaction(this: &Database, stores: &Array, mode: &str, options: &JsValue)
    -> Thrown<Transaction>;
    #[wasm_bindgen(method)]
    pub fn close(this: &Database);
    #[wasm_bindgen(method, setter)]
    pub fn set_onversionchange(this: &Database, handler: &Function);

    /// A method that is to be called on one object later on.
    pub type Method;
    #[wasm_bindgen(method)]
    pub fn bind(this: &Method, object: &Database) -> Function;

    pub type Transaction;
    #[wasm_bindgen(method, catch, js_name = objectStore)]
    pub fn object_store(this: &Transaction, name: &str) -> Thrown<ObjectStore>;
    #[wasm_bindgen(method, catch)]
    pub fn abort(this: &Transaction) -> Thrown<()>;
    #[wasm_bindgen(method, getter)]
    pub fn error(this: &Transaction) -> JsValue;
    #[wasm_bindgen(method, setter)]
    pub fn set_oncomplete(this: &Transaction, handler: &Function);
    #[wasm_bindgen(method, setter)]
    pub fn set_onabort(this: &Transaction, handler: &Function);

    pub type ObjectStore;
    #[wasm_bindgen(method, catch)]
    pub fn get(this: &ObjectStore, key: &JsValue) -> Thrown<Request>;
    #[wasm_bindgen(method, catch, js_name = getAll)]
    pub fn get_all(this: &ObjectStore, range: &JsValue) -> Thrown<Request>;
    #[wasm_bindgen(method, catch, js_name = getAllKeys)]
    pub fn get_all_keys(this: &ObjectStore, range: &JsValue) -> Thrown<Request>;
    #[wasm_bindgen(method, catch)]
    pub fn add(this: &ObjectStore, value: &JsValue, key: &JsValue) -> Thrown<Request>;
    #[wasm_bindgen(method, catch)]
    pub fn put(this: &ObjectStore, value: &JsValue, key: &JsValue) -> Thrown<Request>;
    #[wasm_bindgen(method, catch)]
    pub fn delete(this: &ObjectStore, key: &JsValue) -> Thrown<Request>;

    #[wasm_bindgen(js_namespace = IDBKeyRange, catch)]
    pub fn bound(lower: &JsValue, upper: &JsValue) -> Thrown<JsValue>;

    #[derive(Clone)]
    pub type Event;
    #[wasm_bindgen(method, getter)]
    pub fn data(this: &Event) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub fn target(this: &Event) -> Request;
    #[wasm_bindgen(method, js_name = preventDefault)]
    pub fn prevent_default(this: &Event);
    #[wasm_bindgen(method, js_name = stopPropagation)]
    pub fn stop_propagation(this: &Event);

    pub type BroadcastChannel;
    #[wasm_bindgen(constructor, catch)]
    pub fn new(name: &str) -> Thrown<BroadcastChannel>;
    #[wasm_bindgen(method, catch, js_name = postMessage)]
    pub fn post_message(this: &BroadcastChannel, message: &JsValue) -> Thrown<()>;
    #[wasm_bindgen(method, setter)]
    pub fn set_onmessage(this: &BroadcastChannel, handler: &Function);
    #[wasm_bindgen(method)]
    pub fn close(this: &BroadcastChannel);
}

/// Resolves when the request has its result, rejects when it has its error. The handlers are the promise's own
/// functions, so that nothing of Rust has to stay alive for them.
pub fn settled(request: &Request) -> Promise {
    Promise::new(&mut |resolve: Function, reject: Function| {
        request.set_onsuccess(&resolve);
        request.set_onerror(&reject);
    })
}

/// Resolves when the transaction is complete, rejects when it was aborted, for whatever reason.
pub fn completed(transaction: &Transaction) -> Promise {
    Promise::new(&mut |resolve: Function, reject: Function| {
        transaction.set_oncomplete(&resolve);
        transaction.set_onabort(&reject);
    })
}
