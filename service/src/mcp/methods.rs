//! The methods of the protocol.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::era::{Era, HANDSHAKE};
use super::message::{Fault, INTERNAL_ERROR, METHOD_NOT_FOUND, Message};
use super::{Bounds, prompts, resources, tools};
use crate::desk::Desk;
use crate::http::Head;
use crate::mem0::{self, Asked, one};
use crate::names::renamed;
use crate::problem::Problem;
use crate::route::Want;

/// What methods answer whose answer is always the same, by their names.
const ANSWERS: &str = include_str!("answers.json");

/// The memory of one request.
pub struct Door<'a> {
    /// The memory, as the caller may use it.
    pub desk: &'a Desk,
    /// Which of them this is about.
    pub bounds: &'a Bounds,
    /// The request that the messages came with.
    pub head: &'a Head,
    /// What failed and belongs into the log.
    pub failure: Cell<Option<String>>,
}

impl Door<'_> {
    /// Answers a request.
    pub async fn call(&self, era: Era, message: &Message) -> Result<Value, Fault> {
        let params = &message.params;
        match (message.method.as_str(), era) {
            ("initialize", Era::Handshake) => initialize(params),
            ("ping", Era::Handshake)
            | ("server/discover", Era::Stateless)
            | ("prompts/list" | "resources/templates/list", _) => one_page(params, constant(&message.method)),
            ("tools/list", _) => one_page(params, one("tools", tools::list(self.bounds).into())),
            ("tools/call", _) => tools::call(self, params).await,
            ("prompts/get", _) => prompts::get(self, params).await,
            ("resources/list", _) => resources::list(self, params).await,
            ("resources/read", _) => resources::read(self, params).await,
            _ => {
                let message = format!("there is no method {:.60} here", message.method);
                Err(Fault::new(404, METHOD_NOT_FOUND, message))
            }
        }
    }

    /// Calls a method of the API; the answer has the names of REST.
    pub async fn ask(&self, method: &str, arguments: &[Value]) -> edgemem::Result<Value> {
        self.desk.call(method, arguments).await.map(renamed)
    }

    /// Does what a route of mem0's platform does, whose texts in the path are these.
    pub async fn rest(
        &self,
        want: Want,
        texts: &[String],
        options: Map<String, Value>,
    ) -> edgemem::Result<Value> {
        mem0::answer(want, Asked { desk: self.desk, head: self.head, texts, options }).await
    }
}

/// Why a memory could not be read or searched for a resource or a prompt.
pub fn fault(problem: impl Into<Problem>) -> Fault {
    let problem = problem.into();
    let body = problem.answer().body.unwrap_or_default();
    let message = body["error"].as_str().unwrap_or_default().to_owned();
    let data = object!({ "code": body["code"].clone(), "field": body["field"].clone() });
    match problem.status() {
        500.. => Fault::new(200, INTERNAL_ERROR, message),
        _ => Fault::params(message),
    }
    .data(data)
}

/// A text among parameters. The refusal names what is missing.
pub fn text<'a>(params: &'a Value, name: &str) -> Result<&'a str, Fault> {
    params[name].as_str().ok_or_else(|| Fault::params(format!("params.{name} must be a string")))
}

/// What this server is.
pub fn identity() -> Value {
    object!({ "name": "edgemem", "title": "edgemem memory", "version": env!("CARGO_PKG_VERSION") })
}

fn constant(method: &str) -> Value {
    serde_json::from_str::<Value>(ANSWERS).map_or(Value::Null, |mut answers| answers[method].take())
}

fn initialize(params: &Value) -> Result<Value, Fault> {
    let wanted = text(params, "protocolVersion")?;
    // A revision that is not known is answered with the newest one, which the client may refuse.
    let newest = HANDSHAKE[HANDSHAKE.len() - 1];
    let mut answer = constant("initialize");
    answer["protocolVersion"] =
        (*HANDSHAKE.iter().find(|version| **version == wanted).unwrap_or(&newest)).into();
    answer["serverInfo"] = identity();
    Ok(answer)
}

/// A list that is whole in one page.
fn one_page(params: &Value, list: Value) -> Result<Value, Fault> {
    match params["cursor"].is_null() {
        true => Ok(list),
        false => Err(Fault::params("params.cursor is none that was given here")),
    }
}
