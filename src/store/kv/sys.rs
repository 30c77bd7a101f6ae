//! The parts of a KV binding that the store calls. The types are structural: the binding of a JavaScript
//! Worker fits, and so does a test's wrapper around it.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A `KVNamespace`.
    pub type Namespace;
    /// `key` is one key, or an array of up to 100.
    #[wasm_bindgen(method, catch)]
    pub fn get(this: &Namespace, key: &JsValue, options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn put(this: &Namespace, key: &str, value: &JsValue, options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn delete(this: &Namespace, key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn list(this: &Namespace, options: &JsValue) -> Result<Promise, JsValue>;
}
