//! Scopes: whom a memory belongs to, and who may see it.

use crate::error::{Error, ErrorKind, Result};

/// One kind of owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// A person.
    User,
    /// An agent.
    Agent,
    /// One run or session.
    Run,
    /// An application.
    App,
    /// An organisation.
    Org,
}

impl Axis {
    /// All axes, in the order in which scopes store them.
    pub const ALL: [Axis; 5] = [Axis::User, Axis::Agent, Axis::Run, Axis::App, Axis::Org];

    /// The axis by name, in mem0's snake case: `user_id`.
    pub fn id_name(self) -> &'static str {
        match self {
            Axis::User => "user_id",
            Axis::Agent => "agent_id",
            Axis::Run => "run_id",
            Axis::App => "app_id",
            Axis::Org => "org_id",
        }
    }

    /// The option's name in JavaScript: `userId`.
    pub fn option_name(self) -> &'static str {
        match self {
            Axis::User => "userId",
            Axis::Agent => "agentId",
            Axis::Run => "runId",
            Axis::App => "appId",
            Axis::Org => "orgId",
        }
    }
}

/// The longest scope id, in bytes.
pub const MAX_ID_BYTES: usize = 512;

/// The ids that a memory carries, or that a request names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope([Option<Box<str>>; 5]);

impl Scope {
    /// A scope without any id.
    pub fn new() -> Scope {
        Scope::default()
    }

    /// The scope of one user. The id is taken as it is; [`Scope::set`] checks.
    pub fn user(id: impl Into<String>) -> Scope {
        Scope::new().with(Axis::User, id)
    }

    /// This scope with an id that is known to be valid, such as one read from a store.
    pub fn with(mut self, axis: Axis, id: impl Into<String>) -> Scope {
        self.0[axis as usize] = Some(id.into().into_boxed_str());
        self
    }

    /// Sets an id from outside: trimmed, non-empty, without white space inside, at most 512 bytes.
    /// `SCOPE_INVALID` names `field` otherwise.
    pub fn set(&mut self, axis: Axis, id: &str, field: &str) -> Result<()> {
        let id = id.trim();
        let invalid = |what: &str| {
            Err(Error::new(ErrorKind::ScopeInvalid, format!("Invalid {field}: {what}")).field(field))
        };
        if id.is_empty() {
            return invalid("cannot be empty or whitespace-only. Provide a valid identifier.");
        }
        if id.chars().any(char::is_whitespace) {
            return invalid("cannot contain whitespace. Provide a valid identifier without spaces.");
        }
        if id.chars().any(char::is_control) {
            return invalid("cannot contain control characters. Provide a printable identifier.");
        }
        if id.len() > MAX_ID_BYTES {
            return invalid(&format!(
                "is {} bytes long, at most {MAX_ID_BYTES} are allowed. Provide a shorter identifier.",
                id.len()
            ));
        }
        self.0[axis as usize] = Some(id.into());
        Ok(())
    }

    /// The id on this axis.
    pub fn get(&self, axis: Axis) -> Option<&str> {
        self.0[axis as usize].as_deref()
    }

    /// Whether no id is set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// The ids that are set.
    pub fn ids(&self) -> impl Iterator<Item = (Axis, &str)> {
        Axis::ALL.into_iter().filter_map(|axis| Some((axis, self.get(axis)?)))
    }

    /// Whether a memory's scope has all the ids of this one, whatever other ids it has.
    pub fn is_within(&self, memory: &Scope) -> bool {
        self.ids().all(|(axis, id)| memory.get(axis) == Some(id))
    }

    /// The most specific durable owner of a memory with this scope: its user, else its agent, its app,
    /// its organisation, and only if it has none of them its run. `None` for an empty scope.
    pub fn owner(&self) -> Option<(Axis, &str)> {
        [Axis::User, Axis::Agent, Axis::App, Axis::Org, Axis::Run]
            .into_iter()
            .find_map(|axis| Some((axis, self.get(axis)?)))
    }
}

/// Which memories a request may see, by their scope alone.
///
/// A memory is visible if every id that it carries equals the request's id on that axis; so the memories
/// of the user, of the session and of the organisation named by the request compose, and nobody else's
/// ever appear. With `any_run` the runs of the named owners are open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The ids the request names.
    pub scope: Scope,
    /// Whether memories of every run are visible, as long as their other ids match (`runId: "*"`).
    pub any_run: bool,
}

impl View {
    /// The view of a request that names these ids.
    pub fn of(scope: Scope) -> View {
        View { scope, any_run: false }
    }

    /// Whether a memory with this scope may be seen.
    pub fn sees(&self, memory: &Scope) -> bool {
        // A memory that carries nothing but a run needs that very run: "*" opens the runs of a named owner.
        let open_run = self.any_run && memory.ids().any(|(axis, _)| axis != Axis::Run);
        memory.ids().all(|(axis, id)| (axis == Axis::Run && open_run) || self.scope.get(axis) == Some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(ids: &str) -> Scope {
        ids.split_whitespace().fold(Scope::new(), |scope, id| {
            let axis = match id.as_bytes()[0] {
                b'u' => Axis::User,
                b'a' => Axis::Agent,
                b'r' => Axis::Run,
                b'p' => Axis::App,
                _ => Axis::Org,
            };
            scope.with(axis, id)
        })
    }

    #[test]
    fn every_id_of_the_memory_must_be_named() {
        for (memory, request, any_run, seen) in [
            ("u1", "u1", false, true),
            ("u1", "u2", false, false),
            ("u1", "u1 r1 o1", false, true),
            ("o1", "u1 o1", false, true),
            ("u1 r1", "u1", false, false),
            ("u1 r1", "u1", true, true),
            ("u1 r1", "u1 r2", false, false),
            ("u1 r1", "u2", true, false),
            ("u1 a1", "u1", false, false),
            ("u1 a1", "u1", true, false),
            ("r1", "u1", true, false),
            ("r1", "u1 r1", false, true),
        ] {
            let view = View { scope: scope(request), any_run };
            assert_eq!(view.sees(&scope(memory)), seen, "{memory} by {request} (any run: {any_run})");
        }
    }

    #[test]
    fn ids_are_checked() {
        let mut scope = Scope::new();
        scope.set(Axis::User, "  u1 ", "userId").unwrap();
        assert_eq!(scope.get(Axis::User), Some("u1"));
        for id in ["", "  ", "a b", "a\tb", "a\u{a0}b", "a\0b", &"x".repeat(513)] {
            let error = scope.set(Axis::User, id, "userId").unwrap_err();
            assert_eq!((error.code(), error.field_name()), ("SCOPE_INVALID", Some("userId")));
        }
    }
}
