//! Messages of JSON-RPC 2.0.

use serde_json::Value;

/// The body is no JSON.
pub const PARSE_ERROR: i32 = -32700;
/// The JSON is no message.
pub const INVALID_REQUEST: i32 = -32600;
/// There is no such method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// The parameters do not fit the method, or what they name is not there.
pub const INVALID_PARAMS: i32 = -32602;
/// It failed here.
pub const INTERNAL_ERROR: i32 = -32603;
/// The key's limit of requests leaves no room for this message. The number is ours, of those that the protocol leaves free.
pub const RATE_LIMITED: i32 = -32029;

/// Why a message is refused.
#[derive(Debug)]
pub struct Fault {
    /// The HTTP status.
    pub status: u16,
    /// The response; its id is null until it is known.
    pub response: Value,
}

impl Fault {
    /// A refusal.
    pub fn new(status: u16, code: i32, message: impl Into<String>) -> Fault {
        let error = object!({ "code": code, "message": message.into() });
        Fault { status, response: object!({ "jsonrpc": "2.0", "id": Value::Null, "error": error }) }
    }

    /// A refusal of parameters, which is no failure of the exchange: 200.
    pub fn params(message: impl Into<String>) -> Fault {
        Fault::new(200, INVALID_PARAMS, message)
    }

    /// Adds what a program may read.
    pub fn data(mut self, data: Value) -> Fault {
        self.response["error"]["data"] = data;
        self
    }

    /// Says which request it answers.
    pub fn of(mut self, id: &Value) -> Fault {
        self.response["id"] = id.clone();
        self
    }
}

/// Reads a body: one message, or a list of them.
pub fn read(body: &[u8]) -> Result<Value, Fault> {
    let unread = |why: String| Fault::new(400, PARSE_ERROR, why);
    let text = std::str::from_utf8(body).map_err(|_| unread("the message is not UTF-8".to_owned()))?;
    // Nesting is limited by the parser itself, to 128 levels.
    serde_json::from_str(text).map_err(|error| unread(format!("the message is not JSON: {error}")))
}

/// The body without the id of its one message, and that id: what a client that sends a call again numbers anew. Nothing of
/// what is no message, and of several their ids stay.
pub fn unnumbered(body: &[u8]) -> Option<(Vec<u8>, Value)> {
    let mut message = read(body).ok()?;
    let id = message.as_object_mut()?.shift_remove("id")?;
    Some((edgemem::json::text(&message).into_bytes(), id))
}

/// A request, or a notification if it has no id. An answer to a question that was never asked counts as one, too.
#[derive(Debug)]
pub struct Message {
    /// What the answer will carry.
    pub id: Option<Value>,
    /// What is wanted.
    pub method: String,
    /// With what; null if there are none.
    pub params: Value,
}

impl Message {
    /// The id of what may be a message, if it is one that an answer can carry.
    pub fn id_of(message: &Value) -> Option<Value> {
        message.get("id").filter(|id| id.is_string() || id.is_i64() || id.is_u64()).cloned()
    }

    /// Reads one message.
    pub fn of(mut message: Value) -> Result<Message, Fault> {
        let invalid = |id: &Value, what: &str| {
            Err(Fault::new(400, INVALID_REQUEST, format!("no message of JSON-RPC 2.0: {what}")).of(id))
        };
        let id = message.get("id").cloned();
        let shown = Message::id_of(&message).unwrap_or_default();
        if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return invalid(&shown, "it must be an object with jsonrpc \"2.0\"");
        }
        let is_answer = message.get("result").is_some() || message.get("error").is_some();
        let Some(method) = message.get("method").and_then(Value::as_str).map(str::to_owned) else {
            return match is_answer {
                true => Ok(Message { id: None, method: String::new(), params: Value::Null }),
                false => invalid(&shown, "method must be a string"),
            };
        };
        if id.is_some() && shown.is_null() {
            return invalid(&shown, "id must be a string or a whole number");
        }
        let params = message.get_mut("params").map(Value::take).unwrap_or_default();
        match params {
            Value::Null | Value::Object(_) => Ok(Message { id, method, params }),
            _ => invalid(&shown, "params must be an object"),
        }
    }
}
