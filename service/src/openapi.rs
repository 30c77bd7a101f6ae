//! The description of the service as OpenAPI 3.1, made of the table of routes.
//!
//! What a path takes and answers stands in [`routes`](crate::routes); the schemas of answers stand in `schemas.json`. Every
//! status that a route can answer with is in it, which a fuzzer of schemas holds against the running service.

use serde_json::{Map, Value, json};

use crate::route::{Field, Kind, Route, Want};
use crate::routes::ROUTES;

/// The schemas of answers by their names.
const SCHEMAS: &str = include_str!("schemas.json");

/// What a refusal of each status means.
const REFUSALS: &[(u16, &str)] = &[
    (400, "The query, the body or an option in it is wrong."),
    (401, "The token is missing, unknown, revoked or has expired."),
    (403, "The key may not do this, or is for another organisation, project, user or agent."),
    (404, "There is nothing of this id."),
    (405, "The path does not take this method."),
    (409, "Others wrote first, or the same request is still being answered."),
    (413, "The body is above the limit."),
    (415, "The body is not declared as JSON."),
    (422, "The idempotency key was sent before with another request."),
    (429, "The key sent more requests than it may, or a model's provider refused for load."),
    (500, "The deployment is set up wrongly, or edgemem failed inside."),
    (501, "mem0's platform has it, and this service has not."),
    (502, "A model's provider failed."),
    (503, "The store or an object is not there for the moment, or no token is configured."),
    (504, "A model's provider did not answer in time."),
    (507, "The store, the relay's account or the list of keys is full."),
];

/// The description.
pub fn description() -> Value {
    let mut paths = Map::new();
    for route in served() {
        let path = paths.entry(format!("/{}", route.path)).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation(route);
    }
    let mut responses = Map::new();
    for (status, meaning) in REFUSALS {
        responses.insert(format!("E{status}"), response(meaning, "Problem"));
    }
    // It is a constant, and a test reads it.
    let schemas: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "edgemem",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Memory for AI agents. mem0's clients speak a part of it.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
            "responses": responses,
            "schemas": schemas,
        },
    })
}

/// The routes that do something. What the others are for is said where they refuse.
fn served() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.want != Want::Missing)
}

fn operation(route: &Route) -> Value {
    let is_public = is_public(route.want);
    let mut operation = json!({
        "summary": route.about,
        "operationId": operation_id(route),
        "responses": responses(route),
    });
    if is_public {
        operation["security"] = json!([]);
    }
    let parts = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = parts
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
        })
        .collect();
    parameters.extend(fields(route.query).map(|field| {
        let schema = schema(field.kind, false);
        json!({ "name": field.name, "in": "query", "required": field.required, "schema": schema, "explode": false })
    }));
    if route.method != "GET" {
        let schema = json!({ "type": "string", "pattern": "^[!-~]{1,255}$" });
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "schema": schema }));
    }
    operation["parameters"] = parameters.into();
    if route.has_body() {
        let open = route.passes_over() || route.body.iter().copied().flatten().any(|it| it.name == "*");
        let body = members(route.body, open);
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": body } } });
    }
    operation
}

/// Its method and its path as one word.
fn operation_id(route: &Route) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let path: String = route.path.chars().filter(|c| !"{}".contains(*c)).map(plain).collect();
    format!("{}_{path}", route.method.to_ascii_lowercase())
}

/// What needs no token.
pub fn is_public(want: Want) -> bool {
    matches!(want, Want::Health | Want::Ready | Want::OpenApi)
}

/// The fields, without the one that stands for any.
fn fields(lists: &'static [&'static [Field]]) -> impl Iterator<Item = &'static Field> {
    lists.iter().copied().flatten().filter(|field| field.name != "*")
}

