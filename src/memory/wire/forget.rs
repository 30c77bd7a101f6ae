//! Forgetting as JSON.

use serde_json::Value;

use super::super::{Gone, Memory, Removed, Retention, SweepOptions};
use super::Literal;
use super::read::{Options, SPELLINGS, id, moment, scope_of, text, wrong};
use crate::error::{Error, ErrorKind, Result};
use crate::knowledge::{Feedback, Kind};
use crate::scope::Scope;

/// One future for the methods: each of its own would make the caller's larger.
pub(super) async fn call(memory: &Memory, method: &str, arguments: &[Value]) -> Result<Value> {
    let argument = |at: usize| arguments.get(at).unwrap_or(&Value::Null);
    let (first, second) = (argument(0), argument(1));
    if method == "feedback" {
        return feedback(memory, first, second, argument(2)).await;
    }
    let swept = if method == "sweep" { Some(sweep_options(first, second)?) } else { None };
    let dry_run = swept.as_ref().map(|options| options.dry_run);
    let removal = match (swept, first) {
        (Some(options), _) => memory.sweep(options),
        (None, Value::String(id)) => memory.erase(id, Options::of(second)?.flag(&["linked"], false)?),
        (None, scope) => {
            let options = Options::of(scope)?;
            options.only(&[])?;
            memory.erase_all(&scope_of(&options, Literal)?.0)
        }
    };
    let Removed { memories, at, partitions, kept } = removal.await?;
    Ok(match dry_run {
        None => {
            let ids: Vec<String> = memories.iter().map(|it| it.id.to_string()).collect();
            object!({ "erased": ids, "at": at.to_string(), "partitions": partitions })
        }
        Some(dry_run) => {
            let told = |it: &Gone| object!({ "id": it.id.to_string(), "memory": it.text.as_str(), "why": it.why.as_str() });
            object!({ "removed": memories.iter().map(told).collect::<Vec<_>>(), "kept": kept, "dryRun": dry_run })
        }
    })
}

/// Takes an id, what someone thinks of it, and why.
async fn feedback(memory: &Memory, of: &Value, feedback: &Value, reason: &Value) -> Result<Value> {
    let feedback = Feedback::parse(feedback.as_str().unwrap_or_default())?;
    let reason = match reason {
        Value::Null => None,
        reason => Some(text(reason, "reason")?),
    };
    let rated = memory.feedback(id(of)?, feedback, reason).await?;
    let strength = (f64::from(rated.strength) * 1e3).round() / 1e3;
    Ok(
        object!({ "id": rated.id.to_string(), "feedback": feedback.name(), "reason": reason, "strength": strength }),
    )
}

/// The rules are those among the options, else those of the configuration.
fn sweep_options(options: &Value, configured: &Value) -> Result<SweepOptions> {
    let options = Options::of(options)?;
    options.only(&["dryRun", "dry_run", "erase", "now", "retention"])?;
    Ok(SweepOptions {
        scope: scope_of(&options, Literal)?.0,
        rules: retention(options.get(&["retention"]).map_or(configured, |(_, rules)| rules))?,
        dry_run: options.flag(&["dryRun", "dry_run"], false)?,
        erase: options.flag(&["erase"], false)?,
        now: moment(&options, &["now"])?,
    })
}

/// The rules of a configuration. `CONFIG_INVALID` names what is wrong with them.
fn retention(rules: &Value) -> Result<Vec<Retention>> {
    let rules = match rules {
        Value::Null => return Ok(vec![]),
        Value::Array(rules) => rules,
        _ => return Err(wrong("retention", "a list of rules")),
    };
    let rule = |(at, value)| {
        rule(value).map_err(|error: Error| {
            let member = error.field_name().unwrap_or_default();
            let field = format!("retention[{at}].{member}");
            Error::new(ErrorKind::ConfigInvalid, format!("{field}: {}", error.message())).field(field)
        })
    };
    rules.iter().enumerate().map(rule).collect()
}

const KEYS: [&str; 4] = ["kind", "days", "basis", "includePositive"];

fn rule(value: &Value) -> Result<Retention> {
    let options = Options::of(value)?;
    // A rule with a misspelt condition would remove more than it was meant to.
    let known = |key: &str| KEYS.contains(&key) || SPELLINGS.iter().any(|(_, names)| names.contains(&key));
    if let Some(key) = options.names().find(|key| !known(key)) {
        return Err(wrong(key, "left out: there is no such part of a rule"));
    }
    if let Some(key) = options.names().find(|key| options.has_null(&[key])) {
        return Err(wrong(key, "a value, or left out"));
    }
    let mut owners = Vec::new();
    for (axis, names) in SPELLINGS {
        match options.get(&names) {
            Some((_, value)) if value == "*" => owners.push((axis, None)),
            Some((name, value)) => {
                let mut checked = Scope::new();
                checked.set(axis, text(value, name)?, name)?;
                owners.push((axis, checked.get(axis).map(str::to_owned)));
            }
            None => {}
        }
    }
    let days = options.get(&["days"]).and_then(|(_, days)| days.as_u64());
    Ok(Retention {
        kind: options.get(&["kind"]).map(|(name, kind)| Kind::parse(text(kind, name)?)).transpose()?,
        owners,
        days: days
            .and_then(|days| u32::try_from(days).ok())
            .ok_or_else(|| wrong("days", "a whole number from 0"))?,
        touched: match options.get(&["basis"]).map(|(_, basis)| basis.as_str()) {
            None | Some(Some("said")) => false,
            Some(Some("touched")) => true,
            _ => return Err(wrong("basis", "\"said\" or \"touched\"")),
        },
        liked: options.flag(&["includePositive"], false)?,
    })
}
