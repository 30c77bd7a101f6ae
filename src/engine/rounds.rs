//! What places that hold partitions tell each other for one search, and how that is written.
//!
//! Every message is read to where it is understood: what a later version writes behind that is left alone, and the parts
//! of a list each have a length for the same reason. `docs/objects.md` describes them byte by byte.

mod parts;

use super::Standing;
use super::federated::read_record;
use super::ranking::Best;
use super::search::TermScore;
use crate::bytes::{Reader, Writer};
use crate::error::Result;
use crate::record::Record;
use crate::retrieve::bm25::Statistics;
use crate::retrieve::question::Question;
use crate::retrieve::weights::{ADDED, Signal, Signals};
use crate::vector::Quantized;

pub(super) use parts::{MESSAGE, part, read_standing, write_standing};
use parts::{
    float, floats, numbers, place, read_float, read_floats, read_numbers, read_statistics, statistics,
};
pub use parts::{read_codes, write_codes};

/// The first round's answer: what is seen of a question here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// Whether there is a token table here.
    pub table: bool,
    /// Whether vectors are those of an embedder, and not of the token table.
    pub understands: bool,
    /// Speakers whom the question names, at most two.
    pub named: Vec<String>,
    /// How much each question term counts.
    pub strengths: Vec<f32>,
    pub(super) terms: Statistics,
    pub(super) pairs: Vec<u64>,
    pub(super) sessions: Statistics,
    pub(super) words: Vec<Word>,
}

/// A word that may stand for a question term.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Word {
    /// The question term.
    pub at: usize,
    pub word: String,
    /// How near it is in meaning, and its place among words that are as near; 0 for one that is looked for anyway.
    pub nearness: f32,
    pub row: u32,
    /// In how many seen turns it is.
    pub frequency: u64,
}

/// A word that stands for a question term, in all partitions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chosen {
    pub at: usize,
    pub word: String,
    pub share: f32,
    pub frequency: u64,
}

/// What all places together know of a question: told with the second round, and with the third.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shared {
    pub(super) strengths: Vec<f32>,
    pub(super) terms: Statistics,
    pub(super) pairs: Vec<u64>,
    pub(super) sessions: Statistics,
    pub(super) chosen: Vec<Chosen>,
    pub(super) named: Option<String>,
    /// The best of each signal; nothing in the second round.
    pub(super) best: Best,
    pub(super) coverage: f32,
    /// What the third round asks for: so many of the best, with a score of so much.
    pub(super) wanted: usize,
    pub(super) threshold: f32,
}

/// The second round's answer: the best of each signal here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Levels(pub(super) Best);

/// The third round's answer: the best rank here, and the best memories.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offers {
    pub(super) best: f32,
    pub(super) offers: Vec<Offer>,
}

/// When a memory holds, if it is to be shown.
pub type Verdict = Option<Standing>;

/// A memory that may be a hit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Offer {
    pub fused: f32,
    pub timestamp: i64,
    pub id: u128,
    /// Its record, and that of what was said right before it.
    pub record: Vec<u8>,
    pub before: Option<Vec<u8>>,
    pub standing: Standing,
    pub signals: Signals,
    pub cosine: Option<f32>,
    pub terms: Vec<TermScore>,
}

/// Writes what a question is made of, so that all places look for the same whatever their version reads in it.
pub fn write_question(question: &Question, vector: Option<&Quantized>, out: &mut Writer) {
    out.varint(question.terms.len() as u64);
    for (term, &weak) in question.terms.iter().zip(&question.weak) {
        out.text(term);
        out.u8(u8::from(weak));
    }
    out.varint(question.pairs.len() as u64);
    for &(first, second) in &question.pairs {
        out.varint(first as u64);
        out.varint(second as u64);
    }
    out.u8(u8::from(vector.is_some()));
    if let Some(vector) = vector {
        write_codes(out, vector.codes(), vector.scale());
    }
}

