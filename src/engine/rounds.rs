//! What places that hold partitions tell each other for one search, and how that is written.
//!
//! Every message is read to where it is understood: what a later version writes behind that is left alone, and the parts
//! of a list each have a length for the same reason. `docs/objects.md` describes them byte by byte.

use super::Standing;
use super::federated::read_record;
use super::ranking::Best;
use super::search::TermScore;
use crate::bytes::{Reader, Writer};
use crate::error::Result;
use crate::record::{MemoryId, Record};
use crate::retrieve::bm25::Statistics;
use crate::retrieve::question::Question;
use crate::retrieve::weights::{ADDED, Signal, Signals};
use crate::time::Timestamp;
use crate::vector::Quantized;

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

/// Writes a vector's codes and their scale.
pub fn write_codes(out: &mut Writer, codes: &[i8], scale: f32) {
    out.varint(codes.len() as u64);
    codes.iter().for_each(|&code| out.u8(code as u8));
    float(out, scale);
}

/// Reads what [`write_codes`] wrote.
pub fn read_codes(input: &mut Reader<'_>) -> Result<(Vec<i8>, f32)> {
    let codes = input.bytes()?.iter().map(|&code| code as i8).collect();
    Ok((codes, read_float(input)?))
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

/// Writes when a memory holds.
pub(super) fn write_standing(out: &mut Writer, standing: &Standing) {
    let Standing { from, until, superseded_by, supersedes } = standing;
    let flag = |there: bool, bit: u8| if there { bit } else { 0 };
    out.u8(flag(from.is_some(), 1) | flag(until.is_some(), 2) | flag(superseded_by.is_some(), 4));
    [from, until].into_iter().flatten().for_each(|time| out.signed(time.millis()));
    superseded_by.iter().for_each(|id| out.u128(id.bits()));
    out.varint(supersedes.len() as u64);
    supersedes.iter().for_each(|id| out.u128(id.bits()));
}

/// Reads when a memory holds.
pub(super) fn read_standing(input: &mut Reader<'_>) -> Result<Standing> {
    let there = input.u8()?;
    let mut standing = Standing::default();
    for (bit, time) in [(1, &mut standing.from), (2, &mut standing.until)] {
        if there & bit != 0 {
            *time = Some(Timestamp::clamped(input.signed()?));
        }
    }
    if there & 4 != 0 {
        standing.superseded_by = Some(MemoryId::from_bits(input.u128()?));
    }
    for _ in 0..input.varint()? {
        standing.supersedes.push(MemoryId::from_bits(input.u128()?));
    }
    Ok(standing)
}

/// What is read here, in errors.
pub(super) const MESSAGE: &str = "message of an object";

/// A part of a list: its length, then what `write` writes.
pub(super) fn part(out: &mut Writer, write: &dyn Fn(&mut Writer)) {
    let mut content = Writer::new();
    write(&mut content);
    out.bytes(&content.finish());
}

/// A place in a list of so many.
fn place(input: &mut Reader<'_>, len: usize) -> Result<usize> {
    let at = input.small()? as usize;
    if at < len { Ok(at) } else { Err(input.corrupt("it names a term that is not there")) }
}

fn float(out: &mut Writer, value: f32) {
    out.u32(value.to_bits());
}

fn read_float(input: &mut Reader<'_>) -> Result<f32> {
    Ok(f32::from_bits(input.u32()?))
}

fn floats(out: &mut Writer, values: &[f32]) {
    out.varint(values.len() as u64);
    values.iter().for_each(|&value| float(out, value));
}

fn read_floats(input: &mut Reader<'_>, len: usize) -> Result<Vec<f32>> {
    counted(input, len)?;
    let mut values = vec![0.0; len];
    for value in &mut values {
        *value = read_float(input)?;
    }
    Ok(values)
}

fn numbers(out: &mut Writer, values: &[u64]) {
    out.varint(values.len() as u64);
    values.iter().for_each(|&value| out.varint(value));
}

fn read_numbers(input: &mut Reader<'_>, len: usize) -> Result<Vec<u64>> {
    counted(input, len)?;
    let mut values = vec![0; len];
    for value in &mut values {
        *value = input.varint()?;
    }
    Ok(values)
}

/// There must be as many values as the question has terms, or pairs.
fn counted(input: &mut Reader<'_>, len: usize) -> Result<()> {
    match input.varint()? == len as u64 {
        true => Ok(()),
        false => Err(input.corrupt("it is about another question")),
    }
}

fn statistics(out: &mut Writer, of: &Statistics) {
    out.varint(of.documents);
    out.varint(of.length);
    numbers(out, &of.frequencies);
}

fn read_statistics(input: &mut Reader<'_>, terms: usize) -> Result<Statistics> {
    let (documents, length) = (input.varint()?, input.varint()?);
    Ok(Statistics { documents, length, frequencies: read_numbers(input, terms)? })
}
