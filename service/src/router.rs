//! From a method and a path to a route of the table.

use edgemem::{Error, ErrorKind};
use percent_encoding::percent_decode_str;

use crate::problem::{Problem, Refusal};
use crate::route::Route;
use crate::routes::ROUTES;

/// All methods that there are.
pub const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// The routes of a path: all that have the first pattern that fits. Slashes in front and at the end do not count: clients
/// are configured with addresses that end in one.
fn of_path(path: &str) -> impl Iterator<Item = &'static Route> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let fits = |pattern: &str| {
        let parts = pattern.split('/');
        parts.clone().count() == segments.len()
            && parts
                .zip(&segments)
                .all(|(part, &segment)| part == segment || (part.starts_with('{') && !segment.is_empty()))
    };
    let pattern = ROUTES.iter().map(|route| route.path).find(|pattern| fits(pattern));
    ROUTES.iter().filter(move |route| Some(route.path) == pattern)
}

/// What this method wants of this path, and the texts that stand in it for the parts in braces. HEAD wants what GET wants.
pub fn route(method: &str, path: &str) -> Result<(&'static Route, Vec<String>), Problem> {
    let wanted = if method == "HEAD" { "GET" } else { method };
    match of_path(path).find(|route| route.method == wanted) {
        Some(route) => Ok((route, texts(route.path, path)?)),
        None if of_path(path).next().is_none() => {
            let message = "there is no such path; docs/rest.md lists those that exist";
            Err(Problem::new(Refusal::RouteUnknown, message))
        }
        None => {
            let allowed = allow(path);
            let message = format!("this path takes {allowed}");
            Err(Problem::new(Refusal::MethodNotAllowed, message).header("allow", allowed))
        }
    }
}

/// The methods of this path as the `Allow` header lists them; all that there are for an unknown path.
pub fn allow(path: &str) -> String {
    let mut names = Vec::new();
    for route in of_path(path) {
        names.push(route.method);
        if route.method == "GET" {
            names.push("HEAD");
        }
    }
    if names.is_empty() {
        return METHODS.to_owned();
    }
    names.push("OPTIONS");
    names.join(", ")
}

/// The pattern of a path, as logs show it: ids are somebody's own business.
pub fn pattern(path: &str) -> String {
    format!("/{}", of_path(path).next().map_or("{}", |route| route.path))
}

/// What stands for the parts in braces, decoded after the path was split.
fn texts(pattern: &str, path: &str) -> Result<Vec<String>, Problem> {
    let segments = pattern.split('/').zip(path.trim_matches('/').split('/'));
    let texts = segments.filter(|(part, _)| part.starts_with('{')).map(|(part, segment)| {
        let name = part.trim_matches(['{', '}']);
        let decoded = percent_decode_str(segment).decode_utf8();
        let invalid = |_| Error::new(ErrorKind::InvalidArgument, "the path is not UTF-8").field(name);
        Ok(decoded.map_err(invalid)?.into_owned())
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Want;

    #[test]
    fn paths_lead_where_they_say() {
        let id = "a/b c";
        for (method, path, expected) in [
            ("GET", "/health", Ok((Want::Health, vec![]))),
            ("HEAD", "/health/", Ok((Want::Health, vec![]))),
            ("POST", "/v1/memories", Ok((Want::Add, vec![]))),
            ("POST", "//v1/memories/", Ok((Want::Add, vec![]))),
            ("POST", "/v3/memories/add/", Ok((Want::Add, vec![]))),
            ("POST", "/v3/memories/", Ok((Want::List, vec![]))),
            ("POST", "/v2/memories/search/", Ok((Want::Search, vec![]))),
            ("GET", "/v1/memories/", Ok((Want::List, vec![]))),
            ("POST", "/v1/memories/list/", Ok((Want::ListComposed, vec![]))),
            ("DELETE", "/v1/memories/", Ok((Want::DeleteAll, vec![]))),
            ("GET", "/v1/memories/a%2Fb%20c", Ok((Want::Get, vec![id]))),
            ("HEAD", "/v1/memories/a%2Fb%20c/", Ok((Want::Get, vec![id]))),
            ("PUT", "/v1/memories/a%2Fb%20c", Ok((Want::Update, vec![id]))),
            ("DELETE", "/v1/memories/a%2Fb%20c", Ok((Want::Delete, vec![id]))),
            ("GET", "/v1/memories/a%2Fb%20c/history/", Ok((Want::History, vec![id]))),
            ("DELETE", "/v2/entities/user/a%2Fb%20c/", Ok((Want::DeleteEntity, vec!["user", id]))),
            ("DELETE", "/v1/batch/", Ok((Want::BatchDelete, vec![]))),
            ("GET", "/v1/event/e/", Ok((Want::Event, vec!["e"]))),
            ("POST", "/v1/exports/get/", Ok((Want::ReadExport, vec![]))),
            ("POST", "/mcp/", Ok((Want::Mcp, vec![]))),
            ("GET", "/mcp", Err("METHOD_NOT_ALLOWED")),
            ("DELETE", "/mcp", Err("METHOD_NOT_ALLOWED")),
            ("POST", "/v1/search", Ok((Want::Find, vec![]))),
            ("POST", "/v1/context", Ok((Want::Context, vec![]))),
            ("GET", "/v1/stats", Ok((Want::Stats, vec![]))),
            ("GET", "/v1/relay/a%2Fb%20c", Ok((Want::RelayList, vec![id]))),
            ("GET", "/v1/relay/a%2Fb%20c/7", Ok((Want::RelayRead, vec![id, "7"]))),
            ("PATCH", "/api/v1/orgs/organizations/o/projects/p/", Ok((Want::Missing, vec!["o", "p"]))),
            ("PUT", "/v1/relay/a", Err("METHOD_NOT_ALLOWED")),
            ("GET", "/v1/relay/", Err("ROUTE_UNKNOWN")),
            ("GET", "/", Err("ROUTE_UNKNOWN")),
            ("GET", "", Err("ROUTE_UNKNOWN")),
            ("GET", "/v1", Err("ROUTE_UNKNOWN")),
            ("DELETE", "/v1/memories//history", Err("ROUTE_UNKNOWN")),
            ("GET", "/v1//memories", Err("ROUTE_UNKNOWN")),
            ("GET", "/v1/Memories", Err("ROUTE_UNKNOWN")),
            ("GET", "/v1/memories/%FF", Err("INVALID_ARGUMENT")),
            ("GET", "/v1/memories/list", Err("METHOD_NOT_ALLOWED")),
            ("GET", "/v1/search", Err("METHOD_NOT_ALLOWED")),
            ("PATCH", "/v1/memories", Err("METHOD_NOT_ALLOWED")),
            ("get", "/health", Err("METHOD_NOT_ALLOWED")),
        ] {
            let found = route(method, path).map(|(route, texts)| (route.want, texts));
            let expected = expected
                .map(|(want, texts)| (want, texts.into_iter().map(str::to_owned).collect::<Vec<_>>()));
            assert_eq!(found.map_err(|problem| problem.code()), expected, "{method} {path}");
        }
    }

    #[test]
    fn refused_methods_are_told_what_is_allowed() {
        let answer = route("PATCH", "/v1/memories").unwrap_err().answer();
        assert_eq!(answer.headers, [("allow", "POST, GET, HEAD, DELETE, OPTIONS".to_owned())]);
        assert_eq!(allow("/v1/search"), "POST, OPTIONS");
        assert!(allow("/nowhere").contains("PUT"));
    }
}
