//! Search over partitions that are in several places, in three rounds of messages, with the answer that one place with
//! all of them would give.
//!
//! First every place tells what it holds of the question, and the asker adds that up. Then each tells the best of its
//! signals by those sums. Then each ranks by the best of all, and offers its best memories. A place keeps nothing between
//! the rounds: it gathers anew what it told before.

use super::field::{Field, Related, Totals};
use super::fold::{self, Measure, shown};
use super::ranking::{Best, Ranked, Ranking, larger, pick};
use super::related::{Here, RELATED, Words, choose, other_readings, strengths};
use super::rounds::{Chosen, Levels, Offer, Offers, Shared, Survey, Word};
use super::search::{Explanation, Hit, Query, coverage, explain_terms, gather};
use super::{Engine, Sight, decode_record, no_beginning};
use crate::error::Result;
use crate::index::marks;
use crate::log::fold_record;
use crate::record::{MemoryId, Record};
use crate::retrieve::bm25::Statistics;
use crate::retrieve::question::Question;
use crate::retrieve::top::Candidate;
use crate::sorted::{order, sort};
use crate::text::Analyzer;
use crate::time::Day;

/// The first round: what these partitions hold of a question.
pub fn survey(engines: &[&Engine], query: &Query, question: &Question, sight: &Sight<'_>) -> Result<Survey> {
    let meanings = engines.first().and_then(|engine| engine.meanings.as_deref());
    let (mut fields, totals) = gather(engines, question, sight)?;
    let mut survey = Survey {
        table: meanings.is_some(),
        understands: engines.first().is_none_or(|engine| !engine.embeds_itself()),
        strengths: strengths(question, query, meanings),
        ..Survey::default()
    };
    let actors = fields.iter().flat_map(|field| field.seen.actors(field.layout));
    survey.named = question.all_named(actors);
    let mut here = Here::new(&mut fields, question)?;
    if let Some(first) = engines.first() {
        for (at, word) in other_readings(&first.analyzer, question, query, &totals) {
            survey.note(&here, at, word, 0.0, 0)?;
        }
    }
    for (at, term) in question.terms.iter().enumerate() {
        survey.note(&here, at, marks::cue(term), 0.0, 0)?;
        // A word that is among the nearest of all is among the nearest wherever it is.
        let (mut found, mut nth) = (0, 0);
        while found < RELATED
            && let Some((word, nearness)) = here.near(at, nth)
        {
            let row = here.row(at, nth);
            found += usize::from(survey.note(&here, at, word, nearness, row)?);
            nth += 1;
        }
    }
    (survey.terms, survey.pairs, survey.sessions) = (totals.terms, totals.pairs.frequencies, totals.sessions);
    Ok(survey)
}

impl Survey {
    /// Whether nothing is seen here at all.
    pub fn is_empty(&self) -> bool {
        self.terms.documents == 0
    }

    /// Notes a word, if any seen turn holds it.
    fn note(
        &mut self,
        here: &Here<'_, '_>,
        at: usize,
        word: String,
        nearness: f32,
        row: u32,
    ) -> Result<bool> {
        let frequency = here.frequency(at, &word)?;
        if frequency > 0 {
            self.words.push(Word { at, word, nearness, row, frequency });
        }
        Ok(frequency > 0)
    }
}

/// The second round: the best of each signal in these partitions.
pub fn levels(
    engines: &[&Engine],
    query: &Query,
    question: &Question,
    sight: &Sight<'_>,
    shared: &Shared,
) -> Result<Levels> {
    let (fields, totals) = gather_shared(engines, question, sight, shared)?;
    let mut scores = Vec::with_capacity(fields.len());
    for field in &fields {
        scores.push(field.scores(query, &shared.strengths, &totals)?);
    }
    Ok(Levels(Best::of(&fields, &scores)))
}

