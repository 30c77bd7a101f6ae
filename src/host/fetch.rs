//! HTTP as a host gives it: one request, one bounded response, and waiting.
//!
//! Providers of models are written against [`Fetch`], so that their wire format, retries and errors are
//! tested natively over real sockets. Requests carry keys: nothing here is ever printed whole.

use std::fmt;

use super::LocalFuture;

/// The largest response that is read unless a request says otherwise: a batch of vectors is a few MB.
pub const MAX_RESPONSE: usize = 64 << 20;

/// A request, sent once.
#[derive(Clone, PartialEq)]
pub struct HttpRequest {
    /// The method, in capitals.
    pub method: &'static str,
    /// The absolute address.
    pub url: String,
    /// Names in lower case, with values that are visible ASCII.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How long sending, waiting and reading may take together, in ms.
    pub timeout_ms: f64,
    /// The longest body that is accepted, in bytes.
    pub max_response: usize,
}

impl fmt::Debug for HttpRequest {
    /// Only the method and the size: address and headers may hold keys, the body holds memories.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({}, {} bytes)", self.method, self.body.len())
    }
}

/// What came back, whole.
#[derive(Clone, PartialEq)]
pub struct HttpResponse {
    /// The status code, 200 to 599.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed, at most [`HttpRequest::max_response`] bytes.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// [`HttpRequest::timeout_ms`] passed.
    Timeout,
    /// The caller's signal aborted.
    Aborted,
    /// The body is longer than [`HttpRequest::max_response`].
    TooLarge,
    /// No connection, or it broke; with the host's own words, which may hold the address.
    Network(String),
}

/// Sends requests and waits. A future that is dropped gives up its request.
pub trait Fetch {
    /// Sends one request and reads the whole response. Any status is a response, not an error.
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, FetchError>>;

    /// Waits `ms`, or less if the caller's signal aborts.
    fn sleep(&self, ms: f64) -> LocalFuture<'_, ()>;

    /// Whether the caller's signal has aborted; nothing is sent from then on.
    fn aborted(&self) -> bool {
        false
    }
}
