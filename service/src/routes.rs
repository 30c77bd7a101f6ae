//! Every route as data: what it takes, what it answers, and what it is for.
//!
//! The router, the check of queries and bodies, and the description of the service all read this one table. A path
//! that mem0's platform has too is answered in the platform's shape, and has what edgemem adds beside that.

use crate::route::Kind::*;
use crate::route::{Field, Kind, Route, Want};

const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

/// The ids of a scope.
pub const SCOPE: &[Field] =
    &[may("user_id", Id), may("agent_id", Id), may("run_id", Id), may("app_id", Id), may("org_id", Id)];
const PAGE: &[Field] = &[may("page", Count), may("page_size", Count)];
const SLICE: &[Field] = &[may("top_k", Count), may("limit", Count), may("offset", Count), may("order", Text)];
/// What is kept of the past.
const TIMES: &[Field] =
    &[may("include_superseded", Flag), may("valid_at", Time), may("as_of", Time), may("known_at", Time)];
const SHOWN: &[Field] = &[may("show_expired", Flag), may("latest_only", Flag), may("fields", Texts)];
const FILTERS: &[Field] = &[may("filters", Filters)];
const CHOSEN: &[Field] = &[may("categories", Any), may("start_date", Time), may("end_date", Time)];
const RANKED: &[Field] = &[
    must("query", Text),
    may("top_k", Count),
    may("limit", Count),
    may("threshold", Share),
    may("rerank", Flag),
    may("rerank_top", Count),
    may("reference_date", Time),
    may("explain", Flag),
    may("weights", Object),
];
const SAID: &[Field] = &[
    must("messages", Messages),
    may("infer", Flag),
    may("metadata", Object),
    may("timestamp", Time),
    may("expiration_date", Day),
    may("conversation_id", Id),
    may("memory_type", Text),
    may("custom_instructions", Text),
    may("prompt", Text),
    may("includes", Text),
    may("excludes", Text),
    may("async_mode", Flag),
];
/// What mem0's clients of today and of earlier versions send, and what changes nothing here.
pub const UNHEEDED: &[Field] = &[
    may("output_format", Any),
    may("version", Any),
    may("api_version", Any),
    may("enable_graph", Any),
    may("keyword_search", Any),
    may("filter_memories", Any),
    may("source", Any),
    may("project_id", Any),
];
const CHANGE: &[Field] =
    &[may("text", Text), may("metadata", Object), may("timestamp", Time), may("expiration_date", Day)];
/// What mem0's clients send of each memory of a batch.
const NAMED: &[Field] = &[must("memory_id", Text)];
const CHANGED: &[Field] = &[may("text", Text), may("metadata", Object), may("timestamp", Time)];
const KEYWORDS: &[Field] = &[may("keywords", Any)];
const KEY: &[Field] = &[
    may("org_id", Text),
    may("project_id", Text),
    may("user_id", Text),
    may("agent_id", Text),
    may("right", Text),
    may("label", Text),
    may("expires_at", Time),
    may("rate_limit", Count),
];
const METADATA: &[Field] = &[may("metadata", Object)];
/// Whose memories an address of MCP is about.
pub const MCP: &[&[Field]] = &[SCOPE, &[may("default_user_id", Id)]];
const NOTHING: &[&[Field]] = &[];
const ANYTHING: &[&[Field]] = &[&[may("*", Any)]];

const fn route(method: &'static str, path: &'static str, want: Want, about: &'static str) -> Route {
    Route { method, path, want, query: NOTHING, body: NOTHING, answer: "Message", about }
}

const fn missing(method: &'static str, path: &'static str) -> Route {
    let about = "Not served: mem0's platform has it.";
    let takes_body = matches!(method.as_bytes(), b"POST" | b"PUT" | b"PATCH");
    let body = if takes_body { ANYTHING } else { NOTHING };
    Route { method, path, want: Want::Missing, query: ANYTHING, body, answer: "Problem", about }
}

impl Route {
    const fn query(mut self, query: &'static [&'static [Field]]) -> Route {
        self.query = query;
        self
    }

    const fn body(mut self, body: &'static [&'static [Field]]) -> Route {
        self.body = body;
        self
    }

    const fn answers(mut self, answer: &'static str) -> Route {
        self.answer = answer;
        self
    }
}

const fn add(path: &'static str) -> Route {
    route("POST", path, Want::Add, "Remembers what was said.")
        .body(&[SAID, SCOPE, FILTERS, UNHEEDED])
        .answers("Added")
}

const fn list(path: &'static str) -> Route {
    route("POST", path, Want::List, "Lists the memories that the filters name, in pages.")
        .query(&[PAGE])
        .body(&[FILTERS, SCOPE, SHOWN, CHOSEN, TIMES, PAGE, SLICE, KEYWORDS, UNHEEDED])
        .answers("Page")
}

