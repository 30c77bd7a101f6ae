//! The options of a model, read from a JavaScript object one by one.

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::function::Patience;
use super::retry::Policy;
use super::service::ServiceConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::host::js_fetch::{AbortSignal, JsFetch};

/// The names of an address: ours, the usual ones, and those that mem0 has for OpenAI and Ollama.
const BASE_URLS: [&str; 8] = [
    "baseUrl",
    "baseURL",
    "base_url",
    "url",
    "openaiBaseUrl",
    "openai_base_url",
    "ollamaBaseUrl",
    "ollama_base_url",
];

/// An object of options, read one by one.
pub(super) struct Options {
    /// Where it stands in the configuration, such as `embedder.config`.
    pub path: String,
    pub value: JsValue,
}

impl Options {
    /// The first of these names that is there and neither undefined nor null.
    pub fn get(&self, names: &[&'static str]) -> Result<Option<(&'static str, JsValue)>> {
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

    pub fn typed<T>(
        &self,
        names: &[&'static str],
        expected: &str,
        convert: impl Fn(&JsValue) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some((name, value)) = self.get(names)? else { return Ok(None) };
        convert(&value).map(Some).ok_or_else(|| self.wrong(&self.field(name), expected))
    }

    pub fn string(&self, names: &[&'static str]) -> Result<Option<String>> {
        self.typed(names, "a string", JsValue::as_string)
    }

    pub fn number(&self, names: &[&'static str], least: f64, expected: &str) -> Result<Option<f64>> {
        self.typed(names, expected, |value| value.as_f64().filter(|n| n.is_finite() && *n >= least))
    }

    pub fn millis(&self, names: &[&'static str]) -> Result<Option<f64>> {
        self.number(names, 1.0, "a positive number of milliseconds")
    }

    pub fn integer(&self, names: &[&'static str]) -> Result<Option<usize>> {
        let whole = |n: &f64| n.fract() == 0.0 && (1.0..=f64::from(u16::MAX)).contains(n);
        self.typed(names, "an integer from 1 to 65535", |value| {
            value.as_f64().filter(whole).map(|n| n as usize)
        })
    }

    pub fn dimensions(&self) -> Result<Option<usize>> {
        self.integer(&["dimensions", "embeddingDims", "embedding_dims"])
    }

    pub fn batch_size(&self) -> Result<Option<usize>> {
        self.integer(&["batchSize", "batch_size"])
    }

    /// How many texts a reranker reads.
    pub fn candidates(&self) -> Result<Option<usize>> {
        self.integer(&["topN", "top_n"])
    }

    pub fn function(&self, name: &'static str) -> Result<Option<Function>> {
        self.typed(&[name], "a function", |value| value.dyn_ref::<Function>().cloned())
    }

    pub fn required_function(&self, name: &'static str) -> Result<Function> {
        self.function(name)?.ok_or_else(|| self.wrong(&self.field(name), "a function"))
    }

    /// The options of a service, whose patience is `policy` unless they say otherwise.
    pub fn service(&self, mut policy: Policy) -> Result<ServiceConfig> {
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
        Ok(ServiceConfig {
            base_url: self.string(&BASE_URLS)?,
            api_key: self.string(&["apiKey", "api_key"])?,
            organization: self.string(&["organization"])?,
            model: self.string(&["model"])?,
            policy,
            dimensions: self.dimensions()?,
            batch_size: self.batch_size()?,
            temperature: self.number(&["temperature"], 0.0, "a number from 0")?,
            max_tokens: self.integer(&["maxTokens", "max_tokens"])?.map(|limit| limit as u32),
            candidates: self.candidates()?,
        })
    }

    pub fn signal(&self) -> Result<Option<AbortSignal>> {
        let is_signal = |value: &JsValue| {
            let has = |name| Reflect::get(value, &JsValue::from_str(name)).ok();
            has("addEventListener")
                .is_some_and(|f| f.is_function())
                .then(|| has("aborted"))
                .flatten()
                .filter(|aborted| aborted.as_bool().is_some())
                .map(|_| value.clone().unchecked_into())
        };
        self.typed(&["signal"], "an AbortSignal", is_signal)
    }

    pub fn fetch(&self) -> Result<JsFetch> {
        Ok(JsFetch::new(self.function("fetch")?, self.signal()?))
    }

    /// How long a function may take and what aborts it.
    pub fn patience(&self) -> Result<Patience> {
        Ok(Patience { timeout_ms: self.millis(&["timeout"])?, signal: self.signal()? })
    }

    pub fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub fn wrong(&self, field: &str, expected: &str) -> Error {
        Error::new(ErrorKind::ConfigInvalid, format!("{field} must be {expected}")).field(field)
    }
}
