//! Which pages in a browser may ask, by the rules of cross-origin resource sharing.

use crate::http::{Answer, Head};

/// The headers of an answer that a page can read beside the usual ones.
const EXPOSED: &str =
    "Allow, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-ID";

/// The origins that may ask.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Origins {
    /// None: the default.
    #[default]
    None,
    /// Every page. Safe with tokens, which a page has to know.
    All,
    /// These, such as `https://app.example`.
    Listed(Vec<String>),
}

impl Origins {
    /// Reads a comma-separated list, or `*`.
    pub fn read(text: &str) -> Origins {
        let listed: Vec<String> = text
            .split(',')
            .map(|origin| origin.trim().trim_end_matches('/').to_ascii_lowercase())
            .filter(|origin| !origin.is_empty())
            .collect();
        match listed.as_slice() {
            [] => Origins::None,
            list if list.iter().any(|origin| origin == "*") => Origins::All,
            _ => Origins::Listed(listed),
        }
    }

    /// What `Access-Control-Allow-Origin` says to this request.
    fn allowed<'a>(&self, head: &'a Head) -> Option<&'a str> {
        let origin = head.header("origin")?;
        match self {
            Origins::None => None,
            Origins::All => Some("*"),
            Origins::Listed(list) => list.contains(&origin.to_ascii_lowercase()).then_some(origin),
        }
    }

    /// Adds to any answer what a browser needs to hand it to the page.
    pub fn apply(&self, head: &Head, mut answer: Answer) -> Answer {
        if *self == Origins::None {
            return answer;
        }
        if matches!(self, Origins::Listed(_)) {
            answer = answer.with("vary", "Origin");
        }
        match self.allowed(head) {
            Some(origin) => answer
                .with("access-control-allow-origin", origin)
                .with("access-control-expose-headers", EXPOSED),
            None => answer,
        }
    }

    /// Adds the answer to a preflight: these methods, and the headers that were asked for.
    /// (mem0's clients send several of their own.)
    pub fn preflight(&self, head: &Head, methods: &str, answer: Answer) -> Answer {
        let asked = head.header("access-control-request-method").is_some();
        if !asked || self.allowed(head).is_none() {
            return answer;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_, ".contains(c);
        let headers = head.header("access-control-request-headers").filter(|list| list.chars().all(plain));
        answer
            .with("access-control-allow-methods", methods)
            .with("access-control-allow-headers", headers.unwrap_or("Authorization, Content-Type"))
            .with("access-control-max-age", "86400")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(origin: &str) -> Head {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Head::new("OPTIONS", "http://h/v1/search", headers.collect())
    }

    #[test]
    fn only_the_listed_origins_are_let_in() {
        for (setting, origin, expected) in [
            ("", "https://a.example", None),
            (" , ", "https://a.example", None),
            ("*", "https://a.example", Some("*")),
            ("https://b.example,*", "null", Some("*")),
            ("https://a.example/, https://b.example", "https://a.example", Some("https://a.example")),
            ("https://a.example", "https://A.example", Some("https://A.example")),
            ("https://a.example", "https://a.example.evil.com", None),
            ("https://a.example", "http://a.example", None),
            ("https://a.example", "null", None),
        ] {
            let origins = Origins::read(setting);
            let head = head(origin);
            let answer = origins.apply(&head, origins.preflight(&head, "POST, OPTIONS", Answer::empty()));
            let header =
                |wanted| answer.headers.iter().find(|(name, _)| *name == wanted).map(|it| it.1.as_str());
            assert_eq!(header("access-control-allow-origin"), expected, "{setting} {origin}");
            assert_eq!(header("access-control-allow-methods").is_some(), expected.is_some());
            assert_eq!(header("vary").is_some(), setting.contains("https") && !setting.contains('*'));
        }
    }
}
