//! Who may ask: keys, see [`keys`](crate::keys), and tokens of the deployment, known by their SHA-256 only.

use edgemem::scope::{Axis, Scope};
use edgemem::{Error, ErrorKind};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::http::Head;
use crate::keys::{Key, Right, Terms};
use crate::problem::{Problem, Refusal};
use crate::tenant::DEFAULT;

/// The variable that holds the digests.
pub const HASHES: &str = "EDGEMEM_TOKEN_HASHES";

/// Who asks, once that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// What logs call it: a key's id; `token-` and the first digits of a token's digest; `local` in development.
    pub id: String,
    /// The organisation whose memories it reaches.
    pub org: String,
    /// The project whose memories it reaches.
    pub project: String,
    /// The user or the agent, or both, that its memories have to carry.
    pub bounds: Scope,
    /// What it may do.
    pub right: Right,
    /// Requests a minute, if it has a limit of its own.
    pub rate: Option<u32>,
    /// Whether it administers all organisations: whoever has no key but a token of the deployment.
    pub is_root: bool,
}

impl Caller {
    /// A caller that may do everything, in the default tenant.
    fn root(id: String) -> Caller {
        let (org, project) = (DEFAULT.to_owned(), DEFAULT.to_owned());
        Caller { id, org, project, bounds: Scope::new(), right: Right::Admin, rate: None, is_root: true }
    }

    /// `RIGHT_MISSING` unless it has this right.
    pub fn may(&self, right: Right) -> edgemem::Result<()> {
        if self.right >= right {
            return Ok(());
        }
        let message = format!("this key has the right to {}, this takes {}", self.right.name(), right.name());
        Err(Error::new(ErrorKind::RightMissing, message).field("authorization"))
    }
}

impl From<Key> for Caller {
    fn from(key: Key) -> Caller {
        let Terms { org, project, user, agent, right, rate, .. } = key.terms;
        let mut bounds = Scope::new();
        for (axis, id) in [(Axis::User, user), (Axis::Agent, agent)] {
            bounds = id.into_iter().fold(bounds, |bounds, id| bounds.with(axis, id));
        }
        Caller { id: key.id, org, project, bounds, right, rate, is_root: false }
    }
}

/// Who is let in beside keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// Whoever shows a token with one of these SHA-256 digests.
    Tokens(Vec<[u8; 32]>),
    /// Everyone on this machine: set by the local runner alone.
    Development,
    /// Nobody, for lack of a token.
    Nobody,
}

impl Access {
    /// Reads the list of digests: hexadecimal, with commas or white space in between.
    pub fn read(hashes: &str, development: bool) -> Result<Access, Problem> {
        let items = hashes.split(|c: char| c == ',' || c.is_whitespace()).filter(|item| !item.is_empty());
        let digests = items.map(digest).collect::<Option<Vec<_>>>().ok_or_else(|| {
            let message = format!(
                "{HASHES} holds something that is no SHA-256 in hexadecimal: store digests of tokens, not tokens"
            );
            Error::new(ErrorKind::ConfigInvalid, message).field(HASHES)
        })?;
        Ok(match (digests.is_empty(), development) {
            (false, _) => Access::Tokens(digests),
            (true, true) => Access::Development,
            (true, false) => Access::Nobody,
        })
    }

    /// Lets the request in, or says why not.
    pub fn check(&self, head: &Head) -> Result<Caller, Problem> {
        match self {
            Access::Tokens(digests) => {
                let token = token(head);
                if let Some(caller) = token.and_then(|token| known(token, digests)) {
                    return Ok(caller);
                }
                let message = if token.is_some() {
                    "this token is not known here"
                } else {
                    "send a token: Authorization: Bearer <token>"
                };
                let challenge = if token.is_some() { "Bearer error=\"invalid_token\"" } else { "Bearer" };
                let problem = Problem::new(Refusal::Unauthorized, message).field("authorization");
                Err(problem.header("www-authenticate", challenge))
            }
            // A deployed Worker is never reached under these names, so a variable that was left behind opens
            // nothing; nor does a page in a browser whose name was made to point here.
            Access::Development if matches!(head.host.as_str(), "localhost" | "127.0.0.1" | "[::1]") => {
                Ok(Caller::root("local".to_owned()))
            }
            Access::Development | Access::Nobody => {
                let message = format!(
                    "no token is configured, so nothing is served: put the SHA-256 of a token, in hexadecimal, into \
                     the Worker's secret {HASHES}, or give edgemem serve --token or EDGEMEM_TOKENS"
                );
                Err(Problem::new(Refusal::AuthNotConfigured, message).field(HASHES))
            }
        }
    }
}

