//! Models that are JavaScript functions of the caller.
//!
//! The function may answer at once or with a promise. What it throws becomes the cause of `MODEL_FAILED`;
//! what it returns is checked as strictly as a provider's response.

use js_sys::{Array, Float32Array, Float64Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::vectors::{Vectors, batches};
use super::{Completer, Completion, Embedder};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::host::fetch::FetchError;
use crate::host::js_error::describe;
use crate::host::js_fetch::Stop;

/// `embed(texts: string[])`, which gives one `number[]`, `Float32Array` or `Float64Array` per text.
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
    /// How long one call may take, in ms; without it, as long as it likes.
    pub timeout_ms: Option<f64>,
}

impl FunctionEmbedder {
    fn read(&self, answer: &JsValue, vectors: &mut Vectors, texts: usize) -> Result<()> {
        if !Array::is_array(answer) {
            let message =
                format!("embed must return an array with one vector per text, not {}", kind_of(answer));
            return Err(Error::new(ErrorKind::ModelResponseInvalid, message).field("embed"));
        }
        let answer: &Array = answer.unchecked_ref();
        if answer.length() as usize != texts {
            let message = format!("embed returned {} vectors for {texts} texts", answer.length());
            return Err(Error::new(ErrorKind::ModelResponseInvalid, message).field("embed"));
        }
        for (at, vector) in answer.iter().enumerate() {
            if let Some(numbers) = vector.dyn_ref::<Float32Array>() {
                let numbers = numbers.to_vec();
                vectors.push(numbers.len(), numbers.into_iter().map(|number| Some(f64::from(number))))?;
            } else if let Some(numbers) = vector.dyn_ref::<Float64Array>() {
                let numbers = numbers.to_vec();
                vectors.push(numbers.len(), numbers.into_iter().map(Some))?;
            } else if Array::is_array(&vector) {
                let numbers: &Array = vector.unchecked_ref();
                vectors.push(numbers.length() as usize, numbers.iter().map(|number| number.as_f64()))?;
            } else {
                let message = format!(
                    "embed must return an array of numbers or a Float32Array per text; at {at} it returned {}",
                    kind_of(&vector)
                );
                return Err(
                    Error::new(ErrorKind::ModelResponseInvalid, message).field(format!("embedding[{at}]"))
                );
            }
        }
        Ok(())
    }
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

    fn embed<'a>(&'a self, texts: &'a [String]) -> LocalFuture<'a, Result<Vec<Vec<f32>>>> {
        Box::pin(async move {
            let mut vectors = Vectors::new(self.dimensions);
            for batch in batches(texts, self.batch_size) {
                let argument: Array = batch.iter().map(|text| JsValue::from_str(text)).collect();
                let answer = call(&self.embed, &self.this, &argument, "embed", self.timeout_ms).await?;
                self.read(&answer, &mut vectors, batch.len())?;
            }
            Ok(vectors.finish())
        })
    }
}

/// `complete({ system, user, schema, maxTokens })`, which gives the answer's text.
pub struct FunctionCompleter {
    /// The function.
    pub complete: Function,
    /// What the function sees as `this`: the object that it was given in.
    pub this: JsValue,
    /// Part of the name.
    pub model: Option<String>,
    /// How long one call may take, in ms; without it, as long as it likes.
    pub timeout_ms: Option<f64>,
}

impl Completer for FunctionCompleter {
    fn name(&self) -> String {
        format!("function/{}", self.model.as_deref().unwrap_or("custom"))
    }

    fn complete<'a>(&'a self, request: &'a Completion) -> LocalFuture<'a, Result<String>> {
        Box::pin(async move {
            let argument = argument(request).map_err(|thrown| failed(&thrown, "complete"))?;
            let answer = call(&self.complete, &self.this, &argument, "complete", self.timeout_ms).await?;
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
        Some(schema) => js_sys::JSON::parse(&schema.to_string())?,
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
    Ok(argument)
}

async fn call(
    function: &Function,
    this: &JsValue,
    argument: &JsValue,
    name: &str,
    timeout_ms: Option<f64>,
) -> Result<JsValue> {
    let answer = function.call1(this, argument).map_err(|thrown| failed(&thrown, name))?;
    match Stop::after(timeout_ms).race(&answer).await {
        Ok(settled) => settled.map_err(|thrown| failed(&thrown, name)),
        Err(FetchError::Timeout) => {
            let message = format!("{name} did not answer within {} ms", timeout_ms.unwrap_or_default());
            Err(Error::new(ErrorKind::ModelTimeout, message).field(name))
        }
        Err(_) => Err(Error::new(ErrorKind::Aborted, format!("{name} was aborted"))),
    }
}

fn failed(thrown: &JsValue, name: &str) -> Error {
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
