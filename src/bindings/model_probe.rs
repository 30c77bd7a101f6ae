//! Test builds only: lets JavaScript call a configured model directly, without a memory around it.
//!
//! So the cases of `tests/cases/models.json` run through the real `fetch` and through functions of the
//! caller, exactly as they run natively.

use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use super::Call;
use crate::distill::answer;
use crate::distill::prompt::{self, Input, Known, Said};
use crate::error::{Error, ErrorKind, Result};
use crate::model::config::{completer_from_js, embedder_from_js, reranker_from_js};
use crate::model::{Completion, Picture, Purpose};
use crate::record::{Actor, Role};
use crate::time::{Day, Timestamp};

/// Calls to models.
#[wasm_bindgen]
pub struct ModelProbe;

#[wasm_bindgen]
impl ModelProbe {
    /// Embeds texts with the embedder that `config` describes, as queries or as documents. The outcome holds
    /// its name and the vectors.
    pub fn embed(config: JsValue, texts: Vec<String>, query: bool) -> Call {
        Call::of(Box::pin(async move {
            let Some(embedder) = embedder_from_js(&config)? else { return Ok(Value::Null) };
            let purpose = if query { Purpose::Query } else { Purpose::Document };
            let vectors = embedder.embed(&texts, purpose).await?;
            Ok(json!({ "name": embedder.name(), "vectors": vectors }))
        }))
    }

    /// Ranks texts with the reranker that `config` describes. The outcome holds its name and the scores.
    pub fn rerank(config: JsValue, query: String, texts: Vec<String>) -> Call {
        Call::of(Box::pin(async move {
            let Some(reranker) = reranker_from_js(&config)? else { return Ok(Value::Null) };
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let scores = reranker.rerank(&query, &texts).await?;
            Ok(json!({ "name": reranker.name(), "scores": scores }))
        }))
    }

    /// Asks the language model that `config` describes. `request` is JSON: system, user, schema, maxTokens,
    /// partial, and images as a function of the caller gets them.
    pub fn complete(config: JsValue, request: String) -> Call {
        Call::of(Box::pin(async move {
            let Some(completer) = completer_from_js(&config)? else { return Ok(Value::Null) };
            let request: Value = serde_json::from_str(&request).map_err(|error| {
                Error::new(ErrorKind::InvalidArgument, "request is not JSON").cause(error)
            })?;
            let text = |key: &str| request[key].as_str().unwrap_or_default().to_owned();
            let completion = Completion {
                system: text("system"),
                user: text("user"),
                schema: request.get("schema").cloned(),
                max_tokens: request["maxTokens"].as_u64().unwrap_or(500) as u32,
                partial: request["partial"] == true,
                pictures: request["images"].as_array().into_iter().flatten().map(picture).collect(),
            };
            let answer = completer.complete(&completion).await?;
            Ok(json!({ "name": completer.name(), "text": answer }))
        }))
    }

    /// Asks the language model that `config` describes for the facts in `input`, which is JSON as in
    /// `tests/cases/extraction.json`. The outcome holds the facts' texts, noise, cut, and how much was ignored.
    pub fn extract(config: JsValue, input: String) -> Call {
        Call::of(Box::pin(async move {
            let Some(completer) = completer_from_js(&config)? else { return Ok(Value::Null) };
            let (input, actors) = input_from(&input)?;
            let input = shown(&input, &actors)?;
            let text = completer.complete(&prompt::extraction(&input)).await?;
            let answer = answer::read(&text, &input)?;
            let facts: Vec<&str> = answer.facts.iter().map(|fact| fact.text.as_str()).collect();
            let (noise, cut, ignored) = (answer.noise, answer.cut, answer.ignored.len());
            Ok(json!({ "facts": facts, "noise": noise, "cut": cut, "ignored": ignored }))
        }))
    }

    /// The request that the prompt of this name makes of `input`: `extraction`, `decision`, `procedural`, `summary` or
    /// `describe`.
    pub fn prompt(name: String, input: String) -> Call {
        Call::of(Box::pin(async move {
            let (input, actors) = input_from(&input)?;
            let input = shown(&input, &actors)?;
            let request = match name.as_str() {
                "extraction" => prompt::extraction(&input),
                "decision" => {
                    let facts: Vec<&str> = input.messages.iter().map(|said| said.text).collect();
                    prompt::decision(&facts, &input.known)
                }
                "procedural" => prompt::procedural(&input.messages),
                "summary" => prompt::summary(input.summary.unwrap_or_default(), &input.messages),
                _ => prompt::describe(Picture::Url(String::new())),
            };
            Ok(json!({ "system": request.system, "user": request.user, "schema": request.schema }))
        }))
    }
}

fn input_from(text: &str) -> Result<(Value, Vec<Actor>)> {
    let input: Value = serde_json::from_str(text)
        .map_err(|error| Error::new(ErrorKind::InvalidArgument, "input is not JSON").cause(error))?;
    let actor = |message: &Value| {
        let role = Role::parse(message["role"].as_str().unwrap_or_default())?;
        Ok(Actor { role, name: message["name"].as_str().map(str::to_owned) })
    };
    let actors = input["messages"].as_array().into_iter().flatten().map(actor).collect::<Result<_>>()?;
    Ok((input, actors))
}

fn shown<'a>(input: &'a Value, actors: &'a [Actor]) -> Result<Input<'a>> {
    let items = |name: &str| input[name].as_array().into_iter().flatten();
    let text = |item: &'a Value, name: &str| item[name].as_str().unwrap_or_default();
    let said = |(item, speaker): (&'a Value, &'a Actor)| {
        Ok(Said { speaker, at: Timestamp::parse(text(item, "at"))?, text: text(item, "text") })
    };
    let known = |item: &'a Value| Ok(Known { text: text(item, "text"), day: Day::parse(text(item, "day"))? });
    Ok(Input {
        messages: items("messages").zip(actors).map(said).collect::<Result<_>>()?,
        known: items("known").map(known).collect::<Result<_>>()?,
        summary: input["summary"].as_str(),
        ..Input::default()
    })
}

fn picture(image: &Value) -> Picture {
    let text = |key: &str| image[key].as_str().unwrap_or_default().to_owned();
    match image["url"].as_str() {
        Some(url) => Picture::Url(url.to_owned()),
        None => Picture::Data { media_type: text("mediaType"), base64: text("data") },
    }
}