/// The third round: the best memories of these partitions; with what was said right before each, if that is asked for.
pub fn offers(
    engines: &[&Engine],
    query: &Query,
    question: &Question,
    sight: &Sight<'_>,
    shared: &Shared,
    preceding: bool,
) -> Result<Offers> {
    let (fields, totals) = gather_shared(engines, question, sight, shared)?;
    let ranking =
        Ranking::new(query, question, &shared.strengths, &totals, shared.best, shared.named.clone());
    let mut ranked: Vec<Ranked> = Vec::with_capacity(fields.len());
    let mut best = 0.0;
    for field in &fields {
        let scores = field.scores(query, &shared.strengths, &totals)?;
        let ranks = ranking.rank(field, scores);
        best = larger(best, ranks.best(field));
        ranked.push(ranks);
    }
    let mut offered = Offers { best, offers: vec![] };
    for candidate in pick(&fields, &ranked, &ranking, sight, shared.wanted)? {
        let Candidate { score: fused, timestamp, id, place: (index, statement) } = candidate;
        // The best rank of all is at least the one here, so the score will be at most this one.
        if shown(fused, best, shared.coverage) < shared.threshold {
            break;
        }
        let field = &fields[index];
        let address = field.layout.addresses[statement];
        let record = field.engine.parts[address.part as usize].record(address.doc).to_vec();
        let standing = field.engine.standing(&field.engine.read(address)?, sight)?;
        let mut offer = Offer { fused, timestamp, id, record, standing, ..Offer::default() };
        if query.explain {
            let mut explanation = Explanation::default();
            ranking.explain(field, &ranked[index], statement, &mut explanation);
            (offer.signals, offer.cosine) = (explanation.signals, explanation.cosine);
            offer.terms = explain_terms(field, query, question, &shared.strengths, &totals, statement);
        }
        offered.offers.push(offer);
    }
    if preceding {
        let ids: Vec<MemoryId> = offered.offers.iter().map(|it| MemoryId::from_bits(it.id)).collect();
        for engine in engines {
            for (id, address) in engine.preceding_at(&ids, sight)? {
                let record = engine.parts[address.part as usize].record(address.doc).to_vec();
                let of = offered.offers.iter_mut().filter(|it| it.id == id.bits());
                of.for_each(|offer| offer.before = Some(record.clone()));
            }
        }
    }
    Ok(offered)
}

/// Gathers what these partitions hold of a question, and of the words that stand for its terms in all partitions.
fn gather_shared<'a>(
    engines: &[&'a Engine],
    question: &Question,
    sight: &Sight<'_>,
    shared: &Shared,
) -> Result<(Vec<Field<'a>>, Totals)> {
    let (mut fields, _) = gather(engines, question, sight)?;
    let mut totals = shared.totals();
    for Chosen { at, word, share, frequency } in &shared.chosen {
        totals.related[*at].push(Related { share: *share, frequency: *frequency });
        for field in &mut fields {
            let list = field.postings(*at, word)?;
            field.related[*at].push(list);
        }
    }
    Ok((fields, totals))
}

impl Engine {
    /// A question as this partition reads it; its analyzer knows the words of earlier ones.
    pub fn question(&self, text: &str, today: Option<Day>) -> Question {
        Question::of(text, &self.analyzer, today)
    }
}

impl Shared {
    /// The score below which nothing is offered.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// The sums, without the words that stand for terms.
    fn totals(&self) -> Totals {
        let Statistics { documents, length, .. } = self.terms;
        Totals {
            pairs: Statistics { documents, length, frequencies: self.pairs.clone() },
            terms: self.terms.clone(),
            sessions: self.sessions.clone(),
            related: vec![vec![]; self.strengths.len()],
        }
    }
}

/// Who asks: puts together what the places tell.
pub struct Asker {
    analyzer: Analyzer,
    /// What is asked for.
    pub query: Query,
    /// The question, which is told to the places too.
    pub question: Question,
    understands: bool,
    shared: Shared,
}

/// A hit, and what was said right before it.
pub type HitAfter = (Hit, Option<Record>);

impl Asker {
    /// Before the first round.
    pub fn new(query: Query) -> Asker {
        let analyzer = Analyzer::default();
        let question = Question::of(&query.text, &analyzer, query.today);
        Asker { analyzer, question, query, understands: true, shared: Shared::default() }
    }

    /// After the first round: adds up what the places hold, and decides what else terms are looked for in. Returns what
    /// the second round asks with.
    pub fn surveyed(&mut self, surveys: &[Survey]) -> Result<&Shared> {
        let question = &self.question;
        // A place without the table counts words less well than one that has it.
        let Some(first) = surveys.iter().find(|it| it.table).or(surveys.first()) else {
            return Ok(&self.shared);
        };
        self.understands = first.understands;
        let mut totals = Totals::new(question);
        let mut named: Vec<&String> = Vec::new();
        for survey in surveys {
            add(&mut totals.terms, &survey.terms);
            add(&mut totals.sessions, &survey.sessions);
            let pairs = totals.pairs.frequencies.iter_mut().zip(&survey.pairs);
            pairs.for_each(|(total, &pairs)| *total += pairs);
            named.extend(&survey.named);
        }
        let mut told = Told { surveys, nearest: nearest(surveys, question.terms.len()), chosen: vec![] };
        choose(&self.analyzer, question, &self.query, &first.strengths, &mut totals, &mut told)?;
        self.shared = Shared {
            strengths: first.strengths.clone(),
            chosen: told.chosen,
            named: named.first().filter(|first| named.iter().all(|it| it == *first)).map(|it| it.to_string()),
            terms: totals.terms,
            pairs: totals.pairs.frequencies,
            sessions: totals.sessions,
            ..Shared::default()
        };
        Ok(&self.shared)
    }