/// Reads what [`write_question`] wrote into a question of the same text.
pub fn read_question(question: &mut Question, input: &mut Reader<'_>) -> Result<Option<Quantized>> {
    let (terms, weak, pairs) = (&mut question.terms, &mut question.weak, &mut question.pairs);
    (*terms, *weak, *pairs) = (vec![], vec![], vec![]);
    for _ in 0..input.varint()? {
        terms.push(input.text()?.to_owned());
        weak.push(input.u8()? != 0);
    }
    for _ in 0..input.varint()? {
        pairs.push((place(input, terms.len())?, place(input, terms.len())?));
    }
    if input.u8()? == 0 {
        return Ok(None);
    }
    let (codes, scale) = read_codes(input)?;
    Ok(Some(Quantized::of(codes, scale)?))
}

const TABLE: u8 = 1;
const UNDERSTANDS: u8 = 2;

impl Survey {
    /// The message.
    pub fn encode(&self, out: &mut Writer) {
        out.u8((u8::from(self.table) * TABLE) | (u8::from(self.understands) * UNDERSTANDS));
        out.varint(self.named.len() as u64);
        self.named.iter().for_each(|name| out.text(name));
        floats(out, &self.strengths);
        statistics(out, &self.terms);
        numbers(out, &self.pairs);
        statistics(out, &self.sessions);
        out.varint(self.words.len() as u64);
        for Word { at, word, nearness, row, frequency } in &self.words {
            part(out, &|out| {
                out.varint(*at as u64);
                out.text(word);
                float(out, *nearness);
                out.varint(u64::from(*row));
                out.varint(*frequency);
            });
        }
    }

    /// Reads the message about a question.
    pub fn decode(input: &mut Reader<'_>, question: &Question) -> Result<Survey> {
        let (terms, pairs) = (question.terms.len(), question.pairs.len());
        let flags = input.u8()?;
        let mut survey =
            Survey { table: flags & TABLE != 0, understands: flags & UNDERSTANDS != 0, ..Survey::default() };
        for _ in 0..input.varint()? {
            survey.named.push(input.text()?.to_owned());
        }
        survey.strengths = read_floats(input, terms)?;
        survey.terms = read_statistics(input, terms)?;
        survey.pairs = read_numbers(input, pairs)?;
        survey.sessions = read_statistics(input, terms)?;
        for _ in 0..input.varint()? {
            let mut input = Reader::new(input.bytes()?, MESSAGE);
            survey.words.push(Word {
                at: place(&mut input, terms)?,
                word: input.text()?.to_owned(),
                nearness: read_float(&mut input)?,
                row: input.small()?,
                frequency: input.varint()?,
            });
        }
        Ok(survey)
    }
}

impl Shared {
    /// The message.
    pub fn encode(&self, out: &mut Writer) {
        floats(out, &self.strengths);
        statistics(out, &self.terms);
        numbers(out, &self.pairs);
        statistics(out, &self.sessions);
        out.varint(self.chosen.len() as u64);
        for Chosen { at, word, share, frequency } in &self.chosen {
            part(out, &|out| {
                out.varint(*at as u64);
                out.text(word);
                float(out, *share);
                out.varint(*frequency);
            });
        }
        out.optional(self.named.as_deref());
        Levels(self.best).encode(out);
        float(out, self.coverage);
        out.varint(self.wanted as u64);
        float(out, self.threshold);
    }

    /// Reads the message about a question.
    pub fn decode(input: &mut Reader<'_>, question: &Question) -> Result<Shared> {
        let (terms, pairs) = (question.terms.len(), question.pairs.len());
        let mut shared = Shared {
            strengths: read_floats(input, terms)?,
            terms: read_statistics(input, terms)?,
            pairs: read_numbers(input, pairs)?,
            sessions: read_statistics(input, terms)?,
            ..Shared::default()
        };
        for _ in 0..input.varint()? {
            let mut input = Reader::new(input.bytes()?, MESSAGE);
            shared.chosen.push(Chosen {
                at: place(&mut input, terms)?,
                word: input.text()?.to_owned(),
                share: read_float(&mut input)?,
                frequency: input.varint()?,
            });
        }
        shared.named = input.optional()?.map(str::to_owned);
        shared.best = Levels::decode(input)?.0;
        shared.coverage = read_float(input)?;
        shared.wanted = input.small()? as usize;
        shared.threshold = read_float(input)?;
        Ok(shared)
    }
}

