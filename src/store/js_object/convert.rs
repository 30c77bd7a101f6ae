//! Values that cross between Rust and a store object: checked on the way in, copied both ways.

use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::store::{Commit, Entry, Image};

#[wasm_bindgen]
extern "C" {
    /// Reads the three properties of any typed array, also one of another realm (an iframe, a test runner).
    type View;
    #[wasm_bindgen(method, getter)]
    fn buffer(this: &View) -> ArrayBuffer;
    #[wasm_bindgen(method, getter, js_name = byteOffset)]
    fn byte_offset(this: &View) -> u32;
    #[wasm_bindgen(method, getter, js_name = byteLength)]
    fn byte_length(this: &View) -> u32;

    /// The constructor of the host's own array, which throws where the buffer was handed to another thread.
    #[wasm_bindgen(extends = Uint8Array, js_name = Uint8Array)]
    type Copied;
    #[wasm_bindgen(constructor, catch, js_class = "Uint8Array")]
    fn new(buffer: &ArrayBuffer, offset: u32, length: u32) -> std::result::Result<Copied, JsValue>;

    #[wasm_bindgen(js_namespace = ["Object", "prototype", "toString"], js_name = call)]
    fn tag_of(value: &JsValue) -> String;

    /// The host prints numbers: the standard library's printing of floats would come into the wasm for this alone.
    #[wasm_bindgen(js_name = String)]
    fn string_of(value: &JsValue) -> String;
}

/// The largest version that a JavaScript number tells from its neighbours.
const MAX_VERSION: f64 = 9_007_199_254_740_991.0;

/// The error for a value that a store object should not have returned.
pub(crate) fn wrong(place: &str, words: &str) -> Error {
    Error::new(
        ErrorKind::StoreFailed,
        format!("the store's {place} returned {words}; see the Store interface for what it should return"),
    )
    .field("store")
}

/// A version number: an integer from 0 to 2^53 - 1.
pub(crate) fn version(value: &JsValue, place: &str) -> Result<u64> {
    match value.as_f64() {
        Some(number) if (0.0..=MAX_VERSION).contains(&number) && number.fract() == 0.0 => Ok(number as u64),
        _ => Err(wrong(place, &format!("{} where a version number belongs", describe(value)))),
    }
}

/// A true array; array-likes are refused so that a string or a map is not taken for one.
pub(crate) fn array(value: &JsValue, place: &str) -> Result<Array> {
    if !Array::is_array(value) {
        return Err(wrong(place, &format!("{} where an array belongs", describe(value))));
    }
    Ok(value.clone().unchecked_into())
}

/// An array of strings.
pub(crate) fn strings(value: &JsValue, place: &str) -> Result<Vec<String>> {
    let item = |(i, value): (usize, JsValue)| string(&value, &format!("{place}[{i}]"));
    array(value, place)?.iter().enumerate().map(item).collect()
}

fn string(value: &JsValue, place: &str) -> Result<String> {
    value.as_string().ok_or_else(|| wrong(place, &format!("{} where a string belongs", describe(value))))
}

/// A copy of a Uint8Array's bytes (a Node `Buffer` is one). Other views are refused: a Float32Array handed
/// back by a store means that it was not the bytes that were stored.
pub(crate) fn bytes(value: &JsValue, place: &str) -> Result<Vec<u8>> {
    if !value.is_object() || tag_of(value) != "[object Uint8Array]" {
        return Err(wrong(place, &format!("{} where a Uint8Array belongs", describe(value))));
    }
    let view: &View = value.unchecked_ref();
    let own = Copied::new(&view.buffer(), view.byte_offset(), view.byte_length());
    own.map(|own| own.to_vec()).map_err(|_| wrong(place, "a Uint8Array whose buffer was given away"))
}

/// Bytes for JavaScript: a Uint8Array over a buffer of its own, never a view of wasm memory.
pub(crate) fn bytes_to_js(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// A loaded image, with its lists in the order that the engine expects.
pub(crate) fn image_from_js(value: &JsValue) -> Result<Image> {
    if !value.is_object() {
        return Err(wrong(
            "load()",
            &format!("{} where {{ version, entries, blobs }} belongs", describe(value)),
        ));
    }
    let version = version(&get(value, "version"), "load().version")?;
    let entries = array(&get(value, "entries"), "load().entries")?;
    let entry = |(i, value): (usize, JsValue)| {
        let place = format!("load().entries[{i}]");
        if !value.is_object() {
            return Err(wrong(&place, &format!("{} where {{ key, bytes }} belongs", describe(&value))));
        }
        let key = string(&get(&value, "key"), &format!("{place}.key"))?;
        if !is_key(&key) {
            return Err(wrong(&format!("{place}.key"), "a key that is not 32 lower-case hex digits"));
        }
        Ok(Entry { key, bytes: bytes(&get(&value, "bytes"), &format!("{place}.bytes"))? })
    };
    let mut entries = entries.iter().enumerate().map(entry).collect::<Result<Vec<_>>>()?;
    crate::sorted::sort(&mut entries, |a: &Entry, b: &Entry| a.key.cmp(&b.key));
    let mut blobs = strings(&get(value, "blobs"), "load().blobs")?;
    crate::sorted::sort(&mut blobs, String::cmp);
    Ok(Image { version, entries, blobs })
}

/// A commit as the plain object that a store's `commit` takes.
pub(crate) fn commit_to_js(commit: &Commit) -> JsValue {
    let append = commit
        .append
        .iter()
        .map(|entry| object(&[("key", JsValue::from_str(&entry.key)), ("bytes", bytes_to_js(&entry.bytes))]));
    let put = commit
        .put
        .iter()
        .map(|blob| object(&[("name", JsValue::from_str(&blob.name)), ("bytes", bytes_to_js(&blob.bytes))]));
    let rows = commit.rows.iter().map(|row| {
        let columns = row.columns.as_deref().map_or(JsValue::NULL, JsValue::from_str);
        object(&[("id", JsValue::from_str(&row.id)), ("columns", columns)])
    });
    object(&[
        ("partition", JsValue::from_str(&commit.partition)),
        ("expect", JsValue::from_f64(commit.expect as f64)),
        ("append", append.collect::<Array>().into()),
        ("put", put.collect::<Array>().into()),
        ("drop", strings_to_js(&commit.drop).into()),
        ("remove", strings_to_js(&commit.remove).into()),
        ("rows", rows.collect::<Array>().into()),
        ("scrub", commit.scrub.into()),
    ])
}

/// An array of strings for JavaScript.
pub(crate) fn strings_to_js(strings: &[String]) -> Array {
    strings.iter().map(|text| JsValue::from_str(text)).collect()
}

/// A plain object with these properties.
pub(crate) fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}

/// A property's value; undefined if it is missing or its getter throws.
pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

fn is_key(key: &str) -> bool {
    key.len() == 32 && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What kind of value this is, without its content: contents do not belong in messages.
fn describe(value: &JsValue) -> String {
    match value {
        _ if value.is_undefined() => "undefined".to_owned(),
        _ if value.is_null() => "null".to_owned(),
        _ if value.is_string() => "a string".to_owned(),
        _ if value.as_bool().is_some() => "a boolean".to_owned(),
        _ if value.as_f64().is_some() => format!("the number {}", string_of(value)),
        _ => tag_of(value).trim_start_matches("[object ").trim_end_matches(']').to_owned(),
    }
}