/// Every status that a route can answer with. One that is missing here would be found by the fuzzer, or by nobody.
fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    let success = if route.want == Want::Export { "201" } else { "200" };
    responses.insert(success.to_owned(), response("As it was asked.", route.answer));
    if route.want == Want::Mcp {
        responses.insert("202".to_owned(), json!({ "description": "It was a notification." }));
    }
    let (public, writes) = (is_public(route.want), route.method != "GET");
    for (status, _) in REFUSALS {
        let can = match status {
            405 | 501 => false,
            500 => true,
            404 => {
                route.path.contains('{')
                    || route.want == Want::Feedback
                    || route.want == Want::ReadExport
                    || writes
            }
            409 | 422 | 507 => writes,
            413 | 415 => route.has_body(),
            503 => !public || route.want == Want::Ready,
            _ => !public,
        };
        // What is wrong with a message, and not with the request, is said as JSON-RPC says it.
        if route.want == Want::Mcp && matches!(status, 400 | 404) {
            responses
                .insert(status.to_string(), response("The request or its message is wrong.", "RpcRefusal"));
        } else if can {
            let reference = json!({ "$ref": format!("#/components/responses/E{status}") });
            responses.insert(status.to_string(), reference);
        }
    }
    Value::Object(responses)
}

fn response(meaning: &str, schema: &str) -> Value {
    let header = |about: &str| json!({ "description": about, "schema": { "type": "string" } });
    json!({
        "description": meaning,
        "headers": { "X-Request-ID": header("The request's id, as it came or as it was made.") },
        "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
    })
}

/// An object of a body with these fields, `open` if it may have others.
fn members(lists: &'static [&'static [Field]], open: bool) -> Value {
    let properties: Map<String, Value> =
        fields(lists).map(|field| (field.name.to_owned(), schema(field.kind, true))).collect();
    let required: Vec<&str> = fields(lists).filter(|it| it.required).map(|it| it.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": open })
}

/// What a field holds. A member of a body may be null, which is the same as not there.
fn schema(kind: Kind, in_body: bool) -> Value {
    let (types, more): (&[&str], Value) = match kind {
        Kind::Text => (&["string"], json!({})),
        Kind::Id if in_body => (&["string", "integer"], json!({})),
        Kind::Id => (&["string"], json!({})),
        Kind::Count => (&["integer"], json!({ "minimum": 0 })),
        Kind::Share => (&["number"], json!({ "minimum": 0, "maximum": 1 })),
        Kind::Flag => (&["boolean"], json!({})),
        Kind::Day => (&["string"], json!({ "format": "date" })),
        Kind::Time => (&["string", "number"], json!({})),
        Kind::Texts => (&["array"], json!({ "items": { "type": "string" } })),
        Kind::Items(lists) => (&["array"], json!({ "items": members(lists, false) })),
        Kind::Object | Kind::Filters => (&["object"], json!({})),
        Kind::Messages => (&["string", "object", "array"], json!({})),
        Kind::Any => return json!({}),
    };
    let mut schema = more;
    let mut types: Vec<&str> = types.to_vec();
    if in_body {
        types.push("null");
    }
    schema["type"] = if types.len() == 1 { types[0].into() } else { types.into() };
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Refusal, status};
    use edgemem::ErrorKind;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_route_is_described_and_every_reference_leads_somewhere() {
        let description = description();
        for route in served() {
            let operation =
                &description["paths"][format!("/{}", route.path)][route.method.to_ascii_lowercase()];
            assert_eq!(operation["summary"], route.about, "{} {}", route.method, route.path);
        }
        let mut found = Vec::new();
        references(&description, &mut found);
        assert!(found.len() > 100);
        for reference in found {
            let target = description.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some_and(Value::is_object), "{reference}");
        }
        let mut ids: Vec<String> = served().map(operation_id).collect();
        ids.sort();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "ids of operations are there twice");
    }

    #[test]
    fn every_status_that_there_is_has_a_meaning() {
        let known = |status: u16| REFUSALS.iter().any(|(known, _)| *known == status);
        assert!(Refusal::ALL.iter().all(|refusal| known(refusal.shown().1)));
        assert!(ErrorKind::ALL.iter().all(|kind| known(status(*kind))));
    }
}
