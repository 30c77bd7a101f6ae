//! Which memories a connection is about: what no message can widen.
//!
//! An agent's arguments come from a model, which may be talked into anything. So whose memories are meant is said where
//! the model has no say: by the deployment, by the key, and by the address that the client is configured with. The ids
//! that are fixed there are added to everything that is written, and everything that is read, changed or deleted must
//! carry them.

use edgemem::index::filter::Filter;
use edgemem::scope::{Axis, Scope};
use edgemem::{Error, ErrorKind};
use serde_json::{Map, Value};

use crate::bounds::{carries, conjunction};
use crate::problem::Problem;
use crate::query;
use crate::routes::MCP;

/// The user that is meant when nobody is named, unless it is configured.
const DEFAULT_USER: &str = "default";
/// Its name in an address.
const DEFAULT_USER_ID: &str = "default_user_id";

/// The ids that every memory of a connection carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// The ids that are fixed.
    pub fixed: Scope,
    /// Who is meant when no id is fixed and none is given.
    pub default_user: String,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { fixed: Scope::new(), default_user: DEFAULT_USER.to_owned() }
    }
}

impl Bounds {
    /// These bounds, narrowed by the ids of a key. `SCOPE_INVALID` if the deployment fixed others.
    pub fn bound(&self, ids: &Scope) -> Result<Bounds, Problem> {
        let mut bounds = self.clone();
        for (axis, id) in ids.ids() {
            bounds.fix(axis, id)?;
        }
        Ok(bounds)
    }

    /// These bounds, narrowed by what an address says: `user_id=alice&app_id=notes`, and `default_user_id`. Ids that are
    /// fixed already cannot be changed: `SCOPE_INVALID`, as for ids that no memory can have.
    pub fn narrowed(&self, query: &str) -> Result<Bounds, Problem> {
        let given = query::read(query, MCP)?;
        let mut bounds = self.clone();
        for axis in Axis::ALL {
            let name = axis.id_name();
            let Some(id) = given.get(name).and_then(Value::as_str) else { continue };
            bounds.fix(axis, &checked(id, name)?)?;
        }
        if let Some(id) = given.get(DEFAULT_USER_ID).and_then(Value::as_str) {
            bounds.default_user = checked(id, DEFAULT_USER_ID)?;
        }
        Ok(bounds)
    }

    fn fix(&mut self, axis: Axis, id: &str) -> Result<(), Error> {
        if self.fixed.get(axis).is_some_and(|fixed| *fixed != *id) {
            return Err(fixed(axis.id_name()));
        }
        self.fixed = self.fixed.clone().with(axis, id);
        Ok(())
    }

    /// The ids that arguments name, with those that are fixed. `SCOPE_INVALID` for one that contradicts them.
    pub fn named(&self, arguments: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
        let mut ids = Map::new();
        for axis in Axis::ALL {
            let name = axis.id_name();
            let given = arguments.get(name).and_then(Value::as_str).map(str::trim);
            match (self.fixed.get(axis), given) {
                (Some(id), Some(given)) if id != given => return Err(fixed(name)),
                (Some(id), _) | (None, Some(id)) => drop(ids.insert(name.to_owned(), id.into())),
                (None, None) => {}
            }
        }
        Ok(ids)
    }

    /// The scope of something new. Only where nothing is fixed it may be the default user's, and only if no other owner
    /// is named.
    pub fn place(&self, arguments: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
        let mut ids = self.named(arguments)?;
        let is_owned = ["user_id", "agent_id", "run_id"].iter().any(|name| ids.contains_key(*name));
        if self.fixed.is_empty() && !is_owned {
            ids.insert("user_id".to_owned(), self.default_user.as_str().into());
        }
        Ok(ids)
    }

    /// The filter of a read: every fixed id, every id and condition of the arguments, and the default user where they
    /// leave open whose memories are meant.
    pub fn reach(&self, arguments: &Map<String, Value>) -> Result<Value, Error> {
        let filter = conjunction(self.named(arguments)?, arguments.get("filters").cloned());
        if self.fixed.is_empty() && Filter::parse(&filter)?.owners().require().is_err() {
            let user = ("user_id".to_owned(), self.default_user.as_str().into());
            return Ok(conjunction([user], Some(filter)));
        }
        Ok(filter)
    }

    /// Whether a memory, as the API shows it, lies within the bounds.
    pub fn admit(&self, memory: &Value) -> bool {
        carries(memory, &self.fixed)
    }
}

fn checked(id: &str, name: &str) -> Result<String, Error> {
    let mut scope = Scope::new();
    scope.set(Axis::User, id, name)?;
    match scope.get(Axis::User) {
        Some(id) if id != "*" => Ok(id.to_owned()),
        _ => {
            Err(Error::new(ErrorKind::ScopeInvalid, format!("{name}: \"*\" stands for nobody here"))
                .field(name))
        }
    }
}

fn fixed(name: &str) -> Error {
    let message = format!("{name} is fixed for this connection and cannot be another: leave it out");
    Error::new(ErrorKind::ScopeInvalid, message).field(name)
}
