//! Forgetting as JSON.

use serde_json::{Value, json};

use super::super::{Erased, Memory, Retention, SweepOptions};
use super::Literal;
use super::read::{Options, SPELLINGS, id, moment, scope_of, text, wrong};
use crate::error::{Error, ErrorKind, Result};
use crate::knowledge::{Feedback, Kind};
use crate::scope::Scope;

/// One future for the methods: each of its own would make the caller's larger.
pub(super) async fn call(memory: &Memory, method: &str, arguments: &[Value]) -> Result<Value> {
    let argument = |at: usize| arguments.get(at).unwrap_or(&Value::Null);
    match method {
        "erase" => erase(memory, argument(0), argument(1)).await,
        "feedback" => feedback(memory, argument(0), argument(1), argument(2)).await,
        _ => sweep(memory, argument(0), argument(1)).await,
    }
}

/// Erases one memory by its id, or all of a scope.
async fn erase(memory: &Memory, target: &Value, options: &Value) -> Result<Value> {
    let Erased { ids, at, partitions } = match target {
        Value::String(id) => memory.erase(id, Options::of(options)?.flag(&["linked"], false)?).await?,
        _ => memory.erase_all(&scope_of(&Options::of(target)?, Literal)?.0).await?,
    };
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok(json!({ "erased": ids, "at": at.to_string(), "partitions": partitions }))
}

async fn feedback(memory: &Memory, of: &Value, feedback: &Value, reason: &Value) -> Result<Value> {
    let feedback = Feedback::parse(feedback.as_str().unwrap_or_default())?;
    let reason = match reason {
        Value::Null => None,
        reason => Some(text(reason, "reason")?),
    };
    let rated = memory.feedback(id(of)?, feedback, reason).await?;
    let strength = (f64::from(rated.strength) * 1e3).round() / 1e3;
    Ok(
        json!({ "id": rated.id.to_string(), "feedback": feedback.name(), "reason": reason, "strength": strength }),
    )
}

/// Clears out by the rules among the options, else by those of the configuration.
async fn sweep(memory: &Memory, options: &Value, configured: &Value) -> Result<Value> {
    let options = Options::of(options)?;
    let options = SweepOptions {
        scope: scope_of(&options, Literal)?.0,
        rules: retention(options.get(&["retention"]).map_or(configured, |(_, rules)| rules))?,
        dry_run: options.flag(&["dryRun", "dry_run"], false)?,
        erase: options.flag(&["erase"], false)?,
        now: moment(&options, &["now"])?,
    };
    let swept = memory.sweep(&options).await?;
    let removed = swept.removed.iter();
    let removed: Vec<Value> = removed
        .map(|(id, memory, why)| json!({ "id": id.to_string(), "memory": memory, "why": why }))
        .collect();
    Ok(json!({ "removed": removed, "kept": swept.kept, "dryRun": options.dry_run }))
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
