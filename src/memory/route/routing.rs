//! Which object an owner, a memory or a write belongs to: worked out from names, so that nobody has to ask.

use serde_json::{Map, Value};

use crate::engine::partition_name;
use crate::error::{Error, ErrorKind, Result};
use crate::scope::{Axis, Scope};
use crate::text::Digest;
use crate::time::Timestamp;

/// The most objects that one owner can be spread over.
pub const MOST_SHARDS: u32 = 256;

/// So many hex digits of a partition's name are in the name of its object: those that its memories' ids begin with.
pub(super) const DIGITS: usize = 10;

/// How owners are spread over objects.
#[derive(Clone, Debug, PartialEq)]
pub struct Routing {
    tenant: String,
    splits: Vec<Split>,
}

/// An owner that is spread over several objects.
#[derive(Clone, Debug, PartialEq)]
struct Split {
    /// As it is configured, such as `org:acme`.
    owner: String,
    prefix: String,
    layout: Layout,
}

/// Over how many objects an owner is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// As it was: reads look there too, as long as it is being changed.
    pub from: u32,
    /// As it is to be: writes go there.
    pub to: u32,
}

impl Default for Routing {
    /// The tenant `default`, every owner in one object.
    fn default() -> Routing {
        Routing { tenant: "default".to_owned(), splits: vec![] }
    }
}

/// The object of a partition: `<tenant>/<first ten digits of its name>`.
pub fn owner_object(tenant: &str, axis: Axis, id: &str) -> String {
    format!("{tenant}/{}", &partition_name(axis, id)[..DIGITS])
}

/// The registry that lists an object: one of sixteen, `<tenant>/registry-<hex digit>`, by the first digit of its name.
pub fn registry(object: &str) -> Option<String> {
    let (tenant, name) = object.split_once('/')?;
    let digit = name.chars().next().filter(char::is_ascii_hexdigit)?;
    Some(format!("{tenant}/registry-{digit}"))
}

impl Routing {
    /// Reads `{ tenant, shards }`, both optional. `shards` names owners that are spread over several objects, as
    /// `{ "org:acme": 4 }`, or `{ "org:acme": { "from": 4, "to": 8 } }` while that is being changed.
    ///
    /// `CONFIG_INVALID` names what is wrong.
    pub fn read(config: &Value) -> Result<Routing> {
        let mut routing = Routing::default();
        match &config["tenant"] {
            Value::Null => {}
            Value::String(tenant) if is_tenant(tenant) => routing.tenant = tenant.clone(),
            _ => return Err(invalid("tenant", "1 to 64 letters, digits, '.', '_' or '-'")),
        }
        let none = Map::new();
        let shards = match &config["shards"] {
            Value::Null => &none,
            Value::Object(shards) => shards,
            _ => return Err(invalid("shards", "an object of owners, such as { \"org:acme\": 4 }")),
        };
        for (owner, counts) in shards {
            let shown: String = owner.chars().take(80).collect();
            let field = format!("shards.{shown}");
            let (axis, id) = read_owner(owner, &field)?;
            let layout = match counts {
                Value::Object(_) => {
                    Layout { from: count(&counts["from"], &field)?, to: count(&counts["to"], &field)? }
                }
                _ => {
                    let to = count(counts, &field)?;
                    Layout { from: to, to }
                }
            };
            let prefix = partition_name(axis, &id)[..DIGITS].to_owned();
            if routing.splits.iter().any(|known| known.prefix == prefix) {
                return Err(invalid(&field, "left out: this owner is there already"));
            }
            routing.splits.push(Split { owner: owner.clone(), prefix, layout });
        }
        Ok(routing)
    }

    /// Whose objects these are.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Over how many objects the owner of a partition is spread.
    pub(super) fn layout(&self, prefix: &str) -> Layout {
        let split = self.splits.iter().find(|split| split.prefix == prefix);
        split.map_or(Layout { from: 1, to: 1 }, |split| split.layout)
    }

