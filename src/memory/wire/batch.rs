//! Many changes as JSON.

use serde_json::Value;

use super::super::Memory;
use super::super::batch::placed;
use super::read::{Options, id, wrong};
use super::{error, read_update};
use crate::error::Result;
use crate::record::MemoryId;

/// Takes a list of changes, each with an `id` and what [`update`](Memory::update) takes, or with `delete` with an `id` alone.
pub(super) async fn call(memory: &Memory, list: &Value, options: &Value) -> Result<Value> {
    let options = Options::of(options)?;
    options.only(&["delete", "dryRun"])?;
    let (deletes, dry_run) = (options.flag(&["delete"], false)?, options.flag(&["dryRun"], false)?);
    let list = list.as_array().ok_or_else(|| wrong("memories", "a list of changes"))?;
    let mut changes = Vec::with_capacity(list.len());
    for (at, it) in list.iter().enumerate() {
        let update = if deletes { None } else { Some(read_update(it).map_err(|error| placed(error, at))?) };
        changes.push((id(&it["id"])?.to_owned(), update));
    }
    let batch = memory.change_all(&changes, dry_run).await?;
    let ids = |ids: &[MemoryId]| ids.iter().map(|id| id.to_string().into()).collect::<Vec<Value>>();
    Ok(
        object!({ "done": ids(&batch.done), "gone": ids(&batch.gone), "failure": batch.failure.as_ref().map(error) }),
    )
}
