//! The statements of a partition in the order in which they were said, and the turns that they make up: by
//! conversation, then by number.
//!
//! Parts keep documents in the order of their arrival, and a memory that changes moves to the head. Ranking looks
//! at neighbours, so it works on these positions, and what is found does not depend on where documents lie.
//! A turn is one message: its statements share its number, its time and its speaker, and are ranked as what they
//! are together, however many they are.
//! Derived from the parts; worked out when a search first needs it after a change that cannot be appended.

use std::collections::HashMap;
use std::ops::Range;

use edgemem_kernels::turns::{ENDS_ASKING, Mark, TIMED, join};
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

/// All living statements and their turns, in parallel arrays by position.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// By statement, as is the next; the others are by turn.
    pub addresses: Vec<Address>,
    turn_of: Vec<u32>,
    /// The first statement of each turn.
    firsts: Vec<u32>,
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
    /// Per part and document, its position among the statements.
    positions: Vec<Vec<u32>>,
    /// The last turn, which the next statement may belong to.
    last: (Key, Sum),
    names: HashMap<(String, Scope), u32, FixedState>,
    speaker_of: HashMap<Actor, u16, FixedState>,
}

/// Where a statement stands in its conversation: the number of its turn, when that was said, and when the statement
/// was learnt. Devices that knew nothing of each other can give one number to two turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    sequence: u32,
    timestamp: i64,
    born: u64,
}

impl Key {
    fn of(columns: &Columns) -> Key {
        Key { sequence: columns.sequence, timestamp: columns.timestamp, born: columns.born }
    }

    fn is_turn_of(self, other: Key) -> bool {
        (self.sequence, self.timestamp) == (other.sequence, other.timestamp)
    }
}

/// What the statements of one turn add up to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    length: u32,
    content: u32,
    informative: u32,
    /// The statements with sentences, and of each the share of questions among them.
    sentences: u32,
    asking: f32,
    flags: u8,
}

impl Sum {
    /// Adds the next statement.
    pub fn add(&mut self, part: &Part, doc: u32) {
        let cues = Cues::from_bits(part.columns(doc).cues);
        self.length += part.length(doc);
        self.content += cues.content();
        self.informative += cues.informative();
        self.flags |= if cues.timed() { TIMED } else { 0 };
        if !cues.aside() {
            self.sentences += 1;
            self.asking += cues.asking();
            // Only what ends the whole message is answered by the next one.
            self.flags = self.flags & TIMED | if cues.ends_asking() { ENDS_ASKING } else { 0 };
        }
    }

    /// The field norm of the turn.
    pub fn length(&self) -> u16 {
        if self.length < u32::from(u16::MAX) { self.length as u16 } else { u16::MAX }
    }

    /// What the turn is like.
    pub fn mark(&self) -> Mark {
        let sentences = if self.sentences > 0 { self.sentences as f32 } else { 1.0 };
        let long = if self.content > LONG_TURN { self.content } else { LONG_TURN };
        Mark {
            gate: (255 * LONG_TURN / long) as u8,
            informative: if self.informative < 255 { self.informative as u8 } else { 255 },
            questions: (self.asking / sentences * 255.0) as u8,
            flags: self.flags,
        }
    }
}

