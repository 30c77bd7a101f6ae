//! Which conversation a message belongs to, and its number in it.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use foldhash::quality::FixedState;

use crate::record::Place;
use crate::scope::Scope;
use crate::time::Timestamp;

/// Messages of one scope that are closer than this belong to one implied conversation, in ms.
const SAME_CONVERSATION: i64 = 30 * 60 * 1000;

/// Names of implied conversations begin with this; given ones with [`GIVEN`], runs' with [`RUN`].
const IMPLIED: &str = "i:";
/// Before the name that a caller gave.
pub const GIVEN: &str = "c:";
/// Before the id of a run.
pub const RUN: &str = "r:";

/// Everything that is needed to place the next message.
#[derive(Debug, Default)]
pub struct Conversations {
    /// Per scope and conversation, the number of the next message. By scope, so that messages which a request may
    /// not see make no gaps among those that it may.
    next: HashMap<Scope, HashMap<String, u32, FixedState>, FixedState>,
    /// Per scope, implied conversations in the order of their first messages.
    implied: HashMap<Scope, Vec<Span>, FixedState>,
}

#[derive(Debug)]
struct Span {
    first: i64,
    last: i64,
    name: String,
}

impl Conversations {
    /// Takes note of placed messages of one conversation, from the log or just planned: the greatest number
    /// among them, and the time that they span.
    pub fn observe(&mut self, conversation: &str, scope: &Scope, sequence: u32, span: RangeInclusive<i64>) {
        if !self.next.contains_key(scope) {
            self.next.insert(scope.clone(), HashMap::default());
        }
        let Some(numbers) = self.next.get_mut(scope) else { return };
        match numbers.get_mut(conversation) {
            Some(next) => *next = (*next).max(sequence.saturating_add(1)),
            None => {
                numbers.insert(conversation.to_owned(), sequence.saturating_add(1));
            }
        }
        if conversation.starts_with(IMPLIED) {
            self.stretch(conversation, scope, span);
        }
    }

    /// A message may have been said long before or after all others of its conversation: its time can be set later. What
    /// was said in between is none of that conversation, so it then spans several times.
    fn stretch(&mut self, name: &str, scope: &Scope, span: RangeInclusive<i64>) {
        if !self.implied.contains_key(scope) {
            self.implied.insert(scope.clone(), vec![]);
        }
        let Some(spans) = self.implied.get_mut(scope) else { return };
        let (mut first, mut last) = span.into_inner();
        let goes_on = |span: &Span| span.name == name && first <= span.last.saturating_add(SAME_CONVERSATION);
        if let Some(at) = near(spans, last).filter(|&at| goes_on(&spans[at])) {
            let known = spans.remove(at);
            (first, last) = (first.min(known.first), last.max(known.last));
        }
        let at = spans.partition_point(|span| span.first <= first);
        spans.insert(at, Span { first, last, name: name.to_owned() });
    }

    /// The place of the next message: in the conversation that was given, else the run's, else the implied
    /// one of this scope and time, which is begun with `fresh` as its name if there is none.
    pub fn place(
        &mut self,
        given: Option<&str>,
        run: Option<&str>,
        scope: &Scope,
        at: Timestamp,
        fresh: u64,
    ) -> Place {
        let conversation = match (given, run) {
            (Some(given), _) => format!("{GIVEN}{given}"),
            (None, Some(run)) => format!("{RUN}{run}"),
            (None, None) => {
                self.implied_at(scope, at.millis()).unwrap_or_else(|| format!("{IMPLIED}{fresh:016x}"))
            }
        };
        let numbers = self.next.get(scope);
        let sequence = numbers.and_then(|numbers| numbers.get(&conversation)).copied().unwrap_or(0);
        self.observe(&conversation, scope, sequence, at.millis()..=at.millis());
        Place { conversation, sequence }
    }