    /// Whether the owner of a partition is spread, or is on its way to or from that.
    pub(super) fn is_spread(&self, prefix: &str) -> bool {
        self.layout(prefix) != Layout { from: 1, to: 1 }
    }

    /// Whether any owner is spread.
    pub(super) fn is_any_spread(&self) -> bool {
        self.splits.iter().any(|split| split.layout != Layout { from: 1, to: 1 })
    }

    /// All objects in which the partition that begins with these digits can be.
    pub(super) fn objects(&self, prefix: &str) -> Vec<String> {
        let Layout { from, to } = self.layout(prefix);
        (0..if from > to { from } else { to }).map(|shard| self.shard(prefix, shard)).collect()
    }

    /// All objects in which a partition can be.
    pub(super) fn objects_of(&self, partition: &str) -> Vec<String> {
        self.objects(&partition[..DIGITS])
    }

    /// The object of one shard; the first has the owner's name alone.
    pub(super) fn shard(&self, prefix: &str, shard: u32) -> String {
        match shard {
            0 => format!("{}/{prefix}", self.tenant),
            shard => format!("{}/{prefix}-{shard}", self.tenant),
        }
    }

    /// The object that a write goes to.
    pub(super) fn home(&self, scope: &Scope, conversation: Option<&str>, said: Timestamp) -> Option<String> {
        let (axis, id) = scope.owner()?;
        let prefix = &partition_name(axis, id)[..DIGITS];
        let shards = self.layout(prefix).to;
        Some(self.shard(prefix, shard_of(scope, conversation, said, shards)))
    }

    /// The partition of a spread owner, by its name in the configuration, and over how many objects it is spread.
    pub(super) fn split(&self, owner: &str) -> Result<(String, Layout)> {
        let known = self.splits.iter().find(|split| split.owner == owner);
        let known = known.ok_or_else(|| {
            let message = "there is no such owner under `shards` in the configuration";
            Error::new(ErrorKind::InvalidArgument, message).field("owner")
        })?;
        let (axis, id) = read_owner(owner, "owner")?;
        Ok((partition_name(axis, &id), known.layout))
    }
}

/// Which of so many shards what is said in a conversation belongs to: all of it to one, so that neighbours stay together.
/// Where no conversation or run was named, what is said in one scope on one day stays together.
pub(super) fn shard_of(scope: &Scope, conversation: Option<&str>, said: Timestamp, shards: u32) -> u32 {
    if shards <= 1 {
        return 0;
    }
    let day = said.day().number().to_le_bytes();
    let ids = Axis::ALL.map(|axis| scope.get(axis).unwrap_or("").as_bytes());
    let digest = match conversation.or(scope.get(Axis::Run)) {
        Some(conversation) => Digest::of(&[b"shard", conversation.as_bytes()]),
        None => Digest::of(&[b"shard", ids[0], ids[1], ids[3], ids[4], &day]),
    };
    (u64::from_be_bytes(std::array::from_fn(|at| digest.0[at])) % u64::from(shards)) as u32
}

