//! Asking the configured language model from outside of the core, as JSON.
//!
//! For what a service makes of memories for somebody else: how that is asked and what is right about the answer is known
//! there, the model here. Over objects it is known in them alone.

use serde_json::Value;

use super::super::Memory;
use crate::error::Result;
use crate::model::Completion;

/// Takes a question, `{ system, user, maxTokens }`, and returns the text of the answer, or null without a model. Without a
/// question it tells whether there is one, by true or null. Errors are those of
/// [`complete`](crate::model::Completer::complete).
pub(super) async fn call(memory: &Memory, question: &Value) -> Result<Value> {
    let Some(completer) = &memory.0.completer else { return Ok(Value::Null) };
    if question.is_null() {
        return Ok(true.into());
    }
    let text = |name: &str| question[name].as_str().unwrap_or_default().to_owned();
    let max_tokens = question["maxTokens"].as_u64().unwrap_or(0) as u32;
    let completion =
        Completion { system: text("system"), user: text("user"), max_tokens, ..Completion::default() };
    completer.complete(&completion).await.map(Value::from)
}
