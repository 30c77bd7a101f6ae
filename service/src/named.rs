//! Whom a request names: the organisations and projects in its headers, options and filters, which must be those of its
//! key, and the way to every test of a filter.

use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::http::Head;
use crate::problem::{Problem, Refusal};

/// Where requests name organisations and projects.
const ORGS: [&str; 4] = ["org_id", "orgId", "organization_id", "organizationId"];
const PROJECTS: [&str; 2] = ["project_id", "projectId"];

/// Refuses headers that name another tenant than the key's.
pub fn check_head(caller: &Caller, head: &Head) -> std::result::Result<(), Problem> {
    for (header, own) in [("x-org-id", &caller.org), ("x-project-id", &caller.project)] {
        if !caller.is_root && head.header(header).is_some_and(|named| named.trim() != own) {
            return Err(foreign(header));
        }
    }
    Ok(())
}

/// Refuses options, in a query or a body, that name another tenant than the key's. The name of the own project is taken
/// out: it is no part of what a memory knows. That of the organisation stays, which may own memories.
pub fn check_options(caller: &Caller, options: &mut Map<String, Value>) -> std::result::Result<(), Problem> {
    if caller.is_root {
        return Ok(());
    }
    named(options, &ORGS, &caller.org)?;
    named(options, &PROJECTS, &caller.project)?;
    if let Some(filters) = options.get("filters") {
        for_each_test(filters, 0, &mut |name, value| match name {
            _ if ORGS.contains(&name) && !all_are(value, &caller.org) => Err(foreign(name)),
            _ if PROJECTS.contains(&name) && !all_are(value, &caller.project) => Err(foreign(name)),
            _ => Ok(()),
        })?;
    }
    options.retain(|name, _| !PROJECTS.contains(&name.as_str()));
    Ok(())
}

fn named(options: &Map<String, Value>, names: &[&str], own: &str) -> std::result::Result<(), Problem> {
    let other =
        |name: &&&str| options.get(**name).is_some_and(|value| !value.is_null() && !all_are(value, own));
    names.iter().find(other).map_or(Ok(()), |name| Err(foreign(name)))
}

/// Whether a value, or all values of a list or an object of operators, are this text.
pub fn all_are(value: &Value, own: &str) -> bool {
    match value {
        Value::String(text) => text.trim() == own,
        Value::Number(number) => number.to_string() == own,
        Value::Array(items) => items.iter().all(|item| all_are(item, own)),
        Value::Object(operators) => operators.values().all(|item| all_are(item, own)),
        _ => false,
    }
}

/// Shows every test of a filter, whatever it is nested in. Names inside `metadata` are the caller's own.
pub fn for_each_test<E>(
    filter: &Value,
    depth: usize,
    look: &mut dyn FnMut(&str, &Value) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    // The core refuses what is nested deeper.
    if depth > 64 {
        return Ok(());
    }
    match filter {
        Value::Array(filters) => filters.iter().try_for_each(|filter| for_each_test(filter, depth + 1, look)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| match name.as_str() {
            "AND" | "OR" | "NOT" => for_each_test(value, depth + 1, look),
            "metadata" => Ok(()),
            name => look(name, value),
        }),
        _ => Ok(()),
    }
}

fn foreign(field: &str) -> Problem {
    let message = format!("{field} names another organisation or project than this key's: leave it out");
    Problem::new(Refusal::TenantForbidden, message).field(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::caller;
    use serde_json::json;

    #[test]
    fn another_tenant_is_refused_wherever_it_is_named() {
        let caller = caller("acme", "p1");
        for (options, expected) in [
            (json!({}), Ok(json!({}))),
            (
                json!({ "org_id": "acme", "project_id": "p1", "a": 1 }),
                Ok(json!({ "org_id": "acme", "a": 1 })),
            ),
            (
                json!({ "orgId": null, "filters": { "org_id": { "in": ["acme"] } } }),
                Ok(json!({ "orgId": null, "filters": { "org_id": { "in": ["acme"] } } })),
            ),
            (
                json!({ "filters": { "metadata": { "org_id": "x" } } }),
                Ok(json!({ "filters": { "metadata": { "org_id": "x" } } })),
            ),
            (json!({ "org_id": "other" }), Err("TENANT_FORBIDDEN")),
            (json!({ "organization_id": 7 }), Err("TENANT_FORBIDDEN")),
            (json!({ "orgId": "*" }), Err("TENANT_FORBIDDEN")),
            (json!({ "projectId": "p2" }), Err("TENANT_FORBIDDEN")),
            (json!({ "project_id": ["p1", "p2"] }), Err("TENANT_FORBIDDEN")),
            (
                json!({ "filters": { "OR": [{ "user_id": "u" }, { "NOT": { "orgId": { "ne": "other" } } }] } }),
                Err("TENANT_FORBIDDEN"),
            ),
            (
                json!({ "filters": { "AND": [{ "org_id": { "in": ["acme", "other"] } }] } }),
                Err("TENANT_FORBIDDEN"),
            ),
        ] {
            let mut given = options.clone();
            let checked = check_options(&caller, given.as_object_mut().unwrap());
            let checked = checked.map(|()| given).map_err(|problem| problem.code());
            assert_eq!(checked, expected, "{options}");
        }
        for (header, value, refused) in
            [("x-org-id", "acme", false), ("x-org-id", "other", true), ("x-project-id", "p2", true)]
        {
            let head = Head::new("GET", "http://h/", vec![(header.to_owned(), value.to_owned())]);
            assert_eq!(check_head(&caller, &head).is_err(), refused, "{header}: {value}");
        }
    }
}
