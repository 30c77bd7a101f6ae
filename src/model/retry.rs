//! One conversation with a provider: attempts, back-off, `Retry-After`, deadline, and the coded error.
//!
//! All providers share this policy. Load and outages are retried (408, 409, 425, 429, 5xx, time-outs and
//! broken connections); what another attempt cannot mend is not (400, 401, 403, 404, 422 and the rest).

use std::rc::Rc;

use super::reply::said_by_provider;
use super::secret::Secret;
use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::host::fetch::{Fetch, FetchError, HttpRequest, HttpResponse, MAX_RESPONSE};
use crate::text::find;
use crate::time::Timestamp;

/// How patient a provider is. All times in ms.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// How often a request is sent at most, at least once.
    pub attempts: u32,
    /// How long one attempt may take.
    pub timeout_ms: f64,
    /// How long all attempts and the pauses between them may take together.
    pub deadline_ms: f64,
    /// The pause before the second attempt; it doubles from then on.
    pub backoff_ms: f64,
    /// The longest pause of our own choice.
    pub max_backoff_ms: f64,
    /// The longest pause that a provider's `Retry-After` gets.
    pub max_retry_after_ms: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            attempts: 3,
            timeout_ms: 60_000.0,
            deadline_ms: 180_000.0,
            backoff_ms: 500.0,
            max_backoff_ms: 8_000.0,
            max_retry_after_ms: 60_000.0,
        }
    }
}

impl Policy {
    /// For what a call can do without: ten seconds an attempt and twenty in all, of which a search that waits
    /// for its order loses no more.
    pub fn brief() -> Policy {
        Policy { attempts: 2, timeout_ms: BRIEF_TIMEOUT, deadline_ms: 20_000.0, ..Policy::default() }
    }
}

/// How long one attempt may take under [`Policy::brief`], in ms.
pub const BRIEF_TIMEOUT: f64 = 10_000.0;

/// Sends requests to one provider under a [`Policy`].
#[derive(Clone)]
pub struct Client {
    /// Where requests go out.
    pub fetch: Rc<dyn Fetch>,
    /// The clock for the deadline, and the randomness of the pauses.
    pub host: Rc<dyn Host>,
    /// How patient it is.
    pub policy: Policy,
    /// The provider's name in messages, such as `OpenAI`.
    pub provider: String,
    /// What must never be repeated in a message.
    pub secrets: Vec<Secret>,
}

/// A request that got no usable answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The last response's status, if there was a response.
    pub status: Option<u16>,
    /// The provider's own words on it, short and without keys; empty if it gave none.
    pub said: String,
    /// The coded error for the caller.
    pub error: Error,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        failure.error
    }
}

impl Client {
    /// Posts JSON and returns the body of the first response with a 2xx status.
    ///
    /// The error's code is `MODEL_UNAUTHORIZED` (401, 403), `MODEL_RATE_LIMITED` (429), `MODEL_TIMEOUT`,
    /// `MODEL_RESPONSE_INVALID` (a body over 64 MB), `ABORTED`, or else `MODEL_FAILED`.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Vec<u8>, Failure> {
        let started = self.host.monotonic();
        let attempts = self.policy.attempts.max(1);
        let mut attempt = 1;
        loop {
            if self.fetch.aborted() {
                return Err(self.unanswered(FetchError::Aborted, attempt - 1));
            }
            let left = self.policy.deadline_ms - (self.host.monotonic() - started);
            let request = HttpRequest {
                method: "POST",
                url: url.to_owned(),
                headers: headers.to_vec(),
                body: body.clone(),
                timeout_ms: self.policy.timeout_ms.min(left).max(1.0),
                max_response: MAX_RESPONSE,
            };
            let (failure, asked) = match self.fetch.send(request).await {
                Ok(response) if (200..300).contains(&response.status) => return Ok(response.body),
                Ok(response) => {
                    let failure = self.refused(&response, attempt);
                    if !may_pass(response.status, &failure.said) {
                        return Err(failure);
                    }
                    (failure, retry_after(&response, self.host.now()))
                }
                Err(error) => {
                    let retried = matches!(error, FetchError::Timeout | FetchError::Network(_));
                    let failure = self.unanswered(error, attempt);
                    if !retried {
                        return Err(failure);
                    }
                    (failure, None)
                }
            };
            let pause =
                asked.map_or_else(|| self.backoff(attempt), |ms| ms.min(self.policy.max_retry_after_ms));
            let left = self.policy.deadline_ms - (self.host.monotonic() - started);
            if attempt >= attempts || pause >= left {
                return Err(failure);
            }
            self.fetch.sleep(pause).await;
            attempt += 1;
        }
    }

    /// Half of the doubled pause is fixed and half is drawn, so that clients that failed together do
    /// not come back together.
    fn backoff(&self, attempt: u32) -> f64 {
        let doubled = self.policy.backoff_ms * f64::from(1u32 << (attempt - 1).min(16));
        let drawn = (self.host.random() >> 11) as f64 / (1u64 << 53) as f64;
        doubled.min(self.policy.max_backoff_ms) * (0.5 + 0.5 * drawn)
    }

    /// `text` without the keys that this client knows.
    pub fn hide(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.hide(&text))
    }

    fn refused(&self, response: &HttpResponse, attempt: u32) -> Failure {
        let (provider, status, said) =
            (&self.provider, response.status, self.hide(&said_by_provider(&response.body)));
        // Google answers a bad key with 400.
        let bad_key =
            matches!(status, 401 | 403) || status == 400 && find::contains(&said, "API key not valid");
        let (kind, message) = match status {
            _ if bad_key => (
                ErrorKind::ModelUnauthorized,
                format!("{provider} refused the key (status {status}); check apiKey and what it may do"),
            ),
            429 => (
                ErrorKind::ModelRateLimited,
                format!(
                    "{provider} refused for load or quota (status 429) after {}; try again later, \
                     or check the account's limits",
                    times(attempt)
                ),
            ),
            _ => (
                ErrorKind::ModelFailed,
                format!("{provider} answered with status {status} after {}", times(attempt)),
            ),
        };
        let mut error = Error::new(kind, message);
        if kind == ErrorKind::ModelUnauthorized {
            error = error.field("apiKey");
        }
        if !said.is_empty() {
            error = error.cause(&said);
        }
        Failure { status: Some(status), said, error }
    }

    fn unanswered(&self, error: FetchError, attempt: u32) -> Failure {
        let provider = &self.provider;
        let error = match error {
            FetchError::Aborted => {
                Error::new(ErrorKind::Aborted, format!("the request to {provider} was aborted by its signal"))
            }
            FetchError::Timeout => Error::new(
                ErrorKind::ModelTimeout,
                format!("{provider} did not answer in time, {}; raise timeout or try later", times(attempt)),
            ),
            FetchError::TooLarge => Error::new(
                ErrorKind::ModelResponseInvalid,
                format!("{provider} answered with more than {} MB; check baseUrl", MAX_RESPONSE >> 20),
            ),
            FetchError::Network(cause) => Error::new(
                ErrorKind::ModelFailed,
                format!("{provider} could not be reached, {}; check baseUrl and the network", times(attempt)),
            )
            .cause(self.hide(&cause)),
        };
        Failure { status: None, said: String::new(), error }
    }
}

