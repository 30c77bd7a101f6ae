//! Reads `embedder`, `llm` and `reranker` of `new Memory(config)`: `{ provider, config }` in mem0's shape.
//!
//! Option names are read as edgemem writes them and as mem0 writes them. Options nobody knows are ignored,
//! as mem0 does; known ones of a wrong type are `CONFIG_INVALID` with their field. What makes a model is a gate of
//! `wasm-pack.toml`: a tab without models loads nothing of them.

use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::completion::HttpCompleter;
use super::embedding::HttpEmbedder;
use super::function::{FunctionCompleter, FunctionEmbedder, FunctionReranker, Patience};
use super::options::Options;
use super::prefixed::Prefixed;
use super::reranking::HttpReranker;
use super::retry::{BRIEF_TIMEOUT, Policy};
use super::transformers::TransformersEmbedder;
use super::workers_ai::{self, BindingFetch};
use super::{Completer, Embedder, Reranker, completion_service, embedding_service, reranking_service};
use crate::error::{Error, ErrorKind, Result};
use crate::host::fetch::Fetch;
use crate::host::js::JsHost;

/// The embedder that the value of the key `embedder` describes; nothing if it is undefined, null or the
/// provider `none`. `PROVIDER_UNKNOWN` or `CONFIG_INVALID` otherwise.
#[inline(never)]
pub fn embedder_from_js(value: &JsValue) -> Result<Option<Rc<dyn Embedder>>> {
    let Some((provider, options)) = provider(value, "embedder")? else { return Ok(None) };
    let embedder: Rc<dyn Embedder> = match provider.to_ascii_lowercase().as_str() {
        // The token table is no embedder of this floor: the engine itself embeds with it.
        "none" | "embedded" => return Ok(None),
        "function" => Rc::new(FunctionEmbedder {
            embed: options.required_function("embed")?,
            this: options.value.clone(),
            dimensions: options.dimensions()?,
            model: options.string(&["model"])?,
            batch_size: options.batch_size()?.unwrap_or(100),
            patience: options.patience()?,
        }),
        "transformers" => Rc::new(TransformersEmbedder::new(&options)?),
        name => {
            let service = match name {
                WORKERS_AI => Some(&workers_ai::EMBEDDINGS),
                _ => embedding_service(name),
            };
            let service = service.ok_or_else(|| unknown("embedder", "embedder", &provider))?;
            let fetch = reach(name, &options)?;
            Rc::new(HttpEmbedder::new(service, &options.service(Policy::default())?, fetch, Rc::new(JsHost))?)
        }
    };
    let document = options.string(&["documentPrefix"])?;
    let query = options.string(&["queryPrefix"])?;
    if document.is_none() && query.is_none() {
        return Ok(Some(embedder));
    }
    let (document, query) = (document.unwrap_or_default(), query.unwrap_or_default());
    Ok(Some(Rc::new(Prefixed { embedder, document, query })))
}

/// The language model that the value of the key `llm` describes, likewise.
#[inline(never)]
pub fn completer_from_js(value: &JsValue) -> Result<Option<Rc<dyn Completer>>> {
    let Some((provider, options)) = provider(value, "llm")? else { return Ok(None) };
    let completer: Rc<dyn Completer> = match provider.to_ascii_lowercase().as_str() {
        "none" => return Ok(None),
        "function" => Rc::new(FunctionCompleter {
            complete: options.required_function("complete")?,
            this: options.value.clone(),
            model: options.string(&["model"])?,
            patience: options.patience()?,
        }),
        name => {
            let service = match name {
                WORKERS_AI => Some(&workers_ai::COMPLETIONS),
                _ => completion_service(name),
            };
            let service = service.ok_or_else(|| unknown("LLM", "llm", &provider))?;
            let fetch = reach(name, &options)?;
            let config = options.service(Policy::default())?;
            Rc::new(HttpCompleter::new(service, &config, fetch, Rc::new(JsHost))?)
        }
    };
    Ok(Some(completer))
}

/// The reranker that the value of the key `reranker` describes, likewise.
#[inline(never)]
pub fn reranker_from_js(value: &JsValue) -> Result<Option<Rc<dyn Reranker>>> {
    let Some((provider, options)) = provider(value, "reranker")? else { return Ok(None) };
    match provider.to_ascii_lowercase().as_str() {
        "none" => Ok(None),
        "function" => Ok(Some(Rc::new(FunctionReranker {
            rerank: options.required_function("rerank")?,
            this: options.value.clone(),
            model: options.string(&["model"])?,
            candidates: options.candidates()?,
            patience: Patience {
                timeout_ms: options.millis(&["timeout"])?.or(Some(BRIEF_TIMEOUT)),
                signal: options.signal()?,
            },
        }))),
        name => {
            let service =
                reranking_service(name).ok_or_else(|| unknown("reranker", "reranker", &provider))?;
            let fetch = Rc::new(options.fetch()?);
            Ok(Some(Rc::new(HttpReranker::new(
                service,
                &options.service(Policy::brief())?,
                fetch,
                Rc::new(JsHost),
            )?)))
        }
    }
}

/// The one provider that is no HTTP.
const WORKERS_AI: &str = "workers-ai";

/// What a provider is asked through: the binding of Workers AI, or `fetch`. `CONFIG_INVALID` if there is none.
fn reach(provider: &str, options: &Options) -> Result<Rc<dyn Fetch>> {
    let fetch = options.fetch()?;
    if provider != WORKERS_AI {
        return Ok(Rc::new(fetch));
    }
    let itself = "the binding itself, such as env.AI";
    let binding =
        options.typed(&["binding"], itself, |value| Some((value.clone(), workers_ai::run_of(value)?)))?;
    let (binding, run) = binding.ok_or_else(|| options.wrong(&options.field("binding"), itself))?;
    Ok(Rc::new(BindingFetch::new(binding, run, fetch)))
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
