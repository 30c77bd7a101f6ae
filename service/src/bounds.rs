//! Ids that everything must carry which is read or written: those of a key, and over MCP those of the connection.

use edgemem::scope::{Axis, Scope};
use edgemem::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::mem0::one;
use crate::named::{all_are, for_each_test};

/// The five axes in both spellings.
pub const SPELLINGS: [(Axis, [&str; 2]); 5] = [
    (Axis::User, ["userId", "user_id"]),
    (Axis::Agent, ["agentId", "agent_id"]),
    (Axis::Run, ["runId", "run_id"]),
    (Axis::App, ["appId", "app_id"]),
    (Axis::Org, ["orgId", "org_id"]),
];

/// `SCOPE_FORBIDDEN` if options name another user or agent than the caller's.
pub fn check_ids(caller: &Caller, options: &Map<String, Value>) -> Result<()> {
    for (axis, id) in caller.bounds.ids() {
        let other = |name: &str| options.get(name).is_some_and(|it| !it.is_null() && !all_are(it, id));
        if other(axis.id_name()) {
            return Err(forbidden(axis.id_name()));
        }
    }
    Ok(())
}

/// Whether a memory, as the API shows it, carries all of these ids.
pub fn carries(memory: &Value, ids: &Scope) -> bool {
    ids.ids().all(|(axis, id)| memory[axis.id_name()] == id)
}

/// A filter by ids and what else is asked for: a conjunction, so that nothing in it can widen it.
pub fn conjunction(ids: impl IntoIterator<Item = (String, Value)>, filters: Option<Value>) -> Value {
    let ids = ids.into_iter().map(|(name, id)| one(&name, id));
    one("AND", ids.chain(filters).collect::<Vec<Value>>().into())
}

/// Puts these ids into options, and into the filters of a read that could show memories without them.
pub fn bind(bounds: &Scope, options: &mut Map<String, Value>, reads: bool) -> Result<()> {
    let mut others = false;
    let mut names_scope = false;
    for (axis, names) in SPELLINGS {
        for name in names {
            let Some(value) = options.get(name).filter(|value| !value.is_null()) else { continue };
            names_scope = true;
            match bounds.get(axis) {
                Some(id) if !all_are(value, id) => return Err(forbidden(name)),
                Some(_) => {}
                None => others = true,
            }
        }
    }
    let filters = options.get("filters").filter(|filters| !filters.is_null()).cloned();
    if let Some(filters) = &filters {
        for_each_test(filters, 0, &mut |name, value| {
            let axis = SPELLINGS.iter().find(|(_, names)| names.contains(&name)).map(|(axis, _)| *axis);
            match axis.and_then(|axis| bounds.get(axis)) {
                Some(id) if !all_are(value, id) => Err(forbidden(name)),
                _ => Ok(()),
            }
        })?;
    }
    // Filters alone reach every run of an owner, composed ids only those that are named: so they stay alone.
    if names_scope || filters.is_none() || !reads {
        for (axis, id) in bounds.ids() {
            for (_, names) in SPELLINGS.iter().filter(|(known, _)| *known == axis) {
                names.iter().for_each(|name| drop(options.remove(*name)));
            }
            options.insert(axis.id_name().to_owned(), id.into());
        }
    }
    // Composed ids show what is shared as well: what an agent or a run has without a user.
    if reads && (others || bounds.ids().count() > 1 || (filters.is_some() && !names_scope)) {
        let ids = bounds.ids().map(|(axis, id)| (axis.id_name().to_owned(), id.into()));
        options.insert("filters".to_owned(), conjunction(ids, filters));
    }
    Ok(())
}

/// `SCOPE_FORBIDDEN` for what this field names.
pub fn forbidden(field: &str) -> Error {
    let message = format!("{field} names another than this key is for: leave it out");
    Error::new(ErrorKind::ScopeForbidden, message).field(field)
}
