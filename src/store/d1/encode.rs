//! Bytes and rows as JSON text, which is how they travel to D1.
//!
//! A blob would travel as a JSON array of numbers, some fifty times slower than text, so bytes go as base64.
//! Many rows go in one parameter that SQLite takes apart with `json_each`; a parameter is kept well below
//! the limit of 2,000,000 bytes for a string, and so is every row.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, ErrorKind, Result};
use crate::json;
use crate::store::{Blob, Entry, Row};

/// How many raw bytes one row holds; a whole number of base64 groups.
pub(super) const PART: usize = 3 * 341 * 1024;
/// How long the JSON of one parameter may get, in bytes. One full part fits with room for its name.
const PARAMETER: usize = 1_500_000;
/// How long a line of the readable table may get: long texts are cut there, the log keeps them whole.
const ROW: usize = 500_000;

/// Collects JSON items into as few parameters as possible, each an array.
struct Parameters {
    done: Vec<String>,
    open: String,
}

impl Parameters {
    fn of(items: impl Iterator<Item = String>) -> Vec<String> {
        let mut parameters = Parameters { done: Vec::new(), open: String::new() };
        for item in items {
            if !parameters.open.is_empty() && parameters.open.len() + item.len() + 2 > PARAMETER {
                parameters.close();
            }
            parameters.open.push(if parameters.open.is_empty() { '[' } else { ',' });
            parameters.open.push_str(&item);
        }
        parameters.close();
        parameters.done
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.open.push(']');
            self.done.push(std::mem::take(&mut self.open));
        }
    }
}

/// Entries as `[key, part, base64]`.
pub(super) fn entries(entries: &[Entry]) -> Vec<String> {
    Parameters::of(entries.iter().flat_map(|entry| {
        parts(&entry.bytes).map(move |(part, bytes)| {
            let mut item = format!("[{},{part},\"", quoted(&entry.key));
            STANDARD.encode_string(bytes, &mut item);
            item.push_str("\"]");
            item
        })
    }))
}

/// Blobs as `[name, part, size, base64]`.
pub(super) fn blobs(blobs: &[Blob]) -> Vec<String> {
    Parameters::of(blobs.iter().flat_map(|blob| {
        parts(&blob.bytes).map(move |(part, bytes)| {
            let mut item = format!("[{},{part},{},\"", quoted(&blob.name), blob.bytes.len());
            STANDARD.encode_string(bytes, &mut item);
            item.push_str("\"]");
            item
        })
    }))
}

/// Names as strings.
pub(super) fn names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    Parameters::of(names.map(quoted))
}

/// Rows to write as `{ id, columns }`; rows to delete are left out.
pub(super) fn rows(rows: &[Row]) -> Result<Vec<String>> {
    let mut items = Vec::new();
    for row in rows {
        let Some(columns) = &row.columns else { continue };
        let mut item = format!("{{\"id\":{},\"columns\":", quoted(&row.id));
        item.push_str(&readable(columns)?);
        item.push('}');
        items.push(item);
    }
    Ok(Parameters::of(items.into_iter()))
}

/// Decodes the text of one part.
pub(super) fn decode(text: &str, into: &mut Vec<u8>, name: &str) -> Result<()> {
    STANDARD.decode_vec(text, into).map_err(|cause| {
        let message =
            format!("the D1 row of \"{name}\" is damaged; restore the database from before the damage");
        Error::new(ErrorKind::StoreCorrupt, message).field("store").cause(cause)
    })
}

/// A row's columns, cut to a length that a reader of the table can still be shown.
fn readable(columns: &str) -> Result<String> {
    if columns.len() <= ROW {
        return Ok(columns.to_owned());
    }
    // Parsed as any value: parsing a map alone brings its own complaints about every other type into the wasm.
    let Ok(serde_json::Value::Object(mut parsed)) = serde_json::from_str(columns) else {
        return Err(Error::new(ErrorKind::Internal, "a row of the readable table is not a JSON object"));
    };
    for value in parsed.values_mut() {
        let mut text = value.as_str().map_or_else(|| json::text(value), str::to_owned);
        if text.len() > ROW / 20 {
            text.truncate(text.floor_char_boundary(ROW / 20));
            text.push('…');
            *value = serde_json::Value::String(text);
        }
    }
    let mut text = String::new();
    json::write_object(&parsed, &mut text);
    Ok(text)
}

/// The parts that bytes are split into; empty bytes are one empty part.
fn parts(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let count = bytes.len().div_ceil(PART).max(1);
    (0..count).map(move |part| (part, &bytes[part * PART..bytes.len().min((part + 1) * PART)]))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    // Writing into a String cannot fail.
    let _ = write!(out, "{}", serde_json::Value::from(text));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parameter_exceeds_the_limit_and_nothing_is_lost() {
        let sizes = [0, 1, 2, 3, PART - 1, PART, PART + 1, 3 * PART + 7];
        let all: Vec<Blob> = sizes
            .iter()
            .map(|&size| Blob {
                name: format!("b-{size}"),
                bytes: (0..size).map(|i| (i * 7) as u8).collect(),
            })
            .collect();
        let parameters = blobs(&all);
        assert!(parameters.iter().all(|text| text.len() <= PARAMETER), "a parameter is too long");
        for blob in &all {
            let mut bytes = Vec::new();
            for parameter in &parameters {
                for item in serde_json::from_str::<Vec<(String, usize, usize, String)>>(parameter).unwrap() {
                    if item.0 == blob.name {
                        assert_eq!(item.2, blob.bytes.len());
                        decode(&item.3, &mut bytes, &item.0).unwrap();
                    }
                }
            }
            assert!(bytes == blob.bytes, "{} bytes came back different", blob.bytes.len());
        }
    }

    #[test]
    fn long_rows_are_cut_at_a_character() {
        let columns = serde_json::json!({ "memory": "ü".repeat(400_000), "metadata": { "a": "x".repeat(300_000) },
            "user_id": "alice", "run_id": null });
        let row = Row { id: "m\"1".to_owned(), columns: Some(columns.to_string()) };
        let parameters = rows(&[row, Row { id: "gone".to_owned(), columns: None }]).unwrap();
        let items: Vec<serde_json::Value> = serde_json::from_str(&parameters[0]).unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0]["id"], "m\"1");
        assert_eq!(items[0]["columns"]["user_id"], "alice");
        assert!(items[0]["columns"]["run_id"].is_null());
        assert!(items[0]["columns"]["memory"].as_str().unwrap().ends_with('…'));
        assert!(parameters[0].len() < ROW);
    }

    #[test]
    fn damaged_base64_is_named() {
        let error = decode("a*b", &mut Vec::new(), "seg-1").unwrap_err();
        assert_eq!(error.code(), "STORE_CORRUPT");
        assert!(error.message().contains("seg-1"));
    }
}