/// The token of the `Authorization` header. `Token` is what mem0's clients write.
pub fn token(head: &Head) -> Option<&str> {
    let (scheme, token) = head.header("authorization")?.trim().split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
    Some(token.trim()).filter(|token| known && !token.is_empty())
}

fn known(token: &str, digests: &[[u8; 32]]) -> Option<Caller> {
    let shown: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    // All are compared, so that the time tells nothing about which one fits or how far.
    let known = digests.iter().fold(Choice::from(0), |known, digest| known | shown.ct_eq(digest));
    let [a, b, c, d, ..] = shown;
    bool::from(known).then(|| Caller::root(format!("token-{a:02x}{b:02x}{c:02x}{d:02x}")))
}

/// The bytes of a SHA-256 in hexadecimal.
pub(crate) fn digest(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of "secret" and of "other".
    const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    const OTHER: &str = "D9298A10D1B0735837DC4BD85DAC641B0F3CEF27A47E5D53A54F2F3F5B2FCFFA";

    fn head(host: &str, authorization: Option<&str>) -> Head {
        let headers = authorization.map(|value| ("authorization".to_owned(), value.to_owned()));
        Head::new("GET", &format!("https://{host}/v1/stats"), headers.into_iter().collect())
    }

    #[test]
    fn tokens_are_checked() {
        let access = Access::read(&format!(" {SECRET},\n{OTHER} "), true).unwrap();
        for (authorization, expected) in [
            (Some("Bearer secret"), None),
            (Some("bearer   secret "), None),
            (Some("Token other"), None),
            (Some("Bearer Secret"), Some("Bearer error=\"invalid_token\"")),
            (Some(&*format!("Bearer {SECRET}")), Some("Bearer error=\"invalid_token\"")),
            (Some("Basic secret"), Some("Bearer")),
            (Some("secret"), Some("Bearer")),
            (Some("Bearer "), Some("Bearer")),
            (Some(""), Some("Bearer")),
            (None, Some("Bearer")),
        ] {
            // Tokens are asked for on the own machine too, once there are some.
            let result = access.check(&head("localhost:8787", authorization));
            let challenge = result.err().map(|problem| {
                let answer = problem.answer();
                assert_eq!((answer.status, problem.code()), (401, "UNAUTHORIZED"));
                answer.headers[0].1.clone()
            });
            assert_eq!(challenge.as_deref(), expected, "{authorization:?}");
        }
    }

    #[test]
    fn without_tokens_only_development_is_served_and_only_at_home() {
        let code =
            |access: &Access, host| access.check(&head(host, Some("Bearer x"))).err().map(|it| it.code());
        let nobody = Access::read("", false).unwrap();
        assert_eq!(code(&nobody, "localhost"), Some("AUTH_NOT_CONFIGURED"));
        let development = Access::read(" , ", true).unwrap();
        for host in ["localhost:8787", "127.0.0.1:1", "[::1]:80"] {
            assert_eq!(code(&development, host), None, "{host}");
        }
        for host in ["memory.example.workers.dev", "localhost.example.com", "evil.com:8787"] {
            assert_eq!(code(&development, host), Some("AUTH_NOT_CONFIGURED"), "{host}");
        }
    }

    #[test]
    fn something_else_than_digests_is_refused() {
        for bad in
            ["secret", &SECRET[1..], &format!("{SECRET}{SECRET}"), &format!("{SECRET},x"), &"é".repeat(32)]
        {
            assert_eq!(Access::read(bad, true).unwrap_err().code(), "CONFIG_INVALID", "{bad}");
        }
    }
}