impl Levels {
    /// The message.
    pub fn encode(&self, out: &mut Writer) {
        let Best { keyword, pairs, session, lowest, cosine, users, assistants } = self.0;
        floats(out, &[keyword, pairs, session, lowest, cosine]);
        out.u8(u8::from(users) | u8::from(assistants) << 1);
    }

    /// Reads the message.
    pub fn decode(input: &mut Reader<'_>) -> Result<Levels> {
        let all = read_floats(input, 5)?;
        let spoken = input.u8()?;
        Ok(Levels(Best {
            keyword: all[0],
            pairs: all[1],
            session: all[2],
            lowest: all[3],
            cosine: all[4],
            users: spoken & 1 != 0,
            assistants: spoken & 2 != 0,
        }))
    }
}

impl Offers {
    /// The records of the memories.
    pub fn records(&self) -> Vec<&[u8]> {
        self.offers.iter().map(|offer| offer.record.as_slice()).collect()
    }

    /// Leaves out what does not hold, by this verdict.
    pub fn settle(&mut self, verdict: &dyn Fn(&Record) -> Result<Option<Verdict>>) -> Result<()> {
        for mut offer in std::mem::take(&mut self.offers) {
            let verdict = verdict(&read_record(&offer.record)?)?;
            if verdict.is_none() {
                self.offers.push(offer);
            } else if let Some(Some(standing)) = verdict {
                offer.standing = standing;
                self.offers.push(offer);
            }
        }
        Ok(())
    }

    /// The message.
    pub fn encode(&self, out: &mut Writer) {
        float(out, self.best);
        out.varint(self.offers.len() as u64);
        for offer in &self.offers {
            part(out, &|out| offer.encode(out));
        }
    }

    /// Reads the message about a question.
    pub fn decode(input: &mut Reader<'_>, question: &Question) -> Result<Offers> {
        let mut offers = Offers { best: read_float(input)?, offers: vec![] };
        for _ in 0..input.varint()? {
            let mut input = Reader::new(input.bytes()?, MESSAGE);
            offers.offers.push(Offer::decode(&mut input, question)?);
        }
        Ok(offers)
    }
}

impl Offer {
    fn encode(&self, out: &mut Writer) {
        float(out, self.fused);
        out.signed(self.timestamp);
        out.u128(self.id);
        out.bytes(&self.record);
        out.bytes(self.before.as_deref().unwrap_or_default());
        write_standing(out, &self.standing);
        out.varint(ADDED as u64);
        Signal::ALL[..ADDED].iter().for_each(|&signal| float(out, self.signals.of(signal)));
        // No cosine is below -1.
        float(out, self.cosine.unwrap_or(-2.0));
        out.varint(self.terms.len() as u64);
        for it in &self.terms {
            out.text(&it.term);
            floats(out, &[it.idf, it.score, it.with_context]);
            out.varint(u64::from(it.frequency));
        }
    }

    fn decode(input: &mut Reader<'_>, question: &Question) -> Result<Offer> {
        let mut offer = Offer {
            fused: read_float(input)?,
            timestamp: input.signed()?,
            id: input.u128()?,
            record: input.bytes()?.to_vec(),
            before: Some(input.bytes()?.to_vec()).filter(|before| !before.is_empty()),
            standing: read_standing(input)?,
            ..Offer::default()
        };
        // A later version may have more signals, an earlier one fewer.
        let count = input.varint()?;
        for at in 0..count {
            let value = read_float(input)?;
            if let Some(&signal) = Signal::ALL[..ADDED].get(at as usize) {
                offer.signals.set(signal, value);
            }
        }
        offer.cosine = Some(read_float(input)?).filter(|&cosine| cosine >= -1.0);
        for _ in 0..input.varint()? {
            let term = input.text()?.to_owned();
            let all = read_floats(input, 3)?;
            let (idf, score, with_context) = (all[0], all[1], all[2]);
            if offer.terms.len() < question.terms.len() {
                offer.terms.push(TermScore { term, idf, frequency: input.small()?, score, with_context });
            }
        }
        Ok(offer)
    }
}
