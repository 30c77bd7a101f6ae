//! From a method and a path to what is wanted.

use edgemem::{Error, ErrorKind};
use percent_encoding::percent_decode_str;

use crate::admin::Errand;
use crate::problem::{Problem, Refusal};
use crate::relay::Wish;

/// What is wanted. The texts are ids of memories.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// Whether the service is up; public.
    Health,
    /// Remember messages.
    Add,
    /// List memories; the options stand in the query.
    List,
    /// List memories; the options stand in the body, which may hold filters.
    ListFiltered,
    /// Delete all memories of a scope.
    DeleteAll,
    /// Read one memory.
    Get(String),
    /// Change one memory.
    Update(String),
    /// Delete one memory.
    Delete(String),
    /// What happened to one memory.
    History(String),
    /// Memories that answer a question.
    Search,
    /// The same as text for a prompt.
    Context,
    /// Counts.
    Stats,
    /// Batches of the devices of this account.
    Relay(String, Wish),
    /// Keys, and who wrote.
    Admin(Errand),
}

impl Route {
    /// Whether the options stand in a body.
    pub fn takes_body(&self) -> bool {
        matches!(
            self,
            Route::Add
                | Route::ListFiltered
                | Route::Update(_)
                | Route::Search
                | Route::Context
                | Route::Relay(_, Wish::Append)
                | Route::Admin(Errand::Make)
        )
    }
}

/// The methods of a path, or none if there is no such path. Slashes in front and at the end do not count:
/// clients are configured with addresses that end in one.
fn methods(path: &str) -> Result<Vec<(&'static str, Route)>, Problem> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    Ok(match segments[..] {
        ["health"] => vec![("GET", Route::Health)],
        ["v1", "memories"] => vec![("GET", Route::List), ("POST", Route::Add), ("DELETE", Route::DeleteAll)],
        ["v1", "memories", "list"] => vec![("POST", Route::ListFiltered)],
        ["v1", "memories", id] if !id.is_empty() => {
            let id = decode(id)?;
            vec![
                ("GET", Route::Get(id.clone())),
                ("PUT", Route::Update(id.clone())),
                ("DELETE", Route::Delete(id)),
            ]
        }
        ["v1", "memories", id, "history"] if !id.is_empty() => vec![("GET", Route::History(decode(id)?))],
        ["v1", "search"] => vec![("POST", Route::Search)],
        ["v1", "context"] => vec![("POST", Route::Context)],
        ["v1", "relay", account] if !account.is_empty() => {
            let account = decode(account)?;
            let wishes = [("GET", Wish::List), ("POST", Wish::Append), ("DELETE", Wish::Drop)];
            wishes.map(|(method, wish)| (method, Route::Relay(account.clone(), wish))).to_vec()
        }
        ["v1", "relay", account, sequence] if !account.is_empty() => {
            vec![("GET", Route::Relay(decode(account)?, Wish::Read(sequence.to_owned())))]
        }
        ["v1", "stats"] => vec![("GET", Route::Stats)],
        ["v1", "admin", "keys"] => {
            vec![("GET", Route::Admin(Errand::Keys)), ("POST", Route::Admin(Errand::Make))]
        }
        ["v1", "admin", "keys", id] if !id.is_empty() => {
            vec![("DELETE", Route::Admin(Errand::Revoke(decode(id)?)))]
        }
        ["v1", "admin", "audit"] => vec![("GET", Route::Admin(Errand::Audit))],
        _ => vec![],
    })
}

/// What this method wants of this path. HEAD wants what GET wants.
pub fn route(method: &str, path: &str) -> Result<Route, Problem> {
    let methods = methods(path)?;
    if methods.is_empty() {
        let message = "there is no such path; docs/worker.md lists those that exist";
        return Err(Problem::new(Refusal::RouteUnknown, message));
    }
    let wanted = if method == "HEAD" { "GET" } else { method };
    let allowed = allowed(&methods);
    match methods.into_iter().find(|(known, _)| *known == wanted) {
        Some((_, route)) => Ok(route),
        None => {
            let message = format!("this path takes {allowed}");
            Err(Problem::new(Refusal::MethodNotAllowed, message).header("allow", allowed))
        }
    }
}

/// The methods of this path as the `Allow` header lists them; all that there are for an unknown path.
pub fn allow(path: &str) -> String {
    match methods(path) {
        Ok(methods) if !methods.is_empty() => allowed(&methods),
        _ => "GET, HEAD, POST, PUT, DELETE, OPTIONS".to_owned(),
    }
}

