//! The one error type, with a stable code for programs and a message for people.
//!
//! Callers branch on [`Error::code`]; the message says what to do and may be reworded. The codes are
//! listed in `docs/errors.md`, and a test keeps that table and this file equal.

use std::fmt;

/// The result of everything that can fail in edgemem.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident => $code:literal,)*) => {
        /// What went wrong, one variant per stable code.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorKind { $($(#[$doc])* $kind,)* }

        impl ErrorKind {
            /// Every kind there is, in the order of the table in `docs/errors.md`.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$kind,)*];

            /// The stable code, such as `SCOPE_REQUIRED`. It is never reworded.
            pub fn code(self) -> &'static str {
                match self { $(ErrorKind::$kind => $code,)* }
            }

            /// The kind that has this code, if any: used where an error comes back from JavaScript.
            pub fn from_code(code: &str) -> Option<ErrorKind> {
                match code { $($code => Some(ErrorKind::$kind),)* _ => None }
            }
        }
    };
}

kinds! {
    /// An argument has the wrong type or an impossible value; `field` names it.
    InvalidArgument => "INVALID_ARGUMENT",
    /// `add` was called without messages.
    MessagesRequired => "MESSAGES_REQUIRED",
    /// `add` was called with an empty list, or with nothing but blank text.
    MessagesEmpty => "MESSAGES_EMPTY",
    /// A text is too long; the message names the limit in bytes.
    TextTooLong => "TEXT_TOO_LONG",
    /// A text holds a NUL or half of a surrogate pair and cannot be stored faithfully.
    TextInvalid => "TEXT_INVALID",
    /// A message's role is none of user, assistant, system, tool.
    RoleUnknown => "ROLE_UNKNOWN",
    /// Neither user, agent, run, app nor org was named.
    ScopeRequired => "SCOPE_REQUIRED",
    /// A scope id is blank, holds whitespace or is too long.
    ScopeInvalid => "SCOPE_INVALID",
    /// The query is blank.
    QueryEmpty => "QUERY_EMPTY",
    /// `topK`, `limit` or `offset` is not a non-negative integer.
    TopKInvalid => "TOP_K_INVALID",
    /// `threshold` is not a number from 0 to 1.
    ThresholdInvalid => "THRESHOLD_INVALID",
    /// A filter is malformed.
    FilterInvalid => "FILTER_INVALID",
    /// A filter uses an operator that does not exist.
    FilterOperatorUnknown => "FILTER_OPERATOR_UNKNOWN",
    /// Metadata is not plain JSON: a cycle, a function, a BigInt, NaN, a dangerous key.
    MetadataInvalid => "METADATA_INVALID",
    /// Metadata is larger than the limit named in the message.
    MetadataTooLarge => "METADATA_TOO_LARGE",
    /// A timestamp is not a date, or lies outside the years 0001 to 9999.
    TimestampInvalid => "TIMESTAMP_INVALID",
    /// An expiration date is not a real day in `YYYY-MM-DD` form.
    DateInvalid => "DATE_INVALID",
    /// No memory has this id.
    NotFound => "NOT_FOUND",
    /// `update` was called with nothing to change.
    UpdateEmpty => "UPDATE_EMPTY",
    /// The configuration given to `new Memory` is wrong; `field` names the part.
    ConfigInvalid => "CONFIG_INVALID",
    /// A provider of this name does not exist.
    ProviderUnknown => "PROVIDER_UNKNOWN",
    /// The memory was closed; open a new one.
    Closed => "CLOSED",
    /// The feature is not available on this host or in this configuration.
    Unsupported => "UNSUPPORTED",
    /// The caller's signal aborted the call.
    Aborted => "ABORTED",
    /// The store failed; the cause holds its own words.
    StoreFailed => "STORE_FAILED",
    /// Another process holds the store.
    StoreLocked => "STORE_LOCKED",
    /// The disk or the origin's quota is full; nothing of this call was stored.
    StoreFull => "STORE_FULL",
    /// The store cannot be opened here, for instance in a private window.
    StoreUnavailable => "STORE_UNAVAILABLE",
    /// Stored bytes are damaged; the message names the file or key.
    StoreCorrupt => "STORE_CORRUPT",
    /// Another writer committed first, again and again; nothing of this call was stored.
    StoreConflict => "STORE_CONFLICT",
    /// A write was interrupted before its outcome was known; repeating it is harmless.
    WriteInterrupted => "WRITE_INTERRUPTED",
    /// Stored bytes come from a newer version of edgemem.
    FormatUnsupported => "FORMAT_UNSUPPORTED",
    /// A model provider failed.
    ModelFailed => "MODEL_FAILED",
    /// A model provider did not answer in time.
    ModelTimeout => "MODEL_TIMEOUT",
    /// A model provider refused for load, also after the retries.
    ModelRateLimited => "MODEL_RATE_LIMITED",
    /// A model provider refused the key.
    ModelUnauthorized => "MODEL_UNAUTHORIZED",
    /// A model provider answered something that is not what its protocol says.
    ModelResponseInvalid => "MODEL_RESPONSE_INVALID",
    /// The token table is damaged, incomplete or of another version.
    TableInvalid => "TABLE_INVALID",
    /// The token table cannot be loaded: its file is missing, or the network or a policy is in the way.
    TokensUnavailable => "TOKENS_UNAVAILABLE",
    /// A vector has the wrong length, or holds NaN or infinity.
    VectorInvalid => "VECTOR_INVALID",
    /// The stored vectors come from another embedder; call `reindex()`.
    EmbedderChanged => "EMBEDDER_CHANGED",
    /// An encryption key or passphrase has the wrong length or form.
    KeyInvalid => "KEY_INVALID",
    /// The passphrase or key does not open what is stored; nothing was changed.
    KeyWrong => "KEY_WRONG",
    /// What is stored is encrypted, and no key was given.
    KeyRequired => "KEY_REQUIRED",
    /// Encrypted bytes were changed, swapped, or put back from another time or place; the message names them.
    Tampered => "TAMPERED",
    /// The bytes given to `merge` or `restore` are damaged, cut off, too large, or something else; nothing was changed.
    ChangesInvalid => "CHANGES_INVALID",
    /// The changes belong to another account or another scope; nothing was changed.
    ChangesForeign => "CHANGES_FOREIGN",
    /// The key of a service may not do this.
    RightMissing => "RIGHT_MISSING",
    /// The key of a service is for another user or agent than the one that is named; nothing was changed.
    ScopeForbidden => "SCOPE_FORBIDDEN",
    /// A change is dated so far in the future that the clock which made it must be wrong; nothing was changed.
    ClockInvalid => "CLOCK_INVALID",
    /// The relay cannot be reached, or answered something that is not its protocol.
    RelayFailed => "RELAY_FAILED",
    /// The relay keeps no more for this account.
    RelayFull => "RELAY_FULL",
    /// A Durable Object did not answer, or answered something that is not its protocol.
    ObjectFailed => "OBJECT_FAILED",
    /// The instance has no more memory: the call failed, the store is intact, the next call starts afresh.
    OutOfMemory => "OUT_OF_MEMORY",
    /// A defect of edgemem: the call failed, the store is intact, the next call starts afresh.
    Internal => "INTERNAL",
}