    fn implied_at(&self, scope: &Scope, at: i64) -> Option<String> {
        let spans = self.implied.get(scope)?;
        let span = &spans[near(spans, at)?];
        (at <= span.last.saturating_add(SAME_CONVERSATION)).then(|| span.name.clone())
    }
}

/// The last of these conversations that begins before `at` or soon after it.
fn near(spans: &[Span], at: i64) -> Option<usize> {
    spans.partition_point(|span| span.first <= at.saturating_add(SAME_CONVERSATION)).checked_sub(1)
}

/// Whether a message of a conversation was said at quite another time than others of it.
pub fn is_apart(conversation: &str, at: i64, others: RangeInclusive<i64>) -> bool {
    let (first, last) = others.into_inner();
    conversation.starts_with(IMPLIED)
        && (at.saturating_add(SAME_CONVERSATION) < first || last.saturating_add(SAME_CONVERSATION) < at)
}

/// A conversation's name as the caller knows it; `None` for an implied one.
pub fn shown(conversation: &str) -> Option<&str> {
    conversation.strip_prefix(GIVEN).or_else(|| conversation.strip_prefix(RUN))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn messages_close_in_time_share_an_implied_conversation() {
        let mut all = Conversations::default();
        let (ann, bob) = (Scope::user("ann"), Scope::user("bob"));
        let mut place = |scope: &Scope, minute: i64, fresh: u64| {
            let place = all.place(None, None, scope, Timestamp::clamped(minute * MINUTE), fresh);
            (place.conversation, place.sequence)
        };
        let first = place(&ann, 0, 1);
        assert_eq!(first.1, 0);
        assert_eq!(place(&ann, 29, 2), (first.0.clone(), 1));
        assert_eq!(place(&ann, 58, 3), (first.0.clone(), 2), "counted from the last message");
        assert_ne!(place(&ann, 89, 4).0, first.0, "31 minutes later");
        assert_ne!(place(&bob, 0, 5).0, first.0, "another scope");
        assert_eq!(place(&ann, -20, 6), (first.0.clone(), 3), "an older message that is imported later");
        assert_eq!(place(&ann, -45, 7), (first.0, 4), "and the conversation now begins earlier");
    }

    #[test]
    fn a_message_whose_time_is_set_later_does_not_stretch_its_conversation() {
        for minute in [-10_000, 10_000] {
            let mut all = Conversations::default();
            let scope = Scope::user("ann");
            let place = |all: &mut Conversations, minute: i64, fresh: u64| {
                all.place(None, None, &scope, Timestamp::clamped(minute * MINUTE), fresh)
            };
            let first = place(&mut all, 0, 1);
            let at = minute * MINUTE;
            all.observe(&first.conversation, &scope, first.sequence, at..=at);
            assert_ne!(place(&mut all, minute / 2, 2).conversation, first.conversation, "said in between");
            let later = place(&mut all, 20, 3);
            assert_eq!((&later.conversation, later.sequence), (&first.conversation, 1));
            assert_eq!(place(&mut all, minute + 1, 4).conversation, first.conversation, "said beside it");
            assert!(is_apart(&first.conversation, at, 0..=0) && !is_apart("c:1", at, 0..=0));
            assert!(!is_apart(&first.conversation, 30 * MINUTE, -5..=0));
        }
    }

    #[test]
    fn given_and_run_name_the_conversation() {
        let mut all = Conversations::default();
        let scope = Scope::user("ann");
        let at = Timestamp::default();
        let given = all.place(Some("c1"), Some("r1"), &scope, at, 0);
        assert_eq!((shown(&given.conversation), given.sequence), (Some("c1"), 0));
        let run = all.place(None, Some("c1"), &scope, at, 0);
        assert_ne!(run.conversation, given.conversation, "a run and a conversation of one name are two");
        let implied = all.place(None, None, &scope, at, 0);
        assert_eq!(shown(&implied.conversation), None);
    }
}
