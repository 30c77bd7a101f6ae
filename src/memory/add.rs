//! [`Memory::add`]: from messages to memories.

use super::partitions::{Partition, Partitions};
use super::procedure::{add_procedure, unsummed};
use super::read::read_now;
use super::{AddOptions, Added, Addition, Memory, Message, check_metadata, check_text, embed, is_blank};
use crate::distill::{Speech, distil, united};
use crate::engine::{Draft, Outcome, Plan};
use crate::error::{Error, ErrorKind, Result};
use crate::knowledge::Note;
use crate::model::Purpose;
use crate::record::{Actor, Role};
use crate::scope::Scope;
use crate::time::Timestamp;

/// A correction is of what was said at most so long ago, in ms.
const CORRECTED_WITHIN: i64 = 30 * 60_000;

/// So many messages of one owner wait for a model at most.
pub(super) const MOST_WAITING: usize = 1_000;

impl Memory {
    /// Remembers messages. Without a language model each statement becomes one memory; with one the messages are
    /// kept as they were said until it has read them, which `add` waits for unless [`AddOptions::background`] is
    /// set. What is known in the same scope from the same speaker is not stored twice. Durable when it returns.
    ///
    /// A model that fails costs no message: they stay as they were said, are found, and wait; see
    /// [`Addition::warnings`].
    ///
    /// Errors: `MESSAGES_REQUIRED`, `MESSAGES_EMPTY`, `TEXT_TOO_LONG`, `TEXT_INVALID`, `SCOPE_REQUIRED`,
    /// `METADATA_TOO_LARGE`, the `MODEL_…` codes of the embedder and the `STORE_…` codes. Nothing is stored if one is
    /// returned.
    pub async fn add(&self, messages: &[Message], options: &AddOptions) -> Result<Addition> {
        let partitions = self.partitions()?;
        if messages.is_empty() {
            return Err(Error::new(
                ErrorKind::MessagesEmpty,
                "messages array cannot be empty. Provide at least one message with non-empty content.",
            )
            .field("messages"));
        }
        for (index, message) in messages.iter().enumerate() {
            check_text(&message.text, &format!("messages[{index}].content"))?;
        }
        let metadata = check_metadata(options.metadata.clone())?;
        let Some((axis, owner)) = options.scope.owner() else {
            return Err(Error::new(
                ErrorKind::ScopeRequired,
                "One of the filters: userId, agentId or runId is required!",
            )
            .field("userId"));
        };
        let timestamp = options.timestamp.unwrap_or_else(|| partitions.now());
        let mut warnings = Vec::new();
        let told;
        let messages = if messages.iter().any(|message| !message.pictures.is_empty()) {
            told = self.with_pictures_told(messages, &mut warnings).await;
            told.as_slice()
        } else {
            messages
        };
        if options.procedural {
            let Some(completer) = &self.0.completer else { return Err(unsummed()) };
            if let Some(it) =
                add_procedure(self, &**completer, messages, options, timestamp, &mut warnings).await?
            {
                return Ok(it);
            }
        }
        let partition = partitions.owner(axis, owner).await?;
        // Beyond what the queue holds, rules are all that a message gets.
        let queued = options.infer && self.0.completer.is_some();
        let queued = queued && partition.engine().waiting()? + messages.len() <= MOST_WAITING;
        // "No, I meant Porto" corrects what was said in the call before, if that was not long ago.
        let earlier = |speaker: &Actor, said: Timestamp| -> Result<Option<String>> {
            let last = partition.engine().last_said(&options.scope, speaker)?;
            let recent = last.filter(|it| {
                let since = said.millis() - it.timestamp.millis();
                (0..CORRECTED_WITHIN).contains(&since)
            });
            Ok(recent.map(|it| it.text))
        };
        let mut drafts = drafts(messages, options, timestamp, queued, &earlier)?;
        if drafts.is_empty() {
            return Ok(Addition::default());
        }
        // Without the table the memories are kept all the same, and embedded by `reindex`.
        let _ = partitions.meanings().await;
        self.embed_drafts(partitions, &partition, &options.scope, &mut drafts).await?;
        let origin = options.origin(metadata);
        let texts: Vec<String> = drafts.iter().map(|draft| draft.text.clone()).collect();
        let outcomes = partitions
            .write(&partition, move |plan: &mut Plan<'_>| {
                drafts
                    .iter()
                    .map(|draft| plan.remember(&origin, draft.clone()))
                    .collect::<Result<Vec<Outcome>>>()
            })
            .await?;
        let added = outcomes.into_iter().zip(texts);
        let added = added.map(|(outcome, text)| Added { id: outcome.id, text, added: outcome.added });
        let waits = queued && options.background;
        let addition = Addition { results: added.collect(), warnings, waits };
        if queued && !options.background { read_now(self, &partition, addition).await } else { Ok(addition) }
    }

    /// Embeds the drafts that are not known yet.
    pub(super) async fn embed_drafts(
        &self,
        partitions: &Partitions,
        partition: &Partition,
        scope: &Scope,
        drafts: &mut [Draft],
    ) -> Result<()> {
        let Some(embedder) = &self.0.embedder else { return Ok(()) };
        let mut fresh = Vec::new();
        {
            let mut engine = partition.engine_mut();
            let mut clock = partitions.clock();
            let plan = Plan::new(&mut engine, &mut clock, partitions.now());
            for (index, draft) in drafts.iter().enumerate() {
                if !plan.is_known(scope, draft)? {
                    fresh.push(index);
                }
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = fresh.iter().map(|&index| drafts[index].text.clone()).collect();
        let vectors = embed(&**embedder, &texts, Purpose::Document).await?;
        for (index, vector) in fresh.into_iter().zip(vectors) {
            drafts[index].vector = Some((embedder.name(), vector.codes().to_vec(), vector.scale()));
        }
        Ok(())
    }
}

/// What is to be remembered of messages: their statements, or with `queued` the messages as they were said, for a
/// model to read. As in mem0, system messages are the application's and not remembered.
fn drafts(
    messages: &[Message],
    options: &AddOptions,
    timestamp: Timestamp,
    queued: bool,
    earlier: &dyn Fn(&Actor, Timestamp) -> Result<Option<String>>,
) -> Result<Vec<Draft>> {
    let mut drafts: Vec<Draft> = Vec::new();
    let spoken: Vec<&Message> = messages.iter().filter(|it| it.actor.role != Role::System).collect();
    let first = spoken.first().map(|it| &it.actor);
    let second = spoken.iter().map(|it| &it.actor).find(|&actor| Some(actor) != first);
    for (index, message) in spoken.iter().enumerate() {
        let said = message.timestamp.unwrap_or(timestamp);
        let draft = |text: String, note: Note| Draft {
            text,
            actor: message.actor.clone(),
            timestamp: said,
            note,
            ..Draft::default()
        };
        if (!options.infer || queued) && is_blank(&message.text) {
            continue;
        }
        if !options.infer {
            drafts.push(draft(message.text.clone(), Note::default()));
            continue;
        }
        let before = spoken[..index].iter().rev().find(|it| it.actor == message.actor);
        let before = match before {
            Some(before) => Some(before.text.clone()),
            None => earlier(&message.actor, said)?,
        };
        let speech = Speech {
            speaker: &message.actor,
            listener: if first == Some(&message.actor) { second } else { first },
            said,
            before: before.as_deref(),
        };
        let statements = distil(&message.text, &speech);
        if queued {
            // Until the model has read it, rules say what it means.
            let note =
                Note { pending: true, instructions: options.instructions.clone(), ..united(statements) };
            drafts.push(draft(message.text.clone(), note));
        } else {
            let first = drafts.len();
            drafts.extend(statements.into_iter().map(|it| draft(it.text, it.note)));
            drafts.iter_mut().skip(first + 1).for_each(|draft| draft.continues = true);
        }
    }
    Ok(drafts)
}
