//! Models that run in the same process, through the caller's own `@huggingface/transformers`.
//!
//! The package is large and has native parts, so it is the caller's: either a feature-extraction pipeline, or
//! the module and a model's name, which is loaded when the first text comes.

use std::cell::RefCell;

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::function::{BATCH_CHARACTERS, Patience, failed, read_vectors, strings};
use super::options::Options;
use super::vectors::{Vectors, batches};
use super::{Embedder, Purpose};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;

/// A feature-extraction pipeline of transformers.js.
pub struct TransformersEmbedder {
    /// The pipeline or a promise of it; nothing before the first use of a module.
    pipeline: RefCell<Option<JsValue>>,
    /// `pipeline` of the module, and its arguments.
    load: Option<(Function, Array)>,
    /// How vectors of tokens become one.
    pooling: String,
    normalize: bool,
    dimensions: Option<usize>,
    model: Option<String>,
    batch_size: usize,
    patience: Patience,
}

impl TransformersEmbedder {
    /// Reads `pipeline`, or `module` and `model`; loads nothing yet. `CONFIG_INVALID` if neither is there.
    pub(super) fn new(options: &Options) -> Result<TransformersEmbedder> {
        let model = options.string(&["model"])?;
        let pipeline =
            options.typed(&["pipeline"], "a feature-extraction pipeline or a promise of it", |it| {
                (it.is_object() || it.is_function()).then(|| it.clone())
            })?;
        let module = options.typed(&["module"], "the module @huggingface/transformers", |it| {
            Reflect::get(it, &JsValue::from_str("pipeline")).ok()?.dyn_into::<Function>().ok()
        })?;
        let load = match (&pipeline, module) {
            (Some(_), _) => None,
            (None, None) => {
                let field = options.field("pipeline");
                return Err(options.wrong(&field, "a feature-extraction pipeline; or pass module and model"));
            }
            (None, Some(module)) => {
                let name = model
                    .as_deref()
                    .ok_or_else(|| options.wrong(&options.field("model"), "the name of a model"))?;
                let settings =
                    options.typed(&["options"], "an object", |it| it.is_object().then(|| it.clone()))?;
                let settings = settings.unwrap_or_default();
                Some((module, Array::of3(&"feature-extraction".into(), &name.into(), &settings)))
            }
        };
        let known = |value: &JsValue| {
            let poolings = ["mean", "cls", "first_token", "last_token", "eos"];
            value.as_string().filter(|pooling| poolings.contains(&pooling.as_str()))
        };
        let pooling = options.typed(&["pooling"], "mean, cls, first_token, last_token or eos", known)?;
        let normalize = options.typed(&["normalize"], "true or false", JsValue::as_bool)?;
        Ok(TransformersEmbedder {
            pipeline: RefCell::new(pipeline),
            load,
            pooling: pooling.unwrap_or_else(|| "mean".to_owned()),
            normalize: normalize.unwrap_or(true),
            dimensions: options.dimensions()?,
            model,
            batch_size: options.batch_size()?.unwrap_or(16),
            patience: options.patience()?,
        })
    }

    /// The pipeline, loaded once for all calls that wait for it; a failed loading is tried again. Loading may
    /// download a model, so the time-out of a call does not count for it.
    async fn pipeline(&self) -> Result<Function> {
        let known = self.pipeline.borrow().clone();
        let loading = match (known, &self.load) {
            (None, Some((load, arguments))) => {
                let loading = load
                    .apply(&JsValue::UNDEFINED, arguments)
                    .map_err(|thrown| failed(&thrown, "pipeline"))?;
                *self.pipeline.borrow_mut() = Some(loading.clone());
                loading
            }
            (known, _) => known.unwrap_or_default(),
        };
        let patience = Patience { timeout_ms: None, signal: self.patience.signal.clone() };
        let loaded = patience.settle(&loading, "pipeline").await;
        if self.load.is_some() && loaded.as_ref().is_err_and(|error| error.kind() == ErrorKind::ModelFailed) {
            *self.pipeline.borrow_mut() = None;
        }
        loaded?.dyn_into().map_err(|_| {
            Error::new(ErrorKind::ConfigInvalid, "pipeline must be what the function pipeline() resolves to")
                .field("embedder.config.pipeline")
        })
    }

    fn settings(&self) -> Object {
        let settings = Object::new();
        for (name, value) in
            [("pooling", JsValue::from_str(&self.pooling)), ("normalize", JsValue::from_bool(self.normalize))]
        {
            // A plain object takes every member.
            let _ = Reflect::set(&settings, &JsValue::from_str(name), &value);
        }
        settings
    }
}

impl Embedder for TransformersEmbedder {
    /// `transformers/<model>@<dimensions>`, with the pooling if it is not the mean.
    fn name(&self) -> String {
        let model = self.model.as_deref().unwrap_or("custom");
        let pooling = if self.pooling == "mean" { String::new() } else { format!("+{}", self.pooling) };
        match self.dimensions {
            Some(dimensions) => format!("transformers/{model}@{dimensions}{pooling}"),
            None => format!("transformers/{model}@auto{pooling}"),
        }
    }

    fn embed<'a>(&'a self, texts: &'a [String], _: Purpose) -> LocalFuture<'a, Result<Vec<Vec<f32>>>> {
        Box::pin(async move {
            let mut vectors = Vectors::new(self.dimensions);
            for batch in batches(texts, self.batch_size, BATCH_CHARACTERS) {
                let pipeline = self.pipeline().await?;
                let arguments = Array::of2(&strings(batch), &self.settings());
                let tensor =
                    self.patience.call(&pipeline, &JsValue::UNDEFINED, &arguments, "pipeline").await?;
                // A tensor of one row of numbers per text; as an array it is checked like any other answer.
                let list = Reflect::get(&tensor, &JsValue::from_str("tolist"));
                let rows = match list.ok().and_then(|list| list.dyn_into::<Function>().ok()) {
                    Some(list) => list.call0(&tensor).map_err(|thrown| failed(&thrown, "pipeline"))?,
                    None => tensor,
                };
                read_vectors(&rows, "pipeline", &mut vectors, batch.len())?;
            }
            Ok(vectors.finish())
        })
    }
}
