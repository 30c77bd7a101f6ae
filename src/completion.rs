//! What a language model is asked. The prompts of [`distill`](crate::distill) are made of it, and the providers
//! of [`model`](crate::model) send it.

use serde_json::Value;

/// A request to a language model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completion {
    /// The instructions.
    pub system: String,
    /// What is asked.
    pub user: String,
    /// What is looked at.
    pub pictures: Vec<Picture>,
    /// A JSON schema that the answer must satisfy, for providers that can enforce one.
    pub schema: Option<Value>,
    /// The longest answer wanted, in tokens.
    pub max_tokens: u32,
    /// Whether the beginning of an answer that was cut off is wanted, too. Without it, such an answer is an error.
    pub partial: bool,
}

/// A picture in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Where it is. Only some providers fetch it.
    Url(String),
    /// The picture itself.
    Data {
        /// What it is, such as `image/png`.
        media_type: String,
        /// Its bytes in base64.
        base64: String,
    },
}
