//! Reads `embedder` and `llm` of `new Memory(config)`: `{ provider, config }` in mem0's shape.
//!
//! Option names are read as edgemem writes them and as mem0 writes them. Options nobody knows are ignored,
//! as mem0 does; known ones of a wrong type are `CONFIG_INVALID` with their field.

use std::rc::Rc;

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::function::{FunctionCompleter, FunctionEmbedder};
use super::openai::{OpenAiCompleter, OpenAiConfig, OpenAiEmbedder};
use super::retry::Policy;
use super::{Completer, Embedder};
use crate::error::{Error, ErrorKind, Result};
use crate::host::js::JsHost;
use crate::host::js_fetch::JsFetch;

/// The embedder that the value of the key `embedder` describes; nothing if it is undefined, null or the
/// provider `none`. `PROVIDER_UNKNOWN` or `CONFIG_INVALID` otherwise.
pub fn embedder_from_js(value: &JsValue) -> Result<Option<Rc<dyn Embedder>>> {
    let Some((provider, options)) = provider(value, "embedder")? else { return Ok(None) };
    match provider.to_ascii_lowercase().as_str() {
        "none" => Ok(None),
        "openai" => {
            let embedder = OpenAiEmbedder::new(&options.openai()?, options.fetch()?, Rc::new(JsHost))?;
            Ok(Some(Rc::new(embedder)))
        }
        "function" => Ok(Some(Rc::new(FunctionEmbedder {
            embed: options.required_function("embed")?,
            this: options.value.clone(),
            dimensions: options.dimensions()?,
            model: options.string(&["model"])?,
            batch_size: options.integer(&["batchSize", "batch_size"])?.unwrap_or(100),
            timeout_ms: options.millis(&["timeout"])?,
        }))),
        _ => Err(unknown("embedder", "embedder", &provider)),
    }
}

/// The language model that the value of the key `llm` describes, likewise.
pub fn completer_from_js(value: &JsValue) -> Result<Option<Rc<dyn Completer>>> {
    let Some((provider, options)) = provider(value, "llm")? else { return Ok(None) };
    match provider.to_ascii_lowercase().as_str() {
        "none" => Ok(None),
        "openai" => {
            let completer = OpenAiCompleter::new(&options.openai()?, options.fetch()?, Rc::new(JsHost))?;
            Ok(Some(Rc::new(completer)))
        }
        "function" => Ok(Some(Rc::new(FunctionCompleter {
            complete: options.required_function("complete")?,
            this: options.value.clone(),
            model: options.string(&["model"])?,
            timeout_ms: options.millis(&["timeout"])?,
        }))),
        _ => Err(unknown("LLM", "llm", &provider)),
    }
}

/// In mem0's words.
fn unknown(what: &str, part: &str, provider: &str) -> Error {
    let message = format!("Unsupported {what} provider: {provider}");
    Error::new(ErrorKind::ProviderUnknown, message).field(format!("{part}.provider"))
}

fn provider(value: &JsValue, part: &'static str) -> Result<Option<(String, Options)>> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    let outer = Options { path: part.to_owned(), value: value.clone() };
    if !value.is_object() {
        return Err(outer.wrong(part, "an object { provider, config }"));
    }
    let Some(provider) = outer.string(&["provider"])? else {
        return Err(outer.wrong(&format!("{part}.provider"), "a provider's name"));
    };
    let config = outer.get(&["config"])?.map_or(JsValue::UNDEFINED, |(_, config)| config);
    if !config.is_undefined() && !config.is_object() {
        return Err(outer.wrong(&format!("{part}.config"), "an object"));
    }
    Ok(Some((provider, Options { path: format!("{part}.config"), value: config })))
}

/// An object of options, read one by one.
struct Options {
    /// Where it stands in the configuration, such as `embedder.config`.
    path: String,
    value: JsValue,
}

