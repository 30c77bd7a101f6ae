//! What a statement names, by the shape of its words and the words around them; there is no list of names.

use super::bounded;
use super::rules::*;
use super::tokens::Tokens;
use crate::knowledge::{Entity, EntityKind, Fact};
use crate::text::{Language, find};

/// More of one statement are not kept.
const MOST_ENTITIES: usize = 16;

/// The entities of a statement whose facts are known.
pub(super) fn find(tokens: &Tokens<'_>, facts: &[Fact]) -> Vec<Entity> {
    let mut found = Entities(Vec::new());
    for fact in facts {
        let slot = fact.slot.as_deref().unwrap_or_default();
        let kind = match slot.split(':').next().unwrap_or_default() {
            "home" | "origin" => EntityKind::Place,
            "employer" | "school" => EntityKind::Organisation,
            "uses" | "has" => EntityKind::Product,
            "name" | "partner" | "mother" | "father" | "boss" => EntityKind::Person,
            _ if slot.is_empty() && fact.predicate != "plans" => EntityKind::Person,
            _ => EntityKind::Other,
        };
        if kind != EntityKind::Other {
            found.add(&fact.object, kind);
        }
        let is_name =
            fact.subject.starts_with(char::is_uppercase) && find::contains(tokens.text, &fact.subject);
        if is_name {
            found.add(&fact.subject, EntityKind::Person);
        }
    }
    let mut at = 0;
    while at < tokens.list.len() {
        at = match name(tokens, at) {
            Some((from, to, kind)) => {
                found.add(tokens.slice(from, to), kind);
                to
            }
            None => at + 1,
        };
    }
    for at in 0..tokens.list.len() {
        let word = tokens.word(at);
        let unit = tokens.word(at + 1);
        let number = word.trim_start_matches(['$', '€', '£']);
        let length =
            number.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(number.len());
        if length == 0 || !number.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let is_unit = |unit: &str| QUANTITIES.split(' ').any(|it| it == unit);
        if number.len() < word.len() || is_unit(&number[length..]) {
            found.add(tokens.slice(at, at + 1), EntityKind::Quantity);
        } else if length == number.len() && !tokens.broken(at + 1) && is_unit(unit) {
            found.add(tokens.slice(at, at + 2), EntityKind::Quantity);
        }
    }
    found.0
}

const QUANTITIES: &str = "km m cm mm kg g mg lb lbs oz ml l mile miles meters metres feet ft inch inches dollars euros euro pounds usd eur gbp \
    % € $ k gb mb tb hours minutes mins degrees percent prozent stunden minuten kilometer horas kilometros grados";

/// Words at the end of an organisation's name.
const ORGANISATIONS: &str = "inc gmbh ag ltd llc corp corporation company university college school institute hospital bank foundation universitat museum";

struct Entities(Vec<Entity>);

impl Entities {
    fn add(&mut self, name: &str, kind: EntityKind) {
        let name = bounded(name);
        if name.is_empty() {
            return;
        }
        if let Some(known) = self.0.iter_mut().find(|known| known.name == name) {
            if known.kind == EntityKind::Other {
                known.kind = kind;
            }
        } else if self.0.len() < MOST_ENTITIES {
            self.0.push(Entity { name, kind });
        }
    }
}

/// The name that begins at a place.
fn name(tokens: &Tokens<'_>, at: usize) -> Option<(usize, usize, EntityKind)> {
    let language = tokens.table.language;
    let never = STOP
        | FILLER
        | AND
        | ADVERB
        | MONTH
        | WEEKDAY
        | IS
        | MY
        | YOUR
        | I
        | YOU
        | THE
        | PAST
        | END
        | IDLE
        | UNREAL
        | ORDER
        | BEFORE_DATE;
    let fits = |at: usize| tokens.list.get(at).is_some_and(|it| it.capital && it.classes & never == 0);
    if !fits(at) {
        return None;
    }
    let mut to = at + 1;
    while fits(to) && !tokens.broken(to) && to - at < 5 {
        to += 1;
    }
    let is_title = tokens.is(at, TITLE);
    let is_organisation = ORGANISATIONS.split(' ').any(|it| it == tokens.word(to - 1)) && to > at + 1;
    let several = to > at + 1;
    let first = at == 0 || tokens.broken(at);
    // Shouting names nothing; and in German every noun has a capital.
    let shouts = tokens.list[at + usize::from(several)..]
        .iter()
        .take(3)
        .all(|it| tokens.text[it.start..it.end].chars().all(char::is_uppercase));
    let sure = is_title || is_organisation;
    if !sure
        && (language == Language::German && (first || !several)
            || first && !several && !(tokens.word(to) == "'s" && tokens.is(to + 1, VALUE | RELATION | ONLY))
            || shouts && first)
    {
        return None;
    }
    let before = if at > 0 && !first { tokens.word(at - 1) } else { "" };
    let kind = if is_organisation {
        EntityKind::Organisation
    } else if is_title
        || at > 0 && tokens.is(at - 1, RELATION | ONLY)
        || matches!(before, "with" | "hey" | "hi" | "hello" | "thanks" | "dear")
        || tokens.word(to) == "'s"
    {
        EntityKind::Person
    } else if matches!(before, "in" | "near")
        || matches!(before, "to" | "from")
            && at > 1
            && PLACE_VERBS.split(' ').any(|it| it == tokens.word(at - 2))
        || matches!(before, "visit" | "visited" | "visiting")
    {
        EntityKind::Place
    } else if matches!(before, "using" | "use" | "used") {
        EntityKind::Product
    } else {
        EntityKind::Other
    };
    Some((at, to, kind))
}

const PLACE_VERBS: &str = "moved move moving went go going trip flight flying fly flew travel traveled travelled traveling drive drove driving back";