/// An error with a stable code, a message that says what to do, and where known the offending field.
// One pointer wide: a result is passed up through many calls, and a wide one costs code at each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    kind: ErrorKind,
    message: String,
    field: Option<String>,
    cause: Option<String>,
}

impl Error {
    /// An error of this kind. The message should say what the caller can do about it.
    pub fn new(kind: ErrorKind, message: impl AsRef<str>) -> Error {
        Error::build(kind, message.as_ref())
    }

    #[cold]
    #[inline(never)]
    fn build(kind: ErrorKind, message: &str) -> Error {
        Error(Box::new(Details { kind, message: message.to_owned(), field: None, cause: None }))
    }

    /// Names the argument, option or file at fault.
    pub fn field(self, field: impl AsRef<str>) -> Error {
        self.with_field(field.as_ref())
    }

    #[cold]
    #[inline(never)]
    fn with_field(mut self, field: &str) -> Error {
        self.0.field = Some(field.to_owned());
        self
    }

    /// Keeps the words of the underlying failure. Keys and contents must not be passed in here.
    pub fn cause(self, cause: impl fmt::Display) -> Error {
        self.with_cause(&cause)
    }

    #[cold]
    #[inline(never)]
    fn with_cause(mut self, cause: &dyn fmt::Display) -> Error {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code, such as `SCOPE_REQUIRED`.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The argument, option or file at fault, where one is known.
    pub fn field_name(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The underlying failure's own words, where there is one.
    pub fn cause_text(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        match self.cause_text() {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
