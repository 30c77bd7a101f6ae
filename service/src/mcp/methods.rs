//! The methods of the protocol.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::era::{Era, HANDSHAKE};
use super::message::{Fault, INTERNAL_ERROR, METHOD_NOT_FOUND, Message, RATE_LIMITED};
use super::{Bounds, prompts, resources, tools};
use crate::desk::Desk;
use crate::http::{Answer, Head};
use crate::idempotency::is_passing;
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
    /// Whether anything was refused that may pass when it is sent again.
    pub passing: Cell<bool>,
}

impl<'a> Door<'a> {
    /// Before this desk; `bounds` say which memories it is about, whatever the messages say.
    pub fn new(desk: &'a Desk, bounds: &'a Bounds, head: &'a Head) -> Door<'a> {
        Door { desk, bounds, head, failure: Cell::default(), passing: Cell::default() }
    }

    /// Notes what an answer tells of a problem by other means than its status.
    pub fn failed(&self, problem: &Problem) {
        if let Some(line) = problem.log() {
            self.failure.set(Some(line));
        }
        self.passing.set(self.passing.get() || is_passing(problem.status()));
    }

    /// Why a memory could not be read or searched for a resource or a prompt, or a message was not looked at.
    pub fn fault(&self, problem: impl Into<Problem>) -> Fault {
        let problem = problem.into();
        self.failed(&problem);
        let Answer { headers, body, .. } = problem.answer();
        let body = body.unwrap_or_default();
        let message = body["error"].as_str().unwrap_or_default().to_owned();
        let mut data = object!({ "code": body["code"].clone(), "field": body["field"].clone() });
        if let Some((_, seconds)) = headers.iter().find(|(name, _)| *name == "retry-after") {
            data["retry_after"] = seconds.parse::<u64>().unwrap_or_default().into();
        }
        match problem.status() {
            429 => Fault::new(200, RATE_LIMITED, message),
            500.. => Fault::new(200, INTERNAL_ERROR, message),
            _ => Fault::params(message),
        }
        .data(data)
    }

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
