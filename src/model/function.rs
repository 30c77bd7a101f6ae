//! Models that are JavaScript functions of the caller.
//!
//! The function may answer at once or with a promise. What it throws becomes the cause of `MODEL_FAILED`;
//! what it returns is checked as strictly as a provider's response.

use js_sys::{Array, Float32Array, Float64Array, Function, Object, Reflect};
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue};

use super::scores::Scores;
use super::vectors::{Vectors, batches};
use super::{Completer, Completion, Embedder, Picture, Purpose, Reranker};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::host::fetch::FetchError;
use crate::host::js_error::describe;
use crate::host::js_fetch::{AbortSignal, Stop};

/// How long a call of a function may take and what aborts it.
#[derive(Default)]
pub struct Patience {
    /// In ms; without it, as long as it likes.
    pub timeout_ms: Option<f64>,
    /// The caller's signal, if there is one.
    pub signal: Option<AbortSignal>,
}

/// `embed(texts: string[], purpose: "document" | "query")`, which gives one `number[]`, `Float32Array` or `Float64Array` per text.
pub struct FunctionEmbedder {
    /// The function.
    pub embed: Function,
    /// What the function sees as `this`: the object that it was given in.
    pub this: JsValue,
    /// The length of its vectors, checked if given.
    pub dimensions: Option<usize>,
    /// Part of the name, so that a change of model is noticed.
    pub model: Option<String>,
    /// How many texts one call gets at most.
    pub batch_size: usize,
    /// How long one call may take, and what ends it.
    pub patience: Patience,
}

impl Embedder for FunctionEmbedder {
    /// `function/<model>@<dimensions>`; `custom` and `auto` stand for what was not given.
    fn name(&self) -> String {
        let model = self.model.as_deref().unwrap_or("custom");
        match self.dimensions {
            Some(dimensions) => format!("function/{model}@{dimensions}"),
            None => format!("function/{model}@auto"),
        }
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> LocalFuture<'a, Result<Vec<Vec<f32>>>> {
        let purpose = JsValue::from_str(match purpose {
            Purpose::Document => "document",
            Purpose::Query => "query",
        });
        Box::pin(async move {
            let mut vectors = Vectors::new(self.dimensions);
            for batch in batches(texts, self.batch_size, BATCH_CHARACTERS) {
                let arguments = Array::of2(&strings(batch), &purpose);
                let answer = self.patience.call(&self.embed, &self.this, &arguments, "embed").await?;
                read_vectors(&answer, "embed", &mut vectors, batch.len())?;
            }
            Ok(vectors.finish())
        })
    }
}

/// `complete({ system, user, schema, maxTokens, images })`, which gives the answer's text.
pub struct FunctionCompleter {
    /// The function.
    pub complete: Function,
    /// What the function sees as `this`: the object that it was given in.
    pub this: JsValue,
    /// Part of the name.
    pub model: Option<String>,
    /// How long one call may take, and what ends it.
    pub patience: Patience,
}

impl Completer for FunctionCompleter {
    fn name(&self) -> String {
        format!("function/{}", self.model.as_deref().unwrap_or("custom"))
    }

    fn complete<'a>(&'a self, request: &'a Completion) -> LocalFuture<'a, Result<String>> {
        Box::pin(async move {
            let argument = argument(request).map_err(|thrown| failed(&thrown, "complete"))?;
            let arguments = Array::of1(&argument);
            let answer = self.patience.call(&self.complete, &self.this, &arguments, "complete").await?;
            let invalid =
                |message: String| Error::new(ErrorKind::ModelResponseInvalid, message).field("complete");
            match answer.as_string() {
                Some(text) if !text.trim().is_empty() => Ok(text),
                Some(_) => Err(invalid("complete returned an empty text".to_owned())),
                None => Err(invalid(format!("complete must return a string, not {}", kind_of(&answer)))),
            }
        })
    }
}

fn argument(request: &Completion) -> std::result::Result<Object, JsValue> {
    let schema = match &request.schema {
        Some(schema) => js_sys::JSON::parse(&crate::json::text(schema))?,
        None => JsValue::UNDEFINED,
    };
    let argument = Object::new();
    for (name, value) in [
        ("system", JsValue::from_str(&request.system)),
        ("user", JsValue::from_str(&request.user)),
        ("schema", schema),
        ("maxTokens", JsValue::from_f64(request.max_tokens.into())),
    ] {
        Reflect::set(&argument, &JsValue::from_str(name), &value)?;
    }
    if !request.pictures.is_empty() {
        let picture = |picture: &Picture| match picture {
            Picture::Url(url) => json!({ "url": url }),
            Picture::Data { media_type, base64 } => json!({ "mediaType": media_type, "data": base64 }),
        };
        let pictures: Value = request.pictures.iter().map(picture).collect();
        let pictures = js_sys::JSON::parse(&crate::json::text(&pictures))?;
        Reflect::set(&argument, &JsValue::from_str("images"), &pictures)?;
    }
    Ok(argument)
}

/// `rerank(query: string, texts: string[])`, which gives one number per text in the order of the texts, or an
/// object `{ index, score }` for each in any order.
pub struct FunctionReranker {
    /// The function.
    pub rerank: Function,
    /// What the function sees as `this`: the object that it was given in.
    pub this: JsValue,
    /// Part of the name.
    pub model: Option<String>,
    /// How many texts one call gets; as the search says if absent.
    pub candidates: Option<usize>,
    /// How long one call may take, and what ends it.
    pub patience: Patience,
}

