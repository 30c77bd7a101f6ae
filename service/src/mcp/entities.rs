//! The tool `list_entities`: the users, agents, apps and runs that have memories.

use edgemem::Error;
use serde_json::{Map, Value};

use super::methods::Door;
use super::tools::envelope;
use crate::mem0::entities::{merged, with_totals};
use crate::routes::SCOPE;

/// All memories of a scope.
const ALL: u32 = 1_000_000_000;

/// A page of them, as REST shows them.
pub async fn list(door: &Door<'_>, page: u64, size: u64) -> Result<Value, Error> {
    let is_bound = !door.bounds.fixed.is_empty();
    let owners = match is_bound {
        false => door.ask("owners", &[]).await?,
        true => {
            let filters = door.bounds.reach(&Map::new())?;
            within(&door.ask("getAll", &[object!({ "filters": filters, "limit": ALL })]).await?["results"])
        }
    };
    let found = merged(&owners);
    let start = ((page - 1) * size).min(found.len() as u64) as usize;
    let end = (start + size as usize).min(found.len());
    let shown = found[start..end].to_vec();
    Ok(with_totals(envelope(page, found.len() as u64, end < found.len(), shown.into()), &found))
}

/// The owners of these memories, each once for every memory.
fn within(memories: &Value) -> Value {
    let mut owners = Vec::new();
    for memory in memories.as_array().into_iter().flatten() {
        let said = &memory["created_at"];
        for axis in SCOPE.iter().map(|field| field.name) {
            let id = &memory[axis];
            if id.is_string() {
                let owner = object!({
                    "axis": axis, "id": id.clone(), "memories": 1, "first": said.clone(), "last": said.clone(),
                });
                owners.push(owner);
            }
        }
    }
    owners.into()
}