const fn search(path: &'static str) -> Route {
    route("POST", path, Want::Search, "Finds the memories that answer a question, best first.")
        .body(&[RANKED, FILTERS, SCOPE, SHOWN, CHOSEN, TIMES, METADATA, UNHEEDED])
        .answers("Found")
}

const fn drop_entity(path: &'static str) -> Route {
    route("DELETE", path, Want::DeleteEntity, "Deletes an entity with all its memories.")
}

/// All routes. Of several that fit a path the first one's pattern counts, so fixed parts stand before those in braces.
pub const ROUTES: &[Route] = &[
    route("GET", "health", Want::Health, "Tells whether the service is up; needs no token.")
        .answers("Health"),
    route("GET", "healthz", Want::Health, "The same, under the name that deployments look for.")
        .answers("Health"),
    route(
        "GET",
        "readyz",
        Want::Ready,
        "Tells whether it can serve: its settings and its store; needs no token.",
    )
    .answers("Health"),
    route("GET", "openapi.json", Want::OpenApi, "Describes the service; needs no token.")
        .answers("Description"),
    route("GET", "v1/ping", Want::Ping, "Tells whose token this is.").answers("Ping"),
    add("v3/memories/add"),
    add("v2/memories/add"),
    search("v3/memories/search"),
    search("v2/memories/search"),
    search("v1/memories/search"),
    list("v3/memories"),
    list("v2/memories"),
    route("POST", "v1/memories/list", Want::ListComposed, "Lists memories of composed scopes.")
        .query(&[PAGE])
        .body(&[FILTERS, SCOPE, SHOWN, TIMES, PAGE, SLICE])
        .answers("Page"),
    add("v1/memories"),
    route("GET", "v1/memories", Want::List, "Lists the memories that carry these ids, in pages.")
        .query(&[SCOPE, PAGE, SLICE, SHOWN, UNHEEDED])
        .answers("Page"),
    route("DELETE", "v1/memories", Want::DeleteAll, "Deletes all memories that carry these ids.")
        .query(&[SCOPE]),
    route("GET", "v1/memories/{id}", Want::Get, "Reads a memory.").answers("Memory"),
    route("PUT", "v1/memories/{id}", Want::Update, "Changes a memory and returns it.")
        .body(&[CHANGE])
        .answers("Memory"),
    route("DELETE", "v1/memories/{id}", Want::Delete, "Deletes a memory.")
        .query(&[&[may("delete_linked", Flag)]]),
    route("GET", "v1/memories/{id}/history", Want::History, "Tells what happened to a memory, newest first.")
        .answers("History"),
    route("GET", "v1/entities", Want::Entities, "Lists the users, agents, apps and runs that have memories.")
        .query(&[PAGE])
        .answers("Entities"),
    drop_entity("v1/entities/{type}/{name}"),
    drop_entity("v2/entities/{type}/{name}"),
    route(
        "PUT",
        "v1/batch",
        Want::BatchUpdate,
        "Changes the texts, the metadata or the times of up to 1,000 memories, those of an owner together.",
    )
    .body(&[&[must("memories", Items(&[NAMED, CHANGED]))]]),
    route(
        "DELETE",
        "v1/batch",
        Want::BatchDelete,
        "Deletes up to 1,000 memories, those of an owner together.",
    )
    .body(&[&[must("memories", Items(&[NAMED]))]]),
    route("GET", "v1/event/{id}", Want::Event, "Tells how far the work is that an add began.")
        .answers("Event"),
    route("GET", "v1/events", Want::Events, "Lists what became of the last adds of an owner.")
        .query(&[SCOPE, PAGE])
        .answers("Events"),
    route("POST", "v1/feedback", Want::Feedback, "Notes what someone thinks of a memory.")
        .body(&[&[must("memory_id", Text), must("feedback", Text), may("feedback_reason", Text)]])
        .answers("Feedback"),
    route("POST", "v1/exports", Want::Export, "Names an export of the memories that the filters name.")
        .body(&[&[may("schema", Any), must("filters", Filters), may("export_instructions", Text)], UNHEEDED])
        .answers("Created"),
    route("POST", "v1/exports/get", Want::ReadExport, "Reads an export, by its id or by filters.")
        .body(&[&[may("memory_export_id", Text)], FILTERS, SCOPE, UNHEEDED])
        .answers("Export"),
    route("POST", "mcp", Want::Mcp, "Answers a message of the Model Context Protocol.")
        .query(MCP)
        .body(ANYTHING)
        .answers("Rpc"),
    route("GET", "v1/stats", Want::Stats, "Counts what is stored.").answers("Stats"),
    route("POST", "v1/search", Want::Find, "Finds memories of composed scopes, best first.")
        .body(&[RANKED, FILTERS, SCOPE, SHOWN, TIMES])
        .answers("Found"),
    route("POST", "v1/context", Want::Context, "Packs what is found into a text for a prompt.")
        .body(&[RANKED, FILTERS, SCOPE, SHOWN, TIMES, &[may("tokens", Count)]])
        .answers("Context"),
    route("GET", "v1/relay/{account}", Want::RelayList, "Lists the batches of an account's devices.")
        .query(&[&[may("after", Count)]])
        .answers("Batches"),
    route("POST", "v1/relay/{account}", Want::RelayAppend, "Adds a batch.")
        .body(&[&[must("after", Count), must("label", Text), must("data", Text)]])
        .answers("Appended"),
    route("DELETE", "v1/relay/{account}", Want::RelayDrop, "Removes batches that a later one holds.")
        .query(&[&[may("from", Count), may("through", Count)]])
        .answers("Dropped"),
    route("GET", "v1/relay/{account}/{sequence}", Want::RelayRead, "Reads a batch.").answers("Batch"),
    route("GET", "v1/admin/keys", Want::Keys, "Lists the keys of an organisation.")
        .query(&[&[may("org_id", Id)]])
        .answers("Keys"),
    route("POST", "v1/admin/keys", Want::MakeKey, "Makes a key, whose text is in this answer alone.")
        .body(&[KEY])
        .answers("MadeKey"),
    route("DELETE", "v1/admin/keys/{id}", Want::RevokeKey, "Revokes a key.").answers("Key"),
    route("POST", "v1/admin/reshard", Want::Reshard, "Moves a step's worth of a spread owner to its shards.")
        .body(&[&[must("owner", Text)]])
        .answers("Moved"),
    route("GET", "v1/admin/audit", Want::Audit, "Tells who wrote, newest first.")
        .query(&[&[may("org_id", Id), may("limit", Count), may("before", Text)]])
        .answers("Audit"),
    missing("POST", "v1/summary"),
    missing("GET", "api/v1/orgs/organizations/{org}/projects"),
    missing("POST", "api/v1/orgs/organizations/{org}/projects"),
    missing("GET", "api/v1/orgs/organizations/{org}/projects/{project}"),
    missing("PATCH", "api/v1/orgs/organizations/{org}/projects/{project}"),
    missing("DELETE", "api/v1/orgs/organizations/{org}/projects/{project}"),
    missing("GET", "api/v1/orgs/organizations/{org}/projects/{project}/members"),
    missing("POST", "api/v1/orgs/organizations/{org}/projects/{project}/members"),
    missing("PUT", "api/v1/orgs/organizations/{org}/projects/{project}/members"),
    missing("DELETE", "api/v1/orgs/organizations/{org}/projects/{project}/members"),
    missing("GET", "api/v1/webhooks/projects/{project}"),
    missing("POST", "api/v1/webhooks/projects/{project}"),
    missing("PUT", "api/v1/webhooks/{webhook}"),
    missing("DELETE", "api/v1/webhooks/{webhook}"),
    missing("GET", "v2/entities/{type}/{name}/profile"),
    missing("POST", "v2/profiles/jobs"),
    missing("GET", "v2/profiles/jobs/{job}"),
    missing("GET", "v2/profiles/settings"),
    missing("POST", "v2/profiles/settings"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_method_of_a_path_is_there_twice_and_every_field_has_one_meaning() {
        for (at, route) in ROUTES.iter().enumerate() {
            let again = ROUTES[..at].iter().find(|it| (it.method, it.path) == (route.method, route.path));
            assert!(again.is_none(), "{} {}", route.method, route.path);
            assert!(route.about.ends_with('.'), "{}", route.path);
            let body = route.method == "DELETE" && route.path == "v1/batch";
            assert!(
                body || route.has_body() == matches!(route.method, "POST" | "PUT" | "PATCH"),
                "{}",
                route.path
            );
            for list in [route.query, route.body] {
                let fields: Vec<&Field> = list.iter().copied().flatten().collect();
                for (at, field) in fields.iter().enumerate() {
                    assert!(
                        fields[..at].iter().all(|it| it.name != field.name),
                        "{} {}",
                        route.path,
                        field.name
                    );
                }
            }
        }
    }

    #[test]
    fn documentation_lists_every_path() {
        let documentation = include_str!("../../docs/rest.md");
        for route in ROUTES.iter().filter(|route| route.want != Want::Missing) {
            let shown = format!("/{}", route.path);
            assert!(documentation.contains(&shown), "docs/rest.md does not list {shown}");
        }
    }
}