impl Layout {
    /// The layout of these parts.
    pub fn of(parts: &[Part]) -> Layout {
        let mut layout = Layout::default();
        let mut said: Vec<(u32, Key, Address)> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let mut groups: HashMap<(u32, u32), u32, FixedState> = HashMap::default();
            layout.positions.push(vec![NOWHERE; part.len() as usize]);
            for doc in (0..part.len()).filter(|&doc| part.is_remembered(doc)) {
                let columns = part.columns(doc);
                let place = (columns.conversation, columns.scope);
                let group = *groups.entry(place).or_insert_with(|| layout.conversation(part, &columns));
                said.push((group, Key::of(&columns), Address { part: index as u32, doc }));
            }
        }
        let key = |at: usize| (said[at].0, said[at].1);
        let id = |at: usize| parts[said[at].2.part as usize].id(said[at].2.doc);
        // Documents mostly arrive as they are said, and then nothing is to be sorted.
        let sorted = (1..said.len()).all(|at| key(at - 1) < key(at));
        let in_order: Vec<u32> = if sorted {
            (0..said.len() as u32).collect()
        } else {
            order(said.len(), &|a, b| key(a).cmp(&key(b)).then_with(|| id(a).cmp(&id(b))))
        };
        for at in in_order {
            let (conversation, _, address) = said[at as usize];
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
                self.conversations.last() == Some(known) && {
                    let (last, next) = (self.last.0, Key::of(&columns));
                    last.sequence < next.sequence || last.is_turn_of(next) && last.born < next.born
                }
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
        let key = Key::of(&columns);
        let speaker = self.speaker(part.tables().speakers.get(columns.speaker));
        self.positions[address.part as usize][address.doc as usize] = self.addresses.len() as u32;
        self.conversation_lengths[conversation as usize] += part.length(address.doc);
        let continues = self.conversations.last() == Some(&conversation)
            && self.speakers.last() == Some(&speaker)
            && self.last.0.is_turn_of(key);
        if !continues {
            self.last.1 = Sum::default();
            self.firsts.push(self.addresses.len() as u32);
            self.conversations.push(conversation);
            self.sequences.push(columns.sequence);
            self.marks.push(Mark::default());
            join(&self.conversations, &self.sequences, &mut self.marks);
            self.lengths.push(0);
            self.days.push(Timestamp::clamped(columns.timestamp).day().number());
            self.speakers.push(speaker);
        }
        let turn = self.len() - 1;
        if rating(columns.flags) != 0 {
            self.rated.push((turn as u32, rating(columns.flags)));
        }
        self.turn_of.push(turn as u32);
        self.addresses.push(address);
        self.last.0 = key;
        self.last.1.add(part, address.doc);
        self.lengths[turn] = self.last.1.length();
        self.marks[turn] = self.marks[turn].told(self.last.1.mark());
    }

    /// How many turns there are.
    pub fn len(&self) -> usize {
        self.firsts.len()
    }

    /// Whether every turn is one statement, so that both have the same positions.
    pub fn is_plain(&self) -> bool {
        self.firsts.len() == self.addresses.len()
    }

    /// The turn of a statement.
    pub fn turn_of(&self, statement: usize) -> usize {
        self.turn_of[statement] as usize
    }

    /// The statements of a turn.
    pub fn statements(&self, turn: usize) -> Range<usize> {
        let end = self.firsts.get(turn + 1).map_or(self.addresses.len(), |&end| end as usize);
        self.firsts[turn] as usize..end
    }

    /// The positions of a part's documents among the statements.
    pub fn positions(&self, part: usize) -> &[u32] {
        self.positions.get(part).map_or(&[], Vec::as_slice)
    }

    /// Bytes in memory, without names.
    pub fn resident(&self) -> usize {
        let by_document: usize = self.positions.iter().map(|part| part.len() * size_of::<u32>()).sum();
        let by_statement = size_of::<Address>() + size_of::<u32>();
        let by_turn = size_of::<Mark>() + 4 * size_of::<u32>() + 2 * size_of::<u16>();
        by_document + self.addresses.len() * by_statement + self.len() * by_turn
    }
}

/// What makes a conversation here: its name, and whom its turns belong to. Turns of one conversation that belong to
/// different scopes count apart, so that none that a request may not see stands between those that it may.
fn key(part: &Part, columns: &Columns) -> (String, Scope) {
    let tables = part.tables();
    let name = tables.conversations.get(columns.conversation).cloned().unwrap_or_default();
    (name, tables.scopes.get(columns.scope).cloned().unwrap_or_default())
}