impl FunctionReranker {
    fn read(&self, answer: &JsValue, texts: usize) -> std::result::Result<Vec<f32>, String> {
        if !Array::is_array(answer) {
            return Err(format!("{} instead of an array with one score per text", kind_of(answer)));
        }
        let answer: &Array = answer.unchecked_ref();
        let mut scores = Scores::new(texts);
        for (place, item) in answer.iter().enumerate() {
            // A member of a number is undefined; what stands in an object is named as in mem0 or as in the
            // services' protocol.
            let member = |name: &str| Reflect::get(&item, &JsValue::from_str(name)).ok()?.as_f64();
            if item.is_object() {
                let index = member("index").filter(|index| index.fract() == 0.0 && *index >= 0.0);
                let names = ["score", "rerankScore", "relevanceScore", "relevance_score"];
                scores.set(index.map(|index| index as usize), names.into_iter().find_map(member))?;
            } else {
                scores.set(Some(place), item.as_f64())?;
            }
        }
        scores.finish()
    }
}

impl Reranker for FunctionReranker {
    fn name(&self) -> String {
        format!("function/{}", self.model.as_deref().unwrap_or("custom"))
    }

    fn candidates(&self) -> Option<usize> {
        self.candidates
    }

    fn rerank<'a>(&'a self, query: &'a str, texts: &'a [&'a str]) -> LocalFuture<'a, Result<Vec<f32>>> {
        Box::pin(async move {
            if texts.is_empty() {
                return Ok(Vec::new());
            }
            let arguments = Array::of2(&JsValue::from_str(query), &strings(texts));
            let answer = self.patience.call(&self.rerank, &self.this, &arguments, "rerank").await?;
            self.read(&answer, texts.len()).map_err(|what| {
                Error::new(ErrorKind::ModelResponseInvalid, format!("rerank returned {what}")).field("rerank")
            })
        })
    }
}

impl Patience {
    /// Calls a function and waits for its answer, which may be a promise.
    pub(super) async fn call(
        &self,
        function: &Function,
        this: &JsValue,
        arguments: &Array,
        name: &str,
    ) -> Result<JsValue> {
        if self.signal.as_ref().is_some_and(AbortSignal::is_aborted) {
            return Err(aborted(name));
        }
        let answer = function.apply(this, arguments).map_err(|thrown| failed(&thrown, name))?;
        self.settle(&answer, name).await
    }

    /// Waits for an answer that is there already or a promise of it.
    pub(super) async fn settle(&self, answer: &JsValue, name: &str) -> Result<JsValue> {
        match Stop::new(self.timeout_ms, self.signal.clone()).race(answer).await {
            Ok(settled) => settled.map_err(|thrown| failed(&thrown, name)),
            Err(FetchError::Timeout) => {
                let message =
                    format!("{name} did not answer within {} ms", self.timeout_ms.unwrap_or_default() as u64);
                Err(Error::new(ErrorKind::ModelTimeout, message).field(name))
            }
            Err(_) => Err(aborted(name)),
        }
    }
}

fn aborted(name: &str) -> Error {
    Error::new(ErrorKind::Aborted, format!("{name} was aborted by its signal")).field(name)
}

/// A function may cut its batches further; this keeps one call from growing without bound.
pub(super) const BATCH_CHARACTERS: usize = 200_000;

pub(super) fn strings(texts: &[impl AsRef<str>]) -> Array {
    texts.iter().map(|text| JsValue::from_str(text.as_ref())).collect()
}

/// Takes what a function gave for so many texts: an array with one array of numbers for each.
pub(super) fn read_vectors(answer: &JsValue, name: &str, vectors: &mut Vectors, texts: usize) -> Result<()> {
    if !Array::is_array(answer) {
        let message =
            format!("{name} must return an array with one vector per text, not {}", kind_of(answer));
        return Err(Error::new(ErrorKind::ModelResponseInvalid, message).field(name));
    }
    let answer: &Array = answer.unchecked_ref();
    if answer.length() as usize != texts {
        let message = format!("{name} returned {} vectors for {texts} texts", answer.length());
        return Err(Error::new(ErrorKind::ModelResponseInvalid, message).field(name));
    }
    for (at, vector) in answer.iter().enumerate() {
        if let Some(numbers) = vector.dyn_ref::<Float32Array>() {
            let numbers = numbers.to_vec();
            vectors.push(numbers.len(), &mut numbers.into_iter().map(|number| Some(f64::from(number))))?;
        } else if let Some(numbers) = vector.dyn_ref::<Float64Array>() {
            let numbers = numbers.to_vec();
            vectors.push(numbers.len(), &mut numbers.into_iter().map(Some))?;
        } else if Array::is_array(&vector) {
            let numbers: &Array = vector.unchecked_ref();
            vectors.push(numbers.length() as usize, &mut numbers.iter().map(|number| number.as_f64()))?;
        } else {
            let message = format!(
                "{name} must return an array of numbers or a Float32Array per text; at {at} it returned {}",
                kind_of(&vector)
            );
            return Err(
                Error::new(ErrorKind::ModelResponseInvalid, message).field(format!("embedding[{at}]"))
            );
        }
    }
    Ok(())
}

pub(super) fn failed(thrown: &JsValue, name: &str) -> Error {
    Error::new(ErrorKind::ModelFailed, format!("the function {name} failed"))
        .field(name)
        .cause(describe(thrown))
}

/// What a value is, for messages; never the value itself, which may be private.
fn kind_of(value: &JsValue) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    if Array::is_array(value) {
        return "an array".to_owned();
    }
    value.js_typeof().as_string().unwrap_or_default()
}
