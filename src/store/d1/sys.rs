//! The parts of a D1 binding that the store calls. The types are structural: the binding of a JavaScript
//! Worker fits, so does the one that workers-rs wraps, and so does a test's wrapper around either.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A `D1Database`.
    pub type Database;
    #[wasm_bindgen(method, catch)]
    pub fn prepare(this: &Database, sql: &str) -> Result<Statement, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn batch(this: &Database, statements: &Array) -> Result<Promise, JsValue>;

    /// A `D1PreparedStatement`.
    pub type Statement;
    #[wasm_bindgen(method, catch, variadic)]
    pub fn bind(this: &Statement, values: &Array) -> Result<Statement, JsValue>;
}
