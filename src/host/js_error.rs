//! Turns what JavaScript threw into an [`Error`].
//!
//! Anything can be thrown, so nothing is assumed of its shape: an error of ours that comes back through
//! JavaScript keeps its code, message and field; everything else becomes the text of a cause.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Error, ErrorKind};

/// An error of `kind` with `message`, caused by what JavaScript threw. If the thrown value carries one of
/// our codes, that code, its message and its field win; but not those that say that the core itself failed and an instance is
/// gone, which only the core says.
pub fn from_js(thrown: &JsValue, kind: ErrorKind, message: &str) -> Error {
    let own = text(thrown, "code").and_then(|code| ErrorKind::from_code(&code));
    let Some(own) = own.filter(|own| !matches!(own, ErrorKind::Internal | ErrorKind::OutOfMemory)) else {
        return Error::new(kind, message).cause(describe(thrown));
    };
    let mut error = Error::new(own, text(thrown, "message").unwrap_or_else(|| message.to_owned()));
    if let Some(field) = text(thrown, "field") {
        error = error.field(field);
    }
    match property(thrown, "cause") {
        Some(cause) => error.cause(describe(&cause)),
        None => error,
    }
}

/// What a store threw: a full quota is `STORE_FULL`, everything else without a code of ours `STORE_FAILED`.
pub fn from_store(thrown: &JsValue, message: &str) -> Error {
    if name(thrown).as_deref() == Some("QuotaExceededError") {
        return full(&describe(thrown));
    }
    from_js(thrown, ErrorKind::StoreFailed, message)
}

/// The error for a store that has no room left.
pub fn full(cause: &str) -> Error {
    let message = "the store is full and nothing of this call was stored; free some space, or give all of it up with reset()";
    Error::new(ErrorKind::StoreFull, message).cause(cause)
}

/// The `name` of a thrown error, such as `QuotaExceededError`.
pub fn name(thrown: &JsValue) -> Option<String> {
    text(thrown, "name")
}

/// A thrown value in words: `Name: message`, followed by up to three causes.
pub fn describe(thrown: &JsValue) -> String {
    let mut words = one(thrown);
    let mut current = property(thrown, "cause");
    for _ in 0..3 {
        let Some(cause) = current else { break };
        words.push_str("; caused by ");
        words.push_str(&one(&cause));
        current = property(&cause, "cause");
    }
    words
}

fn one(thrown: &JsValue) -> String {
    if let Some(words) = thrown.as_string() {
        return words;
    }
    match (name(thrown), text(thrown, "message")) {
        (Some(name), Some(message)) if !message.is_empty() => format!("{name}: {message}"),
        (Some(words), _) | (None, Some(words)) => words,
        (None, None) => format!("{thrown:?}"),
    }
}

fn text(object: &JsValue, key: &str) -> Option<String> {
    property(object, key)?.as_string()
}

/// A property that is there and not null. A getter that throws counts as missing.
fn property(object: &JsValue, key: &str) -> Option<JsValue> {
    if !object.is_object() && !object.is_instance_of::<js_sys::Function>() {
        return None;
    }
    let value = Reflect::get(object, &JsValue::from_str(key)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}
