//! What a request is refused with: a stable code, its HTTP status, a message that says what to do.
//!
//! The statuses are chosen so that mem0's clients raise the class that fits. `docs/worker.md` shows the table;
//! a test keeps the two equal.

use edgemem::{Error, ErrorKind};
use serde_json::json;

use crate::http::Answer;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident => $code:literal, $status:literal;)*) => {
        /// The reasons that only the service has; all others are [`ErrorKind`]s of the core.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal { $($(#[$doc])* $name,)* }

        impl Refusal {
            /// All of them.
            pub const ALL: &'static [Refusal] = &[$(Refusal::$name,)*];

            /// The stable code and the status.
            pub fn shown(self) -> (&'static str, u16) {
                match self { $(Refusal::$name => ($code, $status),)* }
            }
        }
    };
}

refusals! {
    /// The body is no JSON object in UTF-8.
    BodyInvalid => "BODY_INVALID", 400;
    /// The token is missing or unknown.
    Unauthorized => "UNAUTHORIZED", 401;
    /// The token is for another organisation or project than the one that is named.
    TenantForbidden => "TENANT_FORBIDDEN", 403;
    /// There is no such path.
    RouteUnknown => "ROUTE_UNKNOWN", 404;
    /// The path exists, the method does not.
    MethodNotAllowed => "METHOD_NOT_ALLOWED", 405;
    /// A request with this idempotency key is still being answered.
    IdempotencyPending => "IDEMPOTENCY_PENDING", 409;
    /// The body is above the limit.
    BodyTooLarge => "BODY_TOO_LARGE", 413;
    /// The body's type is not JSON.
    MediaTypeUnsupported => "MEDIA_TYPE_UNSUPPORTED", 415;
    /// This idempotency key was sent before with another request.
    IdempotencyMismatch => "IDEMPOTENCY_MISMATCH", 422;
    /// The token sent more requests than it may.
    RateLimited => "RATE_LIMITED", 429;
    /// mem0's platform has it, and this service has not.
    NotImplemented => "NOT_IMPLEMENTED", 501;
    /// There are too many keys.
    KeysFull => "KEYS_FULL", 507;
    /// No token is configured, so nobody can be let in.
    AuthNotConfigured => "AUTH_NOT_CONFIGURED", 503;
}

/// The status of each code of the core.
pub fn status(kind: ErrorKind) -> u16 {
    use ErrorKind as K;
    match kind {
        K::InvalidArgument | K::MessagesRequired | K::MessagesEmpty | K::TextTooLong | K::TextInvalid => 400,
        K::RoleUnknown | K::ScopeRequired | K::ScopeInvalid | K::QueryEmpty | K::TopKInvalid => 400,
        K::ThresholdInvalid | K::FilterInvalid | K::FilterOperatorUnknown | K::MetadataInvalid => 400,
        K::MetadataTooLarge | K::TimestampInvalid | K::DateInvalid | K::UpdateEmpty | K::Unsupported => 400,
        K::NotFound => 404,
        K::StoreConflict | K::EmbedderChanged => 409,
        K::ModelRateLimited => 429,
        K::ModelFailed | K::ModelUnauthorized | K::ModelResponseInvalid | K::VectorInvalid => 502,
        K::StoreFailed | K::StoreLocked | K::StoreUnavailable | K::WriteInterrupted => 503,
        K::Closed | K::Aborted => 503,
        K::ModelTimeout => 504,
        K::ChangesInvalid | K::ClockInvalid | K::KeyInvalid => 400,
        K::ChangesForeign | K::RightMissing | K::ScopeForbidden => 403,
        K::RelayFull => 507,
        K::RelayFailed | K::ObjectFailed | K::OutOfMemory => 503,
        K::StoreFull => 507,
        // The deployment's fault or ours: nothing that the caller could change.
        K::ConfigInvalid | K::ProviderUnknown | K::TokensUnavailable | K::TableInvalid => 500,
        K::StoreCorrupt | K::FormatUnsupported | K::Internal => 500,
        K::KeyWrong | K::KeyRequired | K::Tampered => 500,
        _ => 500,
    }
}

/// A refused request.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    code: &'static str,
    status: u16,
    message: String,
    field: Option<String>,
    headers: Vec<(&'static str, String)>,
    cause: Option<String>,
}

impl Problem {
    /// A refusal of the service.
    pub fn new(refusal: Refusal, message: impl Into<String>) -> Problem {
        let (code, status) = refusal.shown();
        Problem { code, status, message: message.into(), field: None, headers: Vec::new(), cause: None }
    }

    /// Names the header, option or variable at fault.
    pub fn field(mut self, field: impl Into<String>) -> Problem {
        self.field = Some(field.into());
        self
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Problem {
        self.headers.push((name, value.into()));
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What it says.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What belongs into the log and not into the answer: only failures, with what lies beneath them.
    pub fn log(&self) -> Option<String> {
        let cause = self.cause.as_deref().map_or(String::new(), |cause| format!(": {cause}"));
        (self.status >= 500 && self.status != 501).then(|| format!("{}: {}{cause}", self.code, self.message))
    }

    /// The answer. The message stands under both names that clients of mem0 read. The cause stays here: it
    /// may tell of things that are none of the caller's business.
    pub fn answer(&self) -> Answer {
        let message = if self.code == ErrorKind::Internal.code() {
            "edgemem failed inside: this call was given up, the store is intact"
        } else {
            &self.message
        };
        let body = json!({ "error": message, "detail": message, "code": self.code, "field": self.field });
        Answer { status: self.status, headers: self.headers.clone(), body: Some(body) }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let status = status(error.kind());
        Problem {
            code: error.code(),
            status,
            message: error.message().to_owned(),
            field: error.field_name().map(crate::names::snake),
            // What may succeed a moment later says so.
            headers: if matches!(status, 409 | 429 | 503) {
                vec![("retry-after", "1".to_owned())]
            } else {
                Vec::new()
            },
            cause: error.cause_text().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_lists_every_code_with_its_status() {
        let documentation = include_str!("../../docs/worker.md");
        let core = ErrorKind::ALL.iter().map(|kind| (kind.code(), status(*kind)));
        for (code, status) in core.chain(Refusal::ALL.iter().map(|refusal| refusal.shown())) {
            let row = documentation.lines().find(|line| line.contains(&format!("`{code}`")));
            let row = row.unwrap_or_else(|| panic!("docs/worker.md does not list {code}"));
            assert!(row.starts_with(&format!("| {status} |")), "{code} is {status}: {row}");
        }
    }

    #[test]
    fn inner_detail_is_logged_and_not_shown() {
        let problem = Problem::from(Error::new(ErrorKind::Internal, "row 7 broke").cause("secret"));
        let shown = problem.answer().body.unwrap().to_string();
        assert!(!shown.contains("secret") && !shown.contains("row 7"), "{shown}");
        assert_eq!(problem.log().as_deref(), Some("INTERNAL: row 7 broke: secret"));
        let problem = Problem::from(Error::new(ErrorKind::ScopeRequired, "who?").field("userId").cause("x"));
        assert_eq!(
            problem.answer().body.unwrap(),
            json!({ "error": "who?", "detail": "who?", "code": "SCOPE_REQUIRED", "field": "user_id" })
        );
        assert_eq!(problem.log(), None);
    }
}