    /// After the second round. Returns what the third round asks with.
    pub fn levelled(&mut self, levels: &[Levels]) -> &Shared {
        for level in levels {
            self.shared.best.merge(&level.0);
        }
        let totals = self.shared.totals();
        self.shared.coverage = coverage(&self.shared.best, &self.shared.strengths, &totals, self.understands);
        self.shared.wanted = fold::wanted(&self.query);
        self.shared.threshold = self.query.threshold;
        &self.shared
    }

    /// After the third round: the hits, or what to ask with again because too many memories say the same.
    pub fn offered(&mut self, all: Vec<Offers>) -> Result<std::result::Result<Vec<HitAfter>, &Shared>> {
        if self.query.limit == 0 {
            return Ok(Ok(vec![]));
        }
        let best = all.iter().fold(0.0, |best, offers| larger(best, offers.best));
        let mut offers: Vec<Offer> = all.into_iter().flat_map(|it| it.offers).collect();
        sort(&mut offers, |a, b| candidate(a).order(&candidate(b)));
        // What was said in two conversations may lie in two places under one id.
        let ids: Vec<u128> = offers.iter().map(|offer| offer.id).collect();
        let mut again = repeated(&ids).into_iter();
        offers.retain(|_| again.next() != Some(true));
        let exhausted = offers.len() < self.shared.wanted;
        offers.truncate(self.shared.wanted);
        let ranks: Vec<f32> = offers.iter().map(|offer| offer.fused).collect();
        let mut read = |at: usize| read_record(&offers[at].record);
        let mut tell = |at: usize, _: &Record, explanation: &mut Explanation| {
            let offer = &offers[at];
            (explanation.signals, explanation.cosine) = (offer.signals, offer.cosine);
            explanation.terms.clone_from(&offer.terms);
            Ok(offer.standing.clone())
        };
        let measure = Measure { best, coverage: self.shared.coverage };
        let hits = fold::fold(&self.query, measure, &ranks, exhausted, &mut read, &mut tell)?;
        let Some(hits) = hits else {
            self.shared.wanted = self.shared.wanted.saturating_mul(4);
            return Ok(Err(&self.shared));
        };
        let hits = fold::finish(&self.query, hits, &self.analyzer).into_iter();
        let after = |hit: Hit| {
            let offer = offers.iter().find(|offer| offer.id == hit.record.id.bits());
            let before = offer.and_then(|offer| offer.before.as_deref()).map(read_record).transpose()?;
            Ok((hit, before))
        };
        hits.map(after).collect::<Result<_>>().map(Ok)
    }
}

/// Which of these were there before.
pub(super) fn repeated(ids: &[u128]) -> Vec<bool> {
    let mut again = vec![false; ids.len()];
    let order = order(ids.len(), &|a, b| ids[a].cmp(&ids[b]));
    for pair in order.windows(2) {
        again[pair[1] as usize] = ids[pair[0] as usize] == ids[pair[1] as usize];
    }
    again
}

fn candidate(offer: &Offer) -> Candidate<()> {
    Candidate { score: offer.fused, timestamp: offer.timestamp, id: offer.id, place: () }
}

/// A memory of its record, as it travels.
pub(super) fn read_record(record: &[u8]) -> Result<Record> {
    fold_record(decode_record(record)?).ok_or_else(no_beginning)
}

fn add(total: &mut Statistics, other: &Statistics) {
    total.documents += other.documents;
    total.length += other.length;
    let frequencies = total.frequencies.iter_mut().zip(&other.frequencies);
    frequencies.for_each(|(total, &frequency)| *total += frequency);
}

/// Per question term, the nearest of all words that were told of, the nearest first.
fn nearest(surveys: &[Survey], terms: usize) -> Vec<Vec<&Word>> {
    let mut nearest: Vec<Vec<&Word>> = vec![vec![]; terms];
    for word in surveys.iter().flat_map(|it| &it.words).filter(|word| word.nearness > 0.0) {
        nearest[word.at].push(word);
    }
    for words in &mut nearest {
        sort(words, |a, b| b.nearness.total_cmp(&a.nearness).then(a.row.cmp(&b.row)));
        words.dedup_by_key(|word| word.row);
    }
    nearest
}

/// The words that places have told of.
struct Told<'a> {
    surveys: &'a [Survey],
    nearest: Vec<Vec<&'a Word>>,
    chosen: Vec<Chosen>,
}

impl Words for Told<'_> {
    fn take(&mut self, at: usize, word: &str, share: f32) -> Result<u64> {
        let told = |survey: &Survey| {
            let known = survey.words.iter().find(|known| known.at == at && known.word == word);
            known.map_or(0, |known| known.frequency)
        };
        let frequency = self.surveys.iter().map(told).sum();
        if frequency > 0 {
            self.chosen.push(Chosen { at, word: word.to_owned(), share, frequency });
        }
        Ok(frequency)
    }

    fn near(&mut self, at: usize, nth: usize) -> Option<(String, f32)> {
        self.nearest[at].get(nth).map(|word| (word.word.clone(), word.nearness))
    }
}
