//! Requests and answers, free of JavaScript types.

use serde_json::Value;

/// The request headers that the service reads; `entry` copies these and no others.
pub const READ_HEADERS: [&str; 14] = [
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "origin",
    "access-control-request-headers",
    "access-control-request-method",
    "mcp-protocol-version",
    "mcp-method",
    "mcp-name",
    "idempotency-key",
    "x-request-id",
    "x-org-id",
    "x-project-id",
];

/// A request without its body.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The method in capitals.
    pub method: String,
    /// Scheme, host and port as the client wrote them, such as `https://memory.example`.
    pub origin: String,
    /// The host's name as the client wrote it, without the port.
    pub host: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query without its question mark, still percent-encoded.
    pub query: String,
    /// Headers by their name in small letters.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// Takes the address apart. The runtime hands out absolute, normalised addresses.
    pub fn new(method: &str, url: &str, headers: Vec<(String, String)>) -> Head {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let rest = rest.split('#').next().unwrap_or_default();
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let scheme = url.split_once("://").map_or("http", |(scheme, _)| scheme);
        let host = match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand before its bracket.
            Some((host, port)) if !port.contains(']') => host,
            _ => authority,
        };
        Head {
            method: method.to_ascii_uppercase(),
            origin: format!("{scheme}://{authority}"),
            host: host.to_ascii_lowercase(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
        }
    }

    /// A header's value; the name is given in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A response whose body, if any, is JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside those that every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// The body; none for preflights.
    pub body: Option<Value>,
}

impl Answer {
    /// 200 with this body.
    pub fn ok(body: Value) -> Answer {
        Answer { status: 200, headers: Vec::new(), body: Some(body) }
    }

    /// 204.
    pub fn empty() -> Answer {
        Answer { status: 204, headers: Vec::new(), body: None }
    }

    /// The same with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_apart() {
        for (url, host, path, query) in [
            ("http://127.0.0.1:8787/v1/memories?a=b&c", "127.0.0.1", "/v1/memories", "a=b&c"),
            ("https://EXAMPLE.com/", "example.com", "/", ""),
            ("https://example.com", "example.com", "", ""),
            ("http://[::1]:80/x#part?no", "[::1]", "/x", ""),
            ("http://[::1]/x", "[::1]", "/x", ""),
            ("http://u:p@h/x?q=/a:b", "h", "/x", "q=/a:b"),
        ] {
            let head = Head::new("get", url, vec![("origin".into(), "o".into())]);
            assert!(url.starts_with(&head.origin) || url.contains('@') || url.contains("EXAMPLE"), "{url}");
            assert_eq!((head.host.as_str(), head.path.as_str(), head.query.as_str()), (host, path, query));
            assert_eq!(
                (head.method.as_str(), head.header("origin"), head.header("x")),
                ("GET", Some("o"), None)
            );
        }
    }
}