/// Whether another attempt may end better. A used-up quota comes as 429 too, and stays used up.
fn may_pass(status: u16, said: &str) -> bool {
    match status {
        429 => !find::contains(said, "insufficient_quota"),
        408 | 409 | 425 | 500..=599 => true,
        _ => false,
    }
}

/// The pause that the provider asks for, in ms: `retry-after-ms`, `Retry-After` in seconds or as a date, or
/// Google's way to say it.
fn retry_after(response: &HttpResponse, now: i64) -> Option<f64> {
    // Read as JSON: the standard library's parser of floats would come into the wasm beside it.
    let number = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text.trim())
            .ok()?
            .as_f64()
            .filter(|n| n.is_finite() && *n >= 0.0)
    };
    if let Some(millis) = response.header("retry-after-ms").and_then(number) {
        return Some(millis);
    }
    let Some(text) = response.header("retry-after").map(str::trim) else {
        return delay_in(&response.body).and_then(number).map(|seconds| seconds * 1000.0);
    };
    if let Some(seconds) = number(text) {
        return Some(seconds * 1000.0);
    }
    Some(http_date(text)?.saturating_sub(now).max(0) as f64)
}

/// The seconds of Google's `RetryInfo`, `{ "error": { "details": [{ "retryDelay": "17s" }] } }`, which come in
/// place of the header.
fn delay_in(body: &[u8]) -> Option<&str> {
    let body = std::str::from_utf8(body).ok()?;
    let delay =
        find::split_once(body, "\"retryDelay\"")?.1.trim_start_matches([':', ' ', '\n']).strip_prefix('"')?;
    find::split_once(delay, "s\"").map(|(seconds, _)| seconds)
}

/// Milliseconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that is still sent (RFC 9110,
/// 5.6.7). It is put in the order that [`Timestamp`] reads: a parser of its own costs 8 kB of wasm.
fn http_date(text: &str) -> Option<i64> {
    let mut words = find::split_once(text.strip_suffix(" GMT")?, ", ")?.1.split(' ');
    let (day, month, year, clock) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month)? + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{clock}Z")).ok().map(Timestamp::millis)
}

fn times(attempt: u32) -> String {
    if attempt == 1 { "1 attempt".to_owned() } else { format!("{attempt} attempts") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let now = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT
        for (name, value, expected) in [
            ("retry-after", "7", Some(7000.0)),
            ("retry-after", " 0.5 ", Some(500.0)),
            ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT", Some(30_000.0)),
            ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", Some(0.0)),
            ("retry-after-ms", "250", Some(250.0)),
            ("retry-after", "Sun, 31 Feb 1994 08:00:00 GMT", None),
            ("retry-after", "Sun, 06 Nov 1994 25:00:00 GMT", None),
            ("retry-after", "Sun, 06 Nov 1994 GMT", None),
            ("retry-after", "soon", None),
            ("retry-after", "-3", None),
            ("retry-after", "NaN", None),
            ("retry-after", "inf", None),
            ("retry-after", "", None),
            ("x-other", "7", None),
        ] {
            let headers = vec![(name.to_owned(), value.to_owned())];
            let response = HttpResponse { status: 429, headers, body: Vec::new() };
            assert_eq!(retry_after(&response, now), expected, "{name}: {value}");
        }
    }

    #[test]
    fn only_what_may_pass_is_retried() {
        for status in [408, 409, 425, 429, 500, 502, 503, 504, 529, 599] {
            assert!(may_pass(status, ""), "{status}");
        }
        for status in [300, 304, 400, 401, 403, 404, 405, 413, 415, 422, 451, 600] {
            assert!(!may_pass(status, ""), "{status}");
        }
        assert!(!may_pass(429, "insufficient_quota: You exceeded your current quota"));
    }
}