fn is_tenant(name: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

/// An owner as it is configured: an axis and an id, such as `org:acme`.
fn read_owner(owner: &str, field: &str) -> Result<(Axis, String)> {
    let known = owner.split_once(':').and_then(|(name, id)| {
        let axis = Axis::ALL.into_iter().find(|axis| axis.id_name().strip_suffix("_id") == Some(name));
        Some((axis?, id))
    });
    let Some((axis, id)) = known else {
        return Err(invalid(field, "named like \"user:…\", \"agent:…\", \"run:…\", \"app:…\" or \"org:…\""));
    };
    let mut checked = Scope::new();
    checked
        .set(axis, id, field)
        .map_err(|error| Error::new(ErrorKind::ConfigInvalid, error.message()).field(field))?;
    Ok((axis, id.trim().to_owned()))
}

fn count(value: &Value, field: &str) -> Result<u32> {
    let count = value.as_u64().filter(|count| (1..=u64::from(MOST_SHARDS)).contains(count));
    count.map(|count| count as u32).ok_or_else(|| {
        invalid(
            field,
            &format!("a whole number from 1 to {MOST_SHARDS}, or {{ from, to }} of two such numbers"),
        )
    })
}

fn invalid(field: &str, expected: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("{field} must be {expected}")).field(field)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn configurations_are_checked() {
        for (config, field) in [
            (json!({ "shards": { "org:acme": 0 } }), "shards.org:acme"),
            (json!({ "shards": { "org:acme": 10_000 } }), "shards.org:acme"),
            (json!({ "shards": { "org:acme": 1.5 } }), "shards.org:acme"),
            (json!({ "shards": { "org:acme": "4" } }), "shards.org:acme"),
            (json!({ "shards": { "org:acme": { "from": 4 } } }), "shards.org:acme"),
            (json!({ "shards": { "acme": 4 } }), "shards.acme"),
            (json!({ "shards": { "org:": 4 } }), "shards.org:"),
            (json!({ "shards": { "org:a": 4, "org: a": 2 } }), "shards.org: a"),
            (json!({ "shards": 4 }), "shards"),
            (json!({ "tenant": "a/b" }), "tenant"),
            (json!({ "tenant": "" }), "tenant"),
        ] {
            let error = Routing::read(&config).unwrap_err();
            assert_eq!((error.code(), error.field_name()), ("CONFIG_INVALID", Some(field)), "{config}");
        }
        let config =
            json!({ "tenant": "t1", "shards": { "org:acme": { "from": 2, "to": 3 }, "user:u": 256 } });
        let routing = Routing::read(&config).unwrap();
        let acme = partition_name(Axis::Org, "acme");
        assert_eq!(routing.objects_of(&acme).len(), 3);
        assert_eq!(routing.objects_of(&acme)[0], owner_object("t1", Axis::Org, "acme"));
        assert_eq!(routing.split("org:acme").unwrap(), (acme, Layout { from: 2, to: 3 }));
        assert_eq!(routing.objects_of(&partition_name(Axis::User, "v")).len(), 1);
        assert_eq!(routing.split("org:other").unwrap_err().code(), "INVALID_ARGUMENT");
        assert_eq!(Routing::read(&json!(null)).unwrap(), Routing::default());
    }

    #[test]
    fn names_lead_to_objects() {
        let name = owner_object("default", Axis::User, "alice");
        assert_eq!(name.len(), "default/".len() + 10);
        let digit = name.chars().nth(8).unwrap();
        assert_eq!(registry(&name), Some(format!("default/registry-{digit}")));
        assert_eq!(registry(&format!("{name}-3")), Some(format!("default/registry-{digit}")));
        assert_eq!(registry("nothing"), None);
    }

    #[test]
    fn a_conversation_stays_in_one_shard() {
        let scope = Scope::new().with(Axis::Org, "acme");
        let day = |day: i64| Timestamp::clamped(day * 86_400_000);
        let mut used = [false; 4];
        for number in 0..64 {
            let name = format!("c{number}");
            let shard = shard_of(&scope, Some(&name), day(number), 4);
            assert_eq!(shard, shard_of(&scope.clone().with(Axis::App, "x"), Some(&name), day(0), 4));
            used[shard as usize] = true;
        }
        assert_eq!(used, [true; 4]);
        assert_eq!(
            shard_of(&scope, None, day(3), 4),
            shard_of(&scope, None, Timestamp::clamped(3 * 86_400_000 + 5), 4)
        );
        assert!((0..64).any(|it| shard_of(&scope, None, day(it), 4) != shard_of(&scope, None, day(0), 4)));
        assert_eq!(shard_of(&scope, None, day(3), 1), 0);
    }
}
