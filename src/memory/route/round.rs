//! What an object answers to a round: its part of an answer that several objects give together.

use serde_json::Value;

use super::super::reach::lend;
use super::super::{Memory, embed, embedder_changed, wire};
use super::{VERSION, not_understood, reshard, reunion};
use crate::bytes::{Reader, Writer};
use crate::engine::{self, Engine, Query, Shared};
use crate::error::{ErrorKind, Result};
use crate::model::Purpose;
use crate::retrieve::question::Question;
use crate::text::Analyzer;
use crate::time::Timestamp;
use wire::read::Options;

/// The rounds, by the byte that comes after the kind of the request.
pub(super) const SURVEY: u8 = 1;
pub(super) const LEVELS: u8 = 2;
pub(super) const OFFERS: u8 = 3;
pub(super) const LIST: u8 = 4;
pub(super) const KNOWLEDGE: u8 = 5;
pub(super) const WHAT_MOVES: u8 = 6;
pub(super) const TAKE_IN: u8 = 7;
pub(super) const TAKE_OUT: u8 = 8;
pub(super) const CLAIMS: u8 = 9;

/// What all rounds begin with, beside their number: JSON with what was called, and the router's time.
pub(super) fn header(round: u8, method: &str, arguments: &[Value], now: Timestamp) -> Writer {
    let mut out = Writer::new();
    out.raw(&[VERSION, super::ROUND, round]);
    let call = object!({ "method": method, "arguments": arguments.to_vec(), "now": now.millis() });
    out.text(&crate::json::text(&call));
    out
}

/// What is said by a message that was read, or cannot be: damage to a message is none to the store.
pub(super) fn understood<T>(read: Result<T>) -> Result<T> {
    read.map_err(|error| match error.kind() {
        ErrorKind::StoreCorrupt => not_understood("a message").cause(error.message()),
        _ => error,
    })
}

/// Answers a round.
pub(super) async fn answer(memory: &Memory, body: &[u8]) -> Result<Vec<u8>> {
    let mut input = Reader::new(body, "message");
    let round = understood(input.u8())?;
    let call: Value =
        serde_json::from_str(understood(input.text())?).map_err(|_| not_understood("a round"))?;
    let method = call["method"].as_str().unwrap_or_default();
    let arguments = call["arguments"].as_array().map_or(&[][..], Vec::as_slice);
    let now = Timestamp::clamped(call["now"].as_i64().ok_or_else(|| not_understood("a round"))?);
    let mut out = Writer::new();
    out.u8(VERSION);
    match round {
        SURVEY | LEVELS | OFFERS => {
            search(memory, round, method, arguments, now, &mut input, &mut out).await?
        }
        LIST | KNOWLEDGE => list(memory, round, method, arguments, now, &mut out).await?,
        CLAIMS => reunion::answer(memory, method, arguments, &mut input, &mut out).await?,
        WHAT_MOVES..=TAKE_OUT => reshard::answer(memory, round, arguments, &mut input, &mut out).await?,
        _ => return Err(not_understood("a round")),
    }
    Ok(out.finish())
}

/// A round of a search, or of the search that is for a context.
async fn search(
    memory: &Memory,
    round: u8,
    method: &str,
    arguments: &[Value],
    now: Timestamp,
    input: &mut Reader<'_>,
    out: &mut Writer,
) -> Result<()> {
    let argument = |at: usize| arguments.get(at).unwrap_or(&Value::Null);
    let text = wire::read::text(argument(0), "query")?;
    let options = wire::search_options(&Options::of(argument(1))?)?;
    let partitions = memory.partitions()?;
    let reached = memory.reached(partitions, &options.reach).await?;
    let today = Some(now.day());
    let mut question = match reached.first() {
        Some(partition) => partition.engine().question(text, today),
        None => Question::of(text, &Analyzer::default(), today),
    };
    let vector = understood(engine::read_question(&mut question, input))?;
    let shared = match round {
        SURVEY => Shared::default(),
        _ => understood(Shared::decode(input, &question))?,
    };
    let mut warnings = Vec::new();
    let meanings = partitions.meanings().await.unwrap_or_else(|error| {
        warnings.push(error);
        None
    });
    if let Some(configured) = memory.embedder_name() {
        let foreign = reached.iter().find_map(|it| it.engine().foreign_model().map(str::to_owned));
        warnings.extend(foreign.map(|stored| embedder_changed(&stored, &configured)));
    }
    let vector = match (vector, &memory.0.embedder, meanings) {
        // The first round has no use for it.
        _ if round == SURVEY || options.top_k == 0 => None,
        (Some(vector), ..) => Some(vector),
        (None, Some(embedder), _) => embed(&**embedder, &[text.to_owned()], Purpose::Query).await?.pop(),
        (None, None, meanings) => meanings.map(|meanings| meanings.table().embed(text)),
    };
    let query = Query {
        text: text.to_owned(),
        vector,
        today: Some(now.day()),
        limit: 0,
        threshold: shared.threshold(),
        weights: options.weights.clone(),
        explain: options.explain,
    };
    {
        let engines = lend(&reached, &options.reach)?;
        let engines: Vec<&Engine> = engines.iter().map(|engine| &**engine).collect();
        let sight = options.reach.sight(now);
        match round {
            SURVEY => {
                let warnings: Value = warnings.iter().map(wire::error).collect();
                out.text(&crate::json::text(&warnings));
                engine::survey(&engines, &query, &question, &sight)?.encode(out);
            }
            LEVELS => engine::levels(&engines, &query, &question, &sight, &shared)?.encode(out),
            _ => {
                let preceding = method == "context";
                engine::offers(&engines, &query, &question, &sight, &shared, preceding)?.encode(out);
            }
        }
    }
    memory.release(reached);
    Ok(())
}

/// The memories that a list, or what is asked of the entities, sees.
async fn list(
    memory: &Memory,
    round: u8,
    method: &str,
    arguments: &[Value],
    now: Timestamp,
    out: &mut Writer,
) -> Result<()> {
    let (reach, most, newest) = match round {
        LIST => {
            let list = wire::list_options(&Options::of(arguments.first().unwrap_or(&Value::Null))?)?;
            (list.reach, list.offset.saturating_add(list.limit), list.newest_first)
        }
        _ => (wire::Asked::of(method, arguments)?.reach, usize::MAX, false),
    };
    let reached = memory.reached(memory.partitions()?, &reach).await?;
    {
        let engines = lend(&reached, &reach)?;
        let engines: Vec<&Engine> = engines.iter().map(|engine| &**engine).collect();
        let time = reach.valid_at.or(reach.known_at).unwrap_or(now);
        let more = engine::write_list(&engines, &reach.sight(now), time, most, newest, out)?;
        out.varint(more as u64);
    }
    memory.release(reached);
    Ok(())
}
