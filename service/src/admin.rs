//! What administrators do: make, list and revoke keys, and read who wrote.

use edgemem::scope::{Axis, Scope};
use edgemem::store::ByteStore;
use edgemem::time::Timestamp;
use edgemem::{Error, ErrorKind};
use serde_json::{Map, Value, json};

use crate::audit::MAX_PAGE;
use crate::auth::Caller;
use crate::gate::{Gate, Noted};
use crate::keys::{Key, Right, Terms};
use crate::problem::{Problem, Refusal};

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Errand {
    /// All keys of the organisation.
    Keys,
    /// A new key.
    Make,
    /// That this key opens nothing any more.
    Revoke(String),
    /// Who wrote.
    Audit,
}

const MAX_NAME: usize = 64;
const MAX_LABEL: usize = 200;
/// The most requests a minute that a key can be limited to.
const MAX_RATE: u64 = 1_000_000;

/// An answer's body, and the key that was made or revoked, which is noted.
pub type Done = (Value, Option<Noted>);

/// A note goes into the log of the key's organisation, and names the key's project.
fn noted(key: Key) -> Option<Noted> {
    Some(Noted { tenant: Some((key.terms.org, key.terms.project)), subject: key.id.into(), refused: None })
}

/// Runs an errand. Options are the query's or the body's; `rate` is the limit of keys without one of their own.
///
/// `RIGHT_MISSING` without the right of administrators, `TENANT_FORBIDDEN` for another organisation than the caller's,
/// `INVALID_ARGUMENT`, `NOT_FOUND`, `KEYS_FULL` and the `STORE_…` codes.
pub async fn run(
    gate: &Gate,
    store: &dyn ByteStore,
    caller: &Caller,
    errand: &Errand,
    options: &Map<String, Value>,
    rate: u32,
) -> Result<Done, Problem> {
    caller.may(Right::Admin)?;
    // Only whoever runs the deployment sees more than one organisation.
    let own = (!caller.is_root).then_some(caller.org.as_str());
    let named = text(options, "org_id")?;
    if let (Some(own), Some(named)) = (own, named)
        && own != named
    {
        let message = "this key administers another organisation";
        return Err(Problem::new(Refusal::TenantForbidden, message).field("org_id"));
    }
    match errand {
        Errand::Keys => {
            let keys = gate.keys.list(store, named.or(own)).await?;
            Ok((json!({ "results": keys.iter().map(|key| key.shown()).collect::<Vec<_>>() }), None))
        }
        Errand::Make => {
            let terms = terms(caller, options, gate.host.now(), rate)?;
            let (key, token) = gate.keys.create(store, &terms, !caller.is_root).await?;
            let mut shown = json!({ "key": token });
            if let (Some(shown), Value::Object(members)) = (shown.as_object_mut(), key.shown()) {
                shown.extend(members);
            }
            Ok((shown, noted(key)))
        }
        Errand::Revoke(id) => {
            let key = gate.keys.revoke(store, id, own).await?.ok_or_else(|| {
                Problem::from(Error::new(ErrorKind::NotFound, "there is no key of this id").field("id"))
            })?;
            Ok((key.shown(), noted(key)))
        }
        Errand::Audit => {
            let limit = match options.get("limit") {
                None => 100,
                Some(limit) => {
                    let limit = limit.as_u64().filter(|limit| (1..=MAX_PAGE as u64).contains(limit));
                    limit.ok_or_else(|| wrong("limit", &format!("a whole number from 1 to {MAX_PAGE}")))?
                        as usize
                }
            };
            let before = text(options, "before")?;
            // What this instance has noted belongs into the page.
            gate.audit.store(store).await?;
            Ok((gate.audit.page(store, named.unwrap_or(&caller.org), before, limit).await?, None))
        }
    }
}

/// What a body wants a new key to be. Nobody makes a key that may ask more often than its own.
fn terms(caller: &Caller, options: &Map<String, Value>, now: i64, rate: u32) -> Result<Terms, Problem> {
    let place = |name: &str, own: &str| {
        let place = text(options, name)?.unwrap_or(own);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        match (1..=MAX_NAME).contains(&place.len()) && place.bytes().all(plain) {
            true => Ok(place.to_owned()),
            false => Err(wrong(name, "1 to 64 letters, digits, '.', '_' or '-'")),
        }
    };
    let owner = |axis: Axis| {
        let name = axis.id_name();
        let Some(id) = text(options, name)? else { return Ok(None) };
        // Everywhere else it means all of them.
        if id.trim() == "*" {
            return Err(Error::new(ErrorKind::ScopeInvalid, "a key is for one owner, whose id it names")
                .field(name)
                .into());
        }
        let mut scope = Scope::new();
        scope.set(axis, id, name)?;
        Ok::<_, Problem>(scope.get(axis).map(str::to_owned))
    };
    let right = match text(options, "right")? {
        None => Right::Write,
        Some(right) => Right::parse(right).ok_or_else(|| wrong("right", "read, write or admin"))?,
    };
    let label = text(options, "label")?.unwrap_or_default();
    if label.len() > MAX_LABEL || label.chars().any(char::is_control) {
        return Err(wrong("label", "a text of up to 200 bytes without control characters"));
    }
    let expires = match options.get("expires_at").filter(|value| !value.is_null()) {
        None => None,
        Some(value) => {
            let time = match value.as_str() {
                Some(text) => Timestamp::parse(text),
                None => Timestamp::from_number(value.as_f64().unwrap_or(f64::NAN)),
            };
            let time = time.map_err(|error| error.field("expires_at"))?;
            Some(time.millis())
                .filter(|at| *at > now)
                .map(Some)
                .ok_or_else(|| wrong("expires_at", "a time to come"))?
        }
    };
    let usual = if rate == 0 { MAX_RATE } else { rate.into() };
    let most = if caller.is_root { MAX_RATE } else { caller.rate.map_or(usual, u64::from).min(MAX_RATE) };
    let rate = match options.get("rate_limit").filter(|value| !value.is_null()) {
        None => caller.rate,
        Some(value) => {
            let rate = value.as_u64().filter(|rate| (1..=most).contains(rate));
            let wanted = || wrong("rate_limit", &format!("requests a minute, from 1 to {most}"));
            Some(rate.ok_or_else(wanted)? as u32)
        }
    };
    let terms = Terms {
        org: place("org_id", &caller.org)?,
        project: place("project_id", &caller.project)?,
        user: owner(Axis::User)?,
        agent: owner(Axis::Agent)?,
        right,
        label: label.to_owned(),
        rate,
        expires,
    };
    if right == Right::Admin && (terms.user.is_some() || terms.agent.is_some()) {
        return Err(wrong("right", "read or write for a key of one user or agent"));
    }
    Ok(terms)
}

/// A text that is there and not null.
fn text<'a>(options: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Problem> {
    match options.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(name, "a text")),
    }
}

fn wrong(field: &str, expected: &str) -> Problem {
    let message = format!("{field} must be {expected}");
    Problem::from(Error::new(ErrorKind::InvalidArgument, message)).field(field)
}
