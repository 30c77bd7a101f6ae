//! Sending statements to D1 and making sense of how it refuses them.
//!
//! D1 has no error codes, only texts. Some say that the connection broke and that trying again may help;
//! for a write they leave open whether it took place, which the caller has to find out.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;

use super::sys;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{js, js_error};

/// A statement and the values for its parameters.
pub(super) type Bound<'a> = (&'a str, Vec<JsValue>);

/// How often a broken connection is tried again, and how long to wait before each time, in ms.
pub(super) const PAUSES: [f64; 3] = [50.0, 200.0, 800.0];

/// Why D1 refused a batch.
pub(super) enum Refusal {
    /// The version guard fired: somebody else committed first.
    Conflict,
    /// The tables are not there (yet).
    NoTables,
    /// The connection broke; whether the batch took place is unknown.
    Broken(Error),
    /// Anything else.
    Failed(Error),
}

impl Refusal {
    pub(super) fn into_error(self) -> Error {
        match self {
            Refusal::Conflict => {
                let message =
                    "another writer changed this partition first; load it again and repeat the change";
                Error::new(ErrorKind::StoreConflict, message)
            }
            Refusal::NoTables => {
                let message =
                    "the D1 tables disappeared while they were in use; try again to have them made anew";
                Error::new(ErrorKind::StoreFailed, message).field("store")
            }
            Refusal::Broken(error) | Refusal::Failed(error) => error,
        }
    }
}

/// A D1 binding.
pub(super) struct Client {
    database: sys::Database,
}

impl Client {
    pub(super) fn new(binding: JsValue) -> Result<Client> {
        let method = |name: &str| Reflect::get(&binding, &name.into()).is_ok_and(|value| value.is_function());
        if !binding.is_object() || !method("prepare") || !method("batch") {
            let message = "the store \"d1\" needs the D1 binding itself: binding: env.DB";
            return Err(Error::new(ErrorKind::ConfigInvalid, message).field("store.binding"));
        }
        Ok(Client { database: binding.unchecked_into() })
    }

    /// Runs the statements as one transaction, once, and returns each one's rows.
    pub(super) async fn send(&self, statements: &[Bound<'_>]) -> std::result::Result<Vec<Array>, Refusal> {
        let answer = match self.start(statements) {
            Ok(promise) => js::wait(promise).await,
            Err(thrown) => Err(thrown),
        };
        let answer = answer.map_err(|thrown| understand(&thrown))?;
        let rows = |result: JsValue| {
            let rows = Reflect::get(&result, &"results".into()).unwrap_or(JsValue::UNDEFINED);
            if Array::is_array(&rows) { Array::from(&rows) } else { Array::new() }
        };
        let all: Vec<Array> = Array::from(&answer).iter().map(rows).collect();
        if all.len() == statements.len() {
            return Ok(all);
        }
        let message = format!("D1 answered {} of {} statements", all.len(), statements.len());
        Err(Refusal::Failed(Error::new(ErrorKind::StoreFailed, message).field("store")))
    }

    /// Like [`Self::send`] for statements that may run twice without harm: a broken connection is tried
    /// again a few times.
    pub(super) async fn ask(&self, statements: &[Bound<'_>]) -> std::result::Result<Vec<Array>, Refusal> {
        for pause in PAUSES {
            match self.send(statements).await {
                Err(Refusal::Broken(_)) => js::sleep(pause).await,
                answer => return answer,
            }
        }
        self.send(statements).await
    }

    fn start(&self, statements: &[Bound<'_>]) -> std::result::Result<Promise, JsValue> {
        let prepared = Array::new();
        for (sql, values) in statements {
            let statement = self.database.prepare(sql)?;
            let values: Array = values.iter().collect();
            let bound = if values.length() == 0 { statement } else { statement.bind(&values)? };
            prepared.push(&bound);
        }
        self.database.batch(&prepared)
    }
}

/// A number in a row; `None` if the column is missing or is not a whole number.
pub(super) fn number(row: &JsValue, column: &str) -> Option<u64> {
    let number = Reflect::get(row, &column.into()).ok()?.as_f64()?;
    (number >= 0.0 && number.fract() == 0.0).then_some(number as u64)
}

/// A text in a row.
pub(super) fn text(row: &JsValue, column: &str) -> Option<String> {
    Reflect::get(row, &column.into()).ok()?.as_string()
}

fn understand(thrown: &JsValue) -> Refusal {
    classify(&js_error::describe(thrown), || js_error::from_js(thrown, ErrorKind::StoreFailed, FAILED))
}

const FAILED: &str = "D1 failed and nothing of this call was stored; the cause holds its words";

/// Reads D1's words. `other` makes the error for those that mean nothing special.
fn classify(words: &str, other: impl FnOnce() -> Error) -> Refusal {
    let says = |texts: &[&str]| texts.iter().any(|text| words.contains(text));
    let failed = |message: &str| Error::new(ErrorKind::StoreFailed, message).field("store").cause(words);
    if says(&["NOT NULL constraint failed"]) && says(&["edgemem_heads.version", "edgemem_schema.layout"]) {
        return Refusal::Conflict;
    }
    if says(&["no such table"]) && says(&["edgemem_"]) {
        return Refusal::NoTables;
    }
    if says(&[
        "Network connection lost",
        "reset because its code was updated",
        "storage caused object to be reset",
        "object to be reset",
    ]) {
        let message = "the connection to D1 broke, again and again; repeating the call is harmless";
        return Refusal::Broken(Error::new(ErrorKind::WriteInterrupted, message).field("store").cause(words));
    }
    if says(&["Exceeded maximum DB size", "database or disk is full", "SQLITE_FULL"]) {
        return Refusal::Failed(js_error::full(words));
    }
    if says(&[
        "overloaded",
        "exceeded its CPU",
        "exceeded its memory",
        "Too many requests queued",
        "exceeded timeout",
    ]) {
        return Refusal::Failed(failed(
            "D1 is overloaded: one database runs one query at a time; send smaller batches, or spread users over \
             several databases",
        ));
    }
    if says(&["has no column named", "no such column", "already exists"]) {
        return Refusal::Failed(failed(
            "a table of the same name, such as `memories`, belongs to another program; give edgemem a table prefix",
        ));
    }
    Refusal::Failed(other())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_d1_become_codes() {
        let cases = [
            (
                "D1_ERROR: NOT NULL constraint failed: edgemem_heads.version: SQLITE_CONSTRAINT",
                "STORE_CONFLICT",
            ),
            ("D1_ERROR: NOT NULL constraint failed: app_edgemem_heads.version", "STORE_CONFLICT"),
            ("D1_ERROR: NOT NULL constraint failed: orders.total", "STORE_FAILED"),
            ("D1_ERROR: Network connection lost.", "WRITE_INTERRUPTED"),
            ("D1_ERROR: D1 DB reset because its code was updated.", "WRITE_INTERRUPTED"),
            ("D1_ERROR: Internal error in D1 DB storage caused object to be reset.", "WRITE_INTERRUPTED"),
            ("D1_ERROR: D1 DB is overloaded. Too many requests queued.", "STORE_FAILED"),
            ("D1_ERROR: Exceeded maximum DB size", "STORE_FULL"),
            ("D1_ERROR: table memories has no column named partition", "STORE_FAILED"),
            ("something new", "STORE_FAILED"),
        ];
        for (words, code) in cases {
            let refusal = classify(words, || Error::new(ErrorKind::StoreFailed, FAILED));
            assert_eq!(refusal.into_error().code(), code, "{words}");
        }
        assert!(matches!(classify("no such table: edgemem_schema", || unreachable!()), Refusal::NoTables));
    }
}
