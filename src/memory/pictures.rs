//! Pictures in messages: a language model says what is in them, and that is remembered with a reference to each.
//!
//! The picture itself is not kept. Without a model, or where it fails, the reference is all that there is.

use super::{Memory, Message};
use crate::completion::Picture;
use crate::distill::prompt;
use crate::error::{Error, Result};
use crate::host::LocalFuture;
use crate::model::Completer;
use crate::text::Digest;

/// A longer address is cut in the reference, in characters.
const LONGEST_ADDRESS: usize = 500;

impl Memory {
    /// The messages with their pictures in words. What kept the model from looking at one is among the warnings.
    pub(super) async fn with_pictures_told(
        &self,
        messages: &[Message],
        warnings: &mut Vec<Error>,
    ) -> Vec<Message> {
        let mut told = Vec::with_capacity(messages.len());
        for message in messages {
            let mut message = message.clone();
            for picture in std::mem::take(&mut message.pictures) {
                let reference = reference(&picture);
                let seen = match &self.0.completer {
                    None => None,
                    Some(completer) => match seen(&**completer, picture).await {
                        Ok(seen) => Some(seen),
                        Err(failure) => {
                            warnings.push(failure);
                            None
                        }
                    },
                };
                if !message.text.is_empty() {
                    message.text.push('\n');
                }
                // Brackets within would end the remark, and line breaks make several statements of it.
                let seen = seen.map(|seen| [": ", &plain(&seen)].concat()).unwrap_or_default();
                message.text.push_str(&["[shares a picture (", &reference, ")", &seen, "]"].concat());
            }
            told.push(message);
        }
        told
    }
}

/// What a model sees in a picture. A gate of `wasm-pack.toml`.
#[inline(never)]
fn seen(completer: &dyn Completer, picture: Picture) -> LocalFuture<'_, Result<String>> {
    Box::pin(async move { completer.complete(&prompt::describe(picture)).await })
}

/// Names a picture: by its address, or by what it is and the digest of its bytes.
fn reference(picture: &Picture) -> String {
    match picture {
        Picture::Url(address) => plain(address).chars().take(LONGEST_ADDRESS).collect(),
        Picture::Data { media_type, base64 } => {
            let digest = Digest::of(&[base64.as_bytes()]).to_hex();
            [media_type.as_str(), " ", &digest[..16]].concat()
        }
    }
}

fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.extend(word.chars().filter(|c| !matches!(c, '[' | ']')));
    }
    plain
}