fn allowed(methods: &[(&str, Route)]) -> String {
    let mut names = Vec::new();
    for (name, _) in methods {
        names.push(*name);
        if *name == "GET" {
            names.push("HEAD");
        }
    }
    names.push("OPTIONS");
    names.join(", ")
}

/// The words that paths are made of; every other segment is somebody's id, or nonsense.
const WORDS: [&str; 11] =
    ["health", "v1", "memories", "list", "history", "search", "context", "relay", "stats", "admin", "keys"];

/// A path with its ids left out, as logs show it.
pub fn pattern(path: &str) -> String {
    let segments = path.trim_matches('/').split('/').take(8);
    let shown =
        segments.map(|segment| if WORDS.contains(&segment) || segment == "audit" { segment } else { "{}" });
    shown.fold(String::new(), |pattern, segment| pattern + "/" + segment)
}

/// An id is one segment, decoded after the path was split.
fn decode(segment: &str) -> Result<String, Problem> {
    let decoded = percent_decode_str(segment).decode_utf8();
    let invalid = |_| Error::new(ErrorKind::InvalidArgument, "the id in the path is not UTF-8").field("id");
    Ok(decoded.map_err(invalid)?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_say() {
        let id = || "a/b c".to_owned();
        for (method, path, expected) in [
            ("GET", "/health", Ok(Route::Health)),
            ("HEAD", "/health/", Ok(Route::Health)),
            ("POST", "/v1/memories", Ok(Route::Add)),
            ("POST", "//v1/memories/", Ok(Route::Add)),
            ("GET", "/v1/memories/", Ok(Route::List)),
            ("POST", "/v1/memories/list/", Ok(Route::ListFiltered)),
            ("DELETE", "/v1/memories/", Ok(Route::DeleteAll)),
            ("GET", "/v1/memories/a%2Fb%20c", Ok(Route::Get(id()))),
            ("HEAD", "/v1/memories/a%2Fb%20c/", Ok(Route::Get(id()))),
            ("PUT", "/v1/memories/a%2Fb%20c", Ok(Route::Update(id()))),
            ("DELETE", "/v1/memories/a%2Fb%20c", Ok(Route::Delete(id()))),
            ("GET", "/v1/memories/a%2Fb%20c/history/", Ok(Route::History(id()))),
            ("POST", "/v1/search", Ok(Route::Search)),
            ("POST", "/v1/context", Ok(Route::Context)),
            ("GET", "/v1/stats", Ok(Route::Stats)),
            ("GET", "/v1/relay/a%2Fb%20c", Ok(Route::Relay(id(), Wish::List))),
            ("GET", "/v1/relay/a%2Fb%20c/7", Ok(Route::Relay(id(), Wish::Read("7".into())))),
            ("PUT", "/v1/relay/a", Err("METHOD_NOT_ALLOWED")),
            ("GET", "/v1/relay/", Err("ROUTE_UNKNOWN")),
            ("GET", "/", Err("ROUTE_UNKNOWN")),
            ("GET", "", Err("ROUTE_UNKNOWN")),
            ("GET", "/v1", Err("ROUTE_UNKNOWN")),
            ("DELETE", "/v1/memories//history", Err("ROUTE_UNKNOWN")),
            ("GET", "/v1//memories", Err("ROUTE_UNKNOWN")),
            ("GET", "/v1/Memories", Err("ROUTE_UNKNOWN")),
            ("GET", "/v1/memories/%FF", Err("INVALID_ARGUMENT")),
            ("GET", "/v1/search", Err("METHOD_NOT_ALLOWED")),
            ("PATCH", "/v1/memories", Err("METHOD_NOT_ALLOWED")),
            ("get", "/health", Err("METHOD_NOT_ALLOWED")),
        ] {
            let found = route(method, path).map_err(|problem| problem.code());
            assert_eq!(found, expected, "{method} {path}");
        }
    }

    #[test]
    fn refused_methods_are_told_what_is_allowed() {
        let answer = route("PATCH", "/v1/memories").unwrap_err().answer();
        assert_eq!(answer.headers, [("allow", "GET, HEAD, POST, DELETE, OPTIONS".to_owned())]);
        assert_eq!(allow("/v1/search"), "POST, OPTIONS");
        assert!(allow("/nowhere").contains("PUT"));
    }
}
