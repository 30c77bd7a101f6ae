//! The methods that most visits of a tab never call. Their code is in the second half of the core, which is loaded when
//! one of them is called; the methods that need no second half are listed in `src/js/more.ts`.

use serde_json::Value;

use super::super::{Memory, Progress};
use super::read::{Options, consolidated, id};
use super::{Asked, Literal, conflict, forget, history_row, reach, read_step, scope_of, show_graph, stats};
#[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
use super::{batch, complete, show};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;

/// Calls one of them; `UNSUPPORTED` for a method that does not exist. A gate of `wasm-pack.toml`.
#[inline(never)]
pub(super) fn call<'a>(
    memory: &'a Memory,
    method: &'a str,
    arguments: &'a [Value],
) -> LocalFuture<'a, Result<Value>> {
    Box::pin(async move {
        let first = arguments.first().unwrap_or(&Value::Null);
        match method {
            "deleteAll" => {
                let options = Options::of(first)?;
                options.only(&[])?;
                let scope = scope_of(&options, Literal)?.0;
                memory.delete_all(&scope).await?;
                Ok(object!({ "message": "Memories deleted successfully!" }))
            }
            "history" => {
                let id = id(first)?;
                let rows = memory.history(id).await?;
                let count = rows.len();
                let row = |(index, revision)| history_row(id, count - index, revision);
                Ok(rows.iter().enumerate().map(row).collect())
            }
            "stats" => memory.stats().await.map(stats),
            "erase" | "feedback" | "sweep" => forget::call(memory, method, arguments).await,
            "conflicts" => {
                let found = memory.conflicts(&reach(&Options::of(first)?)?).await?;
                Ok(object!({ "conflicts": found.iter().map(conflict).collect::<Vec<_>>() }))
            }
            "entities" | "graph" | "timeline" | "entity" => {
                let asked = Asked::of(method, arguments)?;
                let known = memory.knowledge(&asked.reach).await?;
                Ok(asked.show(&known, memory.partitions()?.now()))
            }
            "consolidate" => {
                let options = Options::of(first)?;
                options.only(&["dryRun", "dry_run", "filters", "showExpired", "show_expired"])?;
                let dry_run = options.flag(&["dryRun", "dry_run"], false)?;
                let done = memory.consolidate(reach(&options)?, dry_run).await?;
                let partitions = memory.partitions()?;
                let stamp = partitions.clock().tick(partitions.now());
                let mut report = show_graph::consolidated(&done);
                report["id"] = format!("{:016x}", stamp.bits()).into();
                report["dryRun"] = dry_run.into();
                Ok(report)
            }
            "undoConsolidation" => {
                let undone = memory.undo_consolidation(&consolidated(first)?).await?;
                let reopened: usize = undone.merged.iter().map(|it| it.from.len()).sum();
                Ok(object!({ "reopened": reopened, "deleted": undone.promoted.len() }))
            }
            "reset" => memory.reset().await.map(|()| Value::Null),
            "reindexStep" => {
                let Progress { done, left } = memory.reindex_step().await?;
                Ok(object!({ "done": done, "total": done + left, "finished": left == 0 }))
            }
            #[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
            "changeAll" => batch::call(memory, first, arguments.get(1).unwrap_or(&Value::Null)).await,
            #[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
            "complete" => complete::call(memory, arguments.get(1).unwrap_or(&Value::Null)).await,
            #[cfg(any(feature = "objects", feature = "service", not(target_family = "wasm")))]
            "owners" => Ok(memory.owners().await?.iter().map(show::owner).collect()),
            #[cfg(any(feature = "objects", not(target_family = "wasm")))]
            "compact" => Ok(object!({ "sealed": memory.compact().await? })),
            #[cfg(any(feature = "objects", not(target_family = "wasm")))]
            "isEmpty" => Ok(memory.is_empty().await?.into()),
            "pending" => Ok(object!({ "messages": memory.pending().await? })),
            "readStep" => Ok(read_step(&memory.read_step(first == &Value::Bool(true)).await?)),
            _ => {
                Err(Error::new(ErrorKind::Unsupported, format!("there is no method {method}"))
                    .field("method"))
            }
        }
    })
}
