//! Workers AI: the models of the Cloudflare account that a Worker runs in, through a binding.
//!
//! The binding is no HTTP, but it fails as HTTP does: for load, for size, for a model that is not there. So it
//! is dressed as a [`Fetch`](crate::host::fetch::Fetch), and time-outs, repetition and the checks of answers
//! are those of all services.

use serde_json::json;

use super::completion::{CHAT_JSON, CHAT_PICTURE, CHAT_TEXT, CompletionService};
use super::embedding::EmbeddingService;
use super::service::{Key, Service};

/// The address is never used, it only names the provider.
const WORKERS_AI: Service = Service {
    provider: "workers-ai",
    shown: "Workers AI",
    url: "https://workers-ai",
    key: Key::Optional,
    headers: &[],
    shared: false,
};

/// `run(model, { text })`.
pub static EMBEDDINGS: EmbeddingService = EmbeddingService {
    service: WORKERS_AI,
    model: "@cf/baai/bge-m3",
    batch: 100,
    batch_limit: 100,
    characters: 200_000,
    path: |model| format!("run/{model}"),
    body: |it| json!({ "text": it.texts }),
    dimensions: None,
    list: "/data",
    numbers: "",
};

/// `run(model, { messages })`. Models answer in Cloudflare's own form or, the newer ones, in OpenAI's; an answer
/// that was held to a schema may be an object already.
pub static COMPLETIONS: CompletionService = CompletionService {
    service: WORKERS_AI,
    model: "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
    path: |model| format!("run/{model}"),
    body: r#"{"messages":[{"role":"system","content":"$system"},{"role":"user","content":"$content"}]}"#,
    enforced: [r#"{"response_format":{"type":"json_schema","json_schema":"$schema"}}"#, CHAT_JSON],
    text: CHAT_TEXT,
    picture_url: "",
    picture: CHAT_PICTURE,
    options: "",
    limit: "max_tokens",
    old_limit: "max_tokens",
    answers: &[("/response", ""), ("/choices/0/message", "/content")],
    finish: "/choices/0/finish_reason",
    refusal: "/choices/0/message/refusal",
};

#[cfg(feature = "js")]
pub use binding::BindingFetch;

#[cfg(feature = "js")]
mod binding {
    use js_sys::{Function, JSON, Reflect};
    use wasm_bindgen::{JsCast, JsValue};

    use crate::host::LocalFuture;
    use crate::host::fetch::{Fetch, FetchError, HttpRequest, HttpResponse};
    use crate::host::js_error::describe;
    use crate::host::js_fetch::{JsFetch, Stop};
    use crate::text::find;

    /// `env.AI` as HTTP.
    pub struct BindingFetch {
        binding: JsValue,
        run: Function,
        /// Waiting and aborting are the host's, as for all providers.
        host: JsFetch,
    }

    impl BindingFetch {
        /// Asks `binding`, whose method is `run`.
        pub fn new(binding: JsValue, run: Function, host: JsFetch) -> BindingFetch {
            BindingFetch { binding, run, host }
        }

        async fn run(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
            let model = find::split_once(&request.url, "/run/").map_or("", |(_, model)| model);
            let input = String::from_utf8_lossy(&request.body);
            let input = JSON::parse(&input).map_err(network)?;
            let stop = Stop::new(Some(request.timeout_ms), self.host.signal());
            let answer = self.run.call2(&self.binding, &JsValue::from_str(model), &input);
            // A function may throw at once what it means as its rejection.
            let settled = match answer {
                Ok(answer) => stop.race(&answer).await?,
                Err(thrown) => Err(thrown),
            };
            match settled {
                Ok(answer) => {
                    let text = JSON::stringify(&answer).map_err(network)?;
                    Ok(response(200, text.as_string().unwrap_or_default()))
                }
                Err(thrown) => {
                    let said = describe(&thrown);
                    let Some(status) = status(&said) else { return Err(FetchError::Network(said)) };
                    Ok(response(status, crate::json::text(&serde_json::json!({ "error": said }))))
                }
            }
        }
    }

    impl Fetch for BindingFetch {
        fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, FetchError>> {
            Box::pin(self.run(request))
        }

        fn sleep(&self, ms: f64) -> LocalFuture<'_, ()> {
            self.host.sleep(ms)
        }

        fn aborted(&self) -> bool {
            self.host.aborted()
        }
    }

    fn response(status: u16, body: String) -> HttpResponse {
        HttpResponse { status, headers: Vec::new(), body: body.into_bytes() }
    }

    fn network(thrown: JsValue) -> FetchError {
        FetchError::Network(describe(&thrown))
    }

    /// The HTTP status that Cloudflare's table of errors gives a code such as the 3040 of `3040: Capacity
    /// temporarily exceeded`. Errors without a code are broken connections and the like.
    fn status(said: &str) -> Option<u16> {
        // "JSON Mode couldn't be met": it has no code, and asking again in the same way does not help.
        if find::contains(said, "JSON Mode") {
            return Some(400);
        }
        let mut numbers = said.split(|c: char| !c.is_ascii_digit());
        Some(match numbers.find(|number| number.len() == 4)? {
            "3036" | "3040" => 429,
            "3007" | "3008" => 408,
            "3023" | "3041" | "5016" | "5018" => 403,
            "3006" => 413,
            "3003" | "3039" | "3042" | "5004" | "5005" | "5007" | "5019" => 400,
            _ => return None,
        })
    }

    /// Whether a value is the binding: an object with a method `run`, which is returned.
    pub fn run_of(value: &JsValue) -> Option<Function> {
        Reflect::get(value, &JsValue::from_str("run")).ok()?.dyn_into().ok()
    }
}

#[cfg(feature = "js")]
pub use binding::run_of;