impl Options {
    /// The first of these names that is there and neither undefined nor null.
    fn get(&self, names: &[&'static str]) -> Result<Option<(&'static str, JsValue)>> {
        if !self.value.is_object() {
            return Ok(None);
        }
        for name in names {
            let value = Reflect::get(&self.value, &JsValue::from_str(name))
                .map_err(|_| self.wrong(&self.field(name), "readable"))?;
            if !value.is_undefined() && !value.is_null() {
                return Ok(Some((name, value)));
            }
        }
        Ok(None)
    }

    fn typed<T>(
        &self,
        names: &[&'static str],
        expected: &str,
        convert: impl Fn(&JsValue) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some((name, value)) = self.get(names)? else { return Ok(None) };
        convert(&value).map(Some).ok_or_else(|| self.wrong(&self.field(name), expected))
    }

    fn string(&self, names: &[&'static str]) -> Result<Option<String>> {
        self.typed(names, "a string", JsValue::as_string)
    }

    fn number(&self, names: &[&'static str], least: f64, expected: &str) -> Result<Option<f64>> {
        self.typed(names, expected, |value| value.as_f64().filter(|n| n.is_finite() && *n >= least))
    }

    fn millis(&self, names: &[&'static str]) -> Result<Option<f64>> {
        self.number(names, 1.0, "a positive number of milliseconds")
    }

    fn integer(&self, names: &[&'static str]) -> Result<Option<usize>> {
        let whole = |n: &f64| n.fract() == 0.0 && (1.0..=f64::from(u16::MAX)).contains(n);
        self.typed(names, "an integer from 1 to 65535", |value| {
            value.as_f64().filter(whole).map(|n| n as usize)
        })
    }

    fn dimensions(&self) -> Result<Option<usize>> {
        self.integer(&["dimensions", "embeddingDims", "embedding_dims"])
    }

    fn function(&self, name: &'static str) -> Result<Option<Function>> {
        self.typed(&[name], "a function", |value| value.dyn_ref::<Function>().cloned())
    }

    fn required_function(&self, name: &'static str) -> Result<Function> {
        self.function(name)?.ok_or_else(|| self.wrong(&self.field(name), "a function"))
    }

    fn openai(&self) -> Result<OpenAiConfig> {
        let mut policy = Policy::default();
        if let Some(timeout) = self.millis(&["timeout"])? {
            // A longer time-out alone would end at the default deadline.
            policy.deadline_ms = policy.deadline_ms.max(3.0 * timeout);
            policy.timeout_ms = timeout;
        }
        if let Some(deadline) = self.millis(&["deadline"])? {
            policy.deadline_ms = deadline;
        }
        if let Some(retries) = self.number(&["maxRetries", "max_retries"], 0.0, "a number from 0")? {
            policy.attempts = retries.min(100.0) as u32 + 1;
        }
        Ok(OpenAiConfig {
            base_url: self.string(&["baseUrl", "baseURL", "base_url", "openaiBaseUrl", "openai_base_url"])?,
            api_key: self.string(&["apiKey", "api_key"])?,
            organization: self.string(&["organization"])?,
            model: self.string(&["model"])?,
            policy,
            dimensions: self.dimensions()?,
            batch_size: self.integer(&["batchSize", "batch_size"])?,
            temperature: self.number(&["temperature"], 0.0, "a number from 0")?,
        })
    }

    fn fetch(&self) -> Result<Rc<JsFetch>> {
        let is_signal = |value: &JsValue| {
            let has = |name| Reflect::get(value, &JsValue::from_str(name)).ok();
            has("addEventListener")
                .is_some_and(|f| f.is_function())
                .then(|| has("aborted"))
                .flatten()
                .filter(|aborted| aborted.as_bool().is_some())
                .map(|_| value.clone())
        };
        let signal = self.typed(&["signal"], "an AbortSignal", is_signal)?;
        Ok(Rc::new(JsFetch::new(self.function("fetch")?, signal)))
    }

    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    fn wrong(&self, field: &str, expected: &str) -> Error {
        Error::new(ErrorKind::ConfigInvalid, format!("{field} must be {expected}")).field(field)
    }
}
