//! An agent's run as one memory: how it went, for whoever goes on (mem0's `procedural_memory`).

use super::{AddOptions, Added, Addition, Memory, Message, check_metadata};
use crate::distill::prompt::{self, Said};
use crate::engine::{Draft, Plan};
use crate::error::{Error, ErrorKind, Result};
use crate::host::LocalFuture;
use crate::knowledge::{self, Kind, Note};
use crate::model::Completer;
use crate::record::{Actor, Role};
use crate::time::Timestamp;

/// That nothing sums up a run without a model.
pub(super) fn unsummed() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "an agent's run is summed up by a language model: configure one with `llm: { provider, config }`, or leave \
         memoryType away",
    )
    .field("memoryType")
}

/// Lets the model write the record of a run. `None` if it failed, with the reason among the warnings: then the messages
/// are kept like others. A gate of `wasm-pack.toml`.
#[inline(never)]
pub(super) fn add_procedure<'a>(
    memory: &'a Memory,
    completer: &'a dyn Completer,
    messages: &'a [Message],
    options: &'a AddOptions,
    timestamp: Timestamp,
    warnings: &'a mut Vec<Error>,
) -> LocalFuture<'a, Result<Option<Addition>>> {
    Box::pin(async move {
        let said: Vec<Said<'_>> = messages
            .iter()
            .map(|it| Said { speaker: &it.actor, at: it.timestamp.unwrap_or(timestamp), text: &it.text })
            .collect();
        let text = match completer.complete(&prompt::procedural(&said)).await {
            Ok(text) => text.trim().to_owned(),
            Err(failure) => {
                warnings.push(failure);
                return Ok(None);
            }
        };
        let partitions = memory.partitions()?;
        let Some((axis, owner)) = options.scope.owner() else { return Ok(None) };
        let partition = partitions.owner(axis, owner).await?;
        let mut metadata = check_metadata(options.metadata.clone())?;
        metadata.insert("memory_type".to_owned(), "procedural_memory".into());
        let note = Note {
            kind: Kind::Procedural,
            origin: knowledge::Origin::Model,
            confidence: 100,
            ..Note::default()
        };
        let mut drafts = [Draft {
            text: text.clone(),
            actor: Actor { role: Role::Assistant, name: None },
            timestamp,
            note,
            ..Draft::default()
        }];
        memory.embed_drafts(partitions, &partition, &options.scope, &mut drafts).await?;
        let origin = options.origin(metadata);
        let [draft] = drafts;
        let outcome = partitions
            .write(&partition, move |plan: &mut Plan<'_>| plan.remember(&origin, draft.clone()))
            .await?;
        let added = Added { id: outcome.id, text, added: outcome.added };
        Ok(Some(Addition { results: vec![added], ..Addition::default() }))
    })
}
