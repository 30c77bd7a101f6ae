//! Where the token table comes from: bytes that the host loads when they are first needed.

use crate::error::Result;
use crate::host::LocalFuture;

/// Loads the token table.
pub trait TokenSource {
    /// The bytes of the table, in the format of `docs/format-tokens.md`. Asked for at most once at a time, and
    /// again after a failure. `TOKENS_UNAVAILABLE` if they cannot be had.
    fn load(&self) -> LocalFuture<'_, Result<Vec<u8>>>;
}

/// A table that is in memory already.
impl TokenSource for Vec<u8> {
    fn load(&self) -> LocalFuture<'_, Result<Vec<u8>>> {
        Box::pin(async { Ok(self.clone()) })
    }
}

#[cfg(feature = "js")]
mod js {
    use std::rc::Rc;

    use js_sys::{Function, Promise, Uint8Array};
    use wasm_bindgen::{JsCast, JsValue};

    use super::TokenSource;
    use crate::error::{Error, ErrorKind, Result};
    use crate::host::LocalFuture;
    use crate::host::js::wait;
    use crate::host::js_error::from_js;

    /// A function of the host that gives a promise of the bytes.
    struct FunctionTokens(Function);

    /// The source that the value of the key `tokens` describes; nothing if it is undefined.
    pub fn tokens_from_js(value: &JsValue) -> Option<Rc<dyn TokenSource>> {
        let function = value.dyn_ref::<Function>()?.clone();
        Some(Rc::new(FunctionTokens(function)))
    }

    impl TokenSource for FunctionTokens {
        fn load(&self) -> LocalFuture<'_, Result<Vec<u8>>> {
            Box::pin(async {
                let failed = |reason: JsValue| -> Error {
                    // The loader knows whether there is no table or a wrong one, and what helps.
                    let message = "the token table cannot be loaded: search is by keywords until it can";
                    from_js(&reason, ErrorKind::TokensUnavailable, message).field("tokens")
                };
                let promise = self.0.call0(&JsValue::UNDEFINED).map_err(failed)?;
                let bytes = wait(Promise::resolve(&promise)).await.map_err(failed)?;
                Ok(Uint8Array::new(&bytes).to_vec())
            })
        }
    }
}

#[cfg(feature = "js")]
pub use js::tokens_from_js;
