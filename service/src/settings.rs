//! The Worker's variables.

use edgemem::{Error, ErrorKind, Result};

use crate::auth::{Access, HASHES};
use crate::cors::Origins;
use crate::limits::DEFAULT_RATE;
use crate::mcp::Bounds;
use crate::problem::Problem;

/// Where memories are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// The Durable Objects of the binding `EDGEMEM`.
    DurableObject,
    /// The D1 binding `DB`.
    D1,
    /// The KV binding `KV`.
    Kv,
    /// Files of the host.
    File,
    /// The memory of the host's process.
    Memory,
    /// An object with a store's methods.
    Object,
}

impl StoreKind {
    /// As the variable says it.
    pub fn name(self) -> &'static str {
        match self {
            StoreKind::DurableObject => "durable-object",
            StoreKind::D1 => "d1",
            StoreKind::Kv => "kv",
            StoreKind::File => "file",
            StoreKind::Memory => "memory",
            StoreKind::Object => "object",
        }
    }
}

/// Which requests have a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// None.
    None,
    /// Those that failed for no fault of theirs.
    Failures,
    /// All.
    Requests,
}

/// How many bytes a body may have, unless the variable says otherwise.
pub const BODY_LIMIT: usize = 5_000_000;

/// What `wrangler.toml` and the secrets say.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `EDGEMEM_STORE`: `durable-object` (the default), `d1` or `kv`.
    pub store: StoreKind,
    /// `EDGEMEM_TENANT`: whose objects; empty for the default.
    pub tenant: String,
    /// `EDGEMEM_SHARDS`: owners that are spread over several objects, as JSON; empty for none.
    pub shards: String,
    /// `EDGEMEM_TOKEN_HASHES`, and `EDGEMEM_DEV`.
    pub access: Access,
    /// `EDGEMEM_CORS_ORIGINS`: origins separated by commas, or `*`.
    pub origins: Origins,
    /// `EDGEMEM_BODY_LIMIT`: bytes.
    pub body_limit: usize,
    /// `EDGEMEM_MCP_SCOPE`: whose memories `/mcp` is about, as in its address: `user_id=alice`.
    pub mcp: Bounds,
    /// `EDGEMEM_RATE_LIMIT`: requests a minute of each key that has no limit of its own; 0 for no limit.
    pub rate: u32,
    /// `EDGEMEM_LOG`: `failures` (the default), `requests` or `none`.
    pub lines: Lines,
    /// `EDGEMEM_AUDIT`: whether writes of keys are noted; `on` (the default) or `off`. What administrators do always is.
    pub audit: bool,
}

impl Settings {
    /// Reads the variables; one that is not set is `None`.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> std::result::Result<Settings, Problem> {
        let text = |name: &str| variable(name).map(|text| text.trim().to_owned()).unwrap_or_default();
        Ok(Settings {
            store: store(&text("EDGEMEM_STORE"))?,
            tenant: text("EDGEMEM_TENANT"),
            shards: text("EDGEMEM_SHARDS"),
            access: Access::read(&text(HASHES), text("EDGEMEM_DEV") == "1")?,
            origins: Origins::read(&text("EDGEMEM_CORS_ORIGINS")),
            body_limit: body_limit(&text("EDGEMEM_BODY_LIMIT"))?,
            mcp: Bounds::default()
                .narrowed(&text("EDGEMEM_MCP_SCOPE"))
                .map_err(|problem| invalid("EDGEMEM_MCP_SCOPE", problem.message()))?,
            rate: rate(&text("EDGEMEM_RATE_LIMIT"))?,
            lines: choice("EDGEMEM_LOG", &text("EDGEMEM_LOG"), LINES)?,
            audit: choice("EDGEMEM_AUDIT", &text("EDGEMEM_AUDIT"), &[("on", true), ("off", false)])?,
        })
    }
}

fn store(text: &str) -> Result<StoreKind> {
    match text {
        "" | "durable-object" => Ok(StoreKind::DurableObject),
        "d1" => Ok(StoreKind::D1),
        "kv" => Ok(StoreKind::Kv),
        "file" => Ok(StoreKind::File),
        "memory" => Ok(StoreKind::Memory),
        "object" => Ok(StoreKind::Object),
        other => Err(invalid("EDGEMEM_STORE", &format!("is \"{other}\"; it is durable-object, d1 or kv"))),
    }
}

fn body_limit(text: &str) -> Result<usize> {
    match text {
        "" => Ok(BODY_LIMIT),
        text => text
            .parse()
            .ok()
            .filter(|limit| *limit > 0)
            .ok_or_else(|| invalid("EDGEMEM_BODY_LIMIT", "is not a number of bytes, such as 5000000")),
    }
}

const LINES: &[(&str, Lines)] =
    &[("failures", Lines::Failures), ("requests", Lines::Requests), ("none", Lines::None)];

/// What a word stands for; the first is the default.
fn choice<T: Copy>(variable: &str, text: &str, words: &[(&str, T)]) -> Result<T> {
    let found = words.iter().find(|(word, _)| text.is_empty() || *word == text);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        invalid(variable, &format!("is none of {}", words.join(", ")))
    })
}

fn rate(text: &str) -> Result<u32> {
    if text.is_empty() {
        return Ok(DEFAULT_RATE);
    }
    text.parse()
        .map_err(|_| invalid("EDGEMEM_RATE_LIMIT", "is not a number of requests a minute, such as 6000"))
}

fn invalid(variable: &str, what: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("the variable {variable} {what}")).field(variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> std::result::Result<Settings, &'static str> {
        let find = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|it| it.1.to_owned());
        Settings::read(find).map_err(|problem| problem.code())
    }

    #[test]
    fn defaults_are_safe() {
        let settings = read(&[]).unwrap();
        let expected = Settings {
            store: StoreKind::DurableObject,
            tenant: String::new(),
            shards: String::new(),
            access: Access::Nobody,
            origins: Origins::None,
            body_limit: BODY_LIMIT,
            mcp: Bounds::default(),
            rate: DEFAULT_RATE,
            lines: Lines::Failures,
            audit: true,
        };
        assert_eq!(settings, expected);
        assert_eq!(read(&[("EDGEMEM_DEV", "true")]).unwrap().access, Access::Nobody);
        assert_eq!(read(&[("EDGEMEM_DEV", "1")]).unwrap().access, Access::Development);
    }

    #[test]
    fn wrong_values_are_refused_and_not_replaced() {
        for (name, value) in [
            ("EDGEMEM_STORE", "sqlite"),
            ("EDGEMEM_BODY_LIMIT", "5MB"),
            ("EDGEMEM_BODY_LIMIT", "0"),
            ("EDGEMEM_BODY_LIMIT", "-1"),
            ("EDGEMEM_RATE_LIMIT", "many"),
            ("EDGEMEM_RATE_LIMIT", "-1"),
            ("EDGEMEM_LOG", "all"),
            ("EDGEMEM_AUDIT", "0"),
            ("EDGEMEM_TOKEN_HASHES", "secret"),
            ("EDGEMEM_MCP_SCOPE", "alice"),
            ("EDGEMEM_MCP_SCOPE", "user_id=*"),
        ] {
            assert_eq!(read(&[(name, value)]), Err("CONFIG_INVALID"), "{name}={value}");
        }
        let settings = read(&[("EDGEMEM_STORE", " kv "), ("EDGEMEM_BODY_LIMIT", "100")]).unwrap();
        assert_eq!((settings.store.name(), settings.body_limit), ("kv", 100));
    }
}
