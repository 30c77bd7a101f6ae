//! The turns of a partition in the order in which they were said: by conversation, then by number.
//!
//! Parts keep documents in the order of their arrival, and a memory that changes moves to the head. Ranking looks
//! at neighbours, so it works on these positions, and what is found does not depend on where documents lie.
//! Derived from the parts; worked out when a search first needs it after a change that cannot be appended.

use std::collections::HashMap;

use edgemem_kernels::turns::{ENDS_ASKING, Mark, TIMED, Turns, join};
use foldhash::quality::FixedState;

use super::Address;
use crate::index::columns::{Columns, RETRACTED, rating};
use crate::index::part::Part;
use crate::record::Actor;
use crate::scope::Scope;
use crate::sorted::order;
use crate::text::Cues;
use crate::time::Timestamp;

/// The position of a document that is dead or retracted.
pub(super) const NOWHERE: u32 = u32::MAX;

/// A turn with more content words than this takes less from its neighbours: a long turn speaks for itself.
const LONG_TURN: u32 = 25;

/// All living turns, in parallel arrays by position.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub addresses: Vec<Address>,
    pub conversations: Vec<u32>,
    pub sequences: Vec<u32>,
    pub marks: Vec<Mark>,
    /// Field norms.
    pub lengths: Vec<u16>,
    /// When each was said, in days since 1970.
    pub days: Vec<i32>,
    /// Indexes into [`Layout::actors`].
    pub speakers: Vec<u16>,
    /// Turns of which somebody thinks well or ill, with their ratings.
    pub rated: Vec<(u32, i32)>,
    /// Who speaks in the partition.
    pub actors: Vec<Actor>,
    /// Terms of all turns of each conversation.
    pub conversation_lengths: Vec<u32>,
    /// Per part and document, its position.
    positions: Vec<Vec<u32>>,
    names: HashMap<(String, Scope), u32, FixedState>,
    speaker_of: HashMap<Actor, u16, FixedState>,
}

impl Layout {
    /// The layout of these parts.
    pub fn of(parts: &[Part]) -> Layout {
        let mut layout = Layout::default();
        // Conversation, number, id and address of every living document.
        let mut turns: Vec<(u32, u32, Address)> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let mut groups: HashMap<(u32, u32), u32, FixedState> = HashMap::default();
            layout.positions.push(vec![NOWHERE; part.len() as usize]);
            for doc in (0..part.len()).filter(|&doc| part.is_remembered(doc)) {
                let columns = part.columns(doc);
                let place = (columns.conversation, columns.scope);
                let group = *groups.entry(place).or_insert_with(|| layout.conversation(part, &columns));
                turns.push((group, columns.sequence, Address { part: index as u32, doc }));
            }
        }
        let key = |at: usize| (turns[at].0, turns[at].1);
        let id = |at: usize| parts[turns[at].2.part as usize].id(turns[at].2.doc);
        // Documents mostly arrive as they are said, and then nothing is to be sorted.
        let sorted = (1..turns.len()).all(|at| key(at - 1) < key(at));
        let by_turn: Vec<u32> = if sorted {
            (0..turns.len() as u32).collect()
        } else {
            order(turns.len(), &|a, b| key(a).cmp(&key(b)).then_with(|| id(a).cmp(&id(b))))
        };
        for at in by_turn {
            let (conversation, _, address) = turns[at as usize];
            layout.push(&parts[address.part as usize], address, conversation);
        }
        layout
    }

    /// Appends a document that was just added to the head, if it is the newest of its conversation and that
    /// is the last one here. Otherwise returns false, and the layout has to be made anew.
    pub fn append(&mut self, part: &Part, address: Address) -> bool {
        let columns = part.columns(address.doc);
        let fits = match self.names.get(&key(part, &columns)) {
            None => true,
            Some(known) => {
                self.conversations.last() == Some(known)
                    && self.sequences.last().is_some_and(|&last| last < columns.sequence)
            }
        };
        let Some(positions) = self.positions.get_mut(address.part as usize) else { return false };
        if !fits || positions.len() != address.doc as usize {
            return false;
        }
        positions.push(NOWHERE);
        if columns.flags & RETRACTED == 0 {
            let conversation = self.conversation(part, &columns);
            self.push(part, address, conversation);
        }
        true
    }

    fn conversation(&mut self, part: &Part, columns: &Columns) -> u32 {
        let key = key(part, columns);
        if let Some(&known) = self.names.get(&key) {
            return known;
        }
        let number = self.conversation_lengths.len() as u32;
        self.names.insert(key, number);
        self.conversation_lengths.push(0);
        number
    }

    fn speaker(&mut self, actor: Option<&Actor>) -> u16 {
        let actor = actor.cloned().unwrap_or_default();
        if let Some(&known) = self.speaker_of.get(&actor) {
            return known;
        }
        // More speakers than that in one partition are told apart no further.
        let number = u16::try_from(self.actors.len()).unwrap_or(u16::MAX);
        if number < u16::MAX {
            self.actors.push(actor.clone());
            self.speaker_of.insert(actor, number);
        }
        number
    }

    fn push(&mut self, part: &Part, address: Address, conversation: u32) {
        let columns = part.columns(address.doc);
        let cues = Cues::from_bits(columns.cues);
        let speaker = self.speaker(part.tables().speakers.get(columns.speaker));
        self.positions[address.part as usize][address.doc as usize] = self.len() as u32;
        if rating(columns.flags) != 0 {
            self.rated.push((self.len() as u32, rating(columns.flags)));
        }
        self.addresses.push(address);
        self.conversations.push(conversation);
        self.sequences.push(columns.sequence);
        self.marks.push(Mark {
            gate: (255 * LONG_TURN / cues.content().max(LONG_TURN)) as u8,
            informative: cues.informative() as u8,
            questions: (cues.asking() * 255.0) as u8,
            flags: if cues.ends_asking() { ENDS_ASKING } else { 0 } | if cues.timed() { TIMED } else { 0 },
        });
        join(&self.conversations, &self.sequences, &mut self.marks);
        self.lengths.push(part.length(address.doc) as u16);
        self.days.push(Timestamp::clamped(columns.timestamp).day().number());
        self.speakers.push(speaker);
        self.conversation_lengths[conversation as usize] += part.length(address.doc);
    }

    /// How many turns there are.
    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    /// The positions of a part's documents.
    pub fn positions(&self, part: usize) -> &[u32] {
        self.positions.get(part).map_or(&[], Vec::as_slice)
    }

    /// The neighbourhood of the turns, for the kernels.
    pub fn turns(&self) -> Turns<'_> {
        Turns { conversations: &self.conversations, sequences: &self.sequences, marks: &self.marks }
    }

    /// Bytes in memory, without names.
    pub fn resident(&self) -> usize {
        let by_document: usize = self.positions.iter().map(|part| part.len() * size_of::<u32>()).sum();
        let by_turn = size_of::<Address>() + size_of::<Mark>() + 3 * size_of::<u32>() + 2 * size_of::<u16>();
        by_document + self.len() * by_turn
    }
}

/// What makes a conversation here: its name, and whom its turns belong to. Turns of one conversation that belong to
/// different scopes count apart, so that none that a request may not see stands between those that it may.
fn key(part: &Part, columns: &Columns) -> (String, Scope) {
    let tables = part.tables();
    let name = tables.conversations.get(columns.conversation).cloned().unwrap_or_default();
    (name, tables.scopes.get(columns.scope).cloned().unwrap_or_default())
}
