//! The tests at the leaves of a filter, prepared once so that they are cheap for each memory.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::text::find;
use crate::text::normalize::lowercase;
use crate::time::{Day, Timestamp};

/// A value of a memory, which is not null.
#[derive(Clone, Copy, Debug)]
pub(super) enum Datum<'a> {
    /// Text, from whatever source.
    Text(&'a str),
    /// JSON that is not text.
    Json(&'a Value),
}

impl<'a> Datum<'a> {
    /// A metadata value; null counts as absent everywhere.
    pub fn of(value: &'a Value) -> Option<Datum<'a>> {
        match value {
            Value::Null => None,
            Value::String(text) => Some(Datum::Text(text)),
            other => Some(Datum::Json(other)),
        }
    }
}

/// A test of a scope id, a text or a metadata value. Absent values fail all of them but `In` with null.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// `"*"`: the field has a value.
    Present,
    /// Strictly equal to one of the values.
    In(Values),
    /// `gt`, `gte`, `lt` or `lte`; numbers compare with numbers and texts with texts.
    Compare(Comparison, Bound),
    /// A part of a text, or an element of a list.
    Contains(Value),
    /// The same without regard to case; the text is in lower case.
    ContainsAnyCase(String),
}

impl Test {
    pub fn accepts(&self, datum: Option<Datum<'_>>) -> bool {
        let Some(datum) = datum else {
            return matches!(self, Test::In(values) if values.null);
        };
        match (self, datum) {
            (Test::Present, _) => true,
            (Test::In(values), datum) => values.hold(datum),
            (Test::Compare(comparison, bound), datum) => {
                bound.against(datum).is_some_and(|order| comparison.accepts(order))
            }
            (Test::Contains(Value::String(part)), Datum::Text(text)) => find::contains(text, part),
            (Test::Contains(part), Datum::Json(Value::Array(list))) => {
                list.iter().any(|item| same(item, part))
            }
            (Test::ContainsAnyCase(part), Datum::Text(text)) => find::contains(&lowercase(text), part),
            (Test::ContainsAnyCase(part), Datum::Json(Value::Array(list))) => {
                list.iter().any(|item| item.as_str().is_some_and(|text| lowercase(text) == *part))
            }
            _ => false,
        }
    }
}

/// The operand of an equality: texts and numbers are sorted, so that long lists cost little per memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Values {
    texts: Vec<String>,
    numbers: Vec<Number>,
    others: Vec<Value>,
    null: bool,
}

impl Values {
    pub fn of(values: impl IntoIterator<Item = Value>) -> Values {
        let mut all = Values::default();
        for value in values {
            match value {
                Value::Null => all.null = true,
                Value::String(text) => all.texts.push(text),
                Value::Number(number) => all.numbers.push(number),
                other => all.others.push(other),
            }
        }
        crate::sorted::sort(&mut all.texts, String::cmp);
        all.texts.dedup();
        crate::sorted::sort(&mut all.numbers, |a, b| float(a).total_cmp(&float(b)));
        all
    }

    /// The texts, sorted, if these values are texts only: they bind the field to them.
    pub fn only_texts(&self) -> Option<&[String]> {
        (!self.null && self.numbers.is_empty() && self.others.is_empty()).then_some(&self.texts)
    }

    fn hold(&self, datum: Datum<'_>) -> bool {
        match datum {
            Datum::Text(text) => self.texts.binary_search_by(|held| held.as_str().cmp(text)).is_ok(),
            Datum::Json(Value::Number(number)) => {
                let from = self.numbers.partition_point(|held| float(held) < float(number));
                let near = self.numbers[from..].iter().take_while(|held| float(held) == float(number));
                near.into_iter().any(|held| order(held, number) == Some(Ordering::Equal))
            }
            Datum::Json(value) => self.others.iter().any(|held| same(held, value)),
        }
    }
}

/// The direction of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    /// Whether a value that stands in this order to the bound passes.
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
        }
    }
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bound {
    Number(Number),
    Text(String),
}

impl Bound {
    /// How the value stands to this bound, if the two can be compared.
    fn against(&self, datum: Datum<'_>) -> Option<Ordering> {
        match (self, datum) {
            (Bound::Text(bound), Datum::Text(text)) => Some(text.cmp(bound.as_str())),
            (Bound::Number(bound), Datum::Json(Value::Number(number))) => order(number, bound),
            _ => None,
        }
    }
}

/// A test of a time. An absent time fails all of them but `In` with null.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TimeTest {
    Present,
    In { moments: Vec<Moment>, null: bool },
    Compare(Comparison, Moment),
}

impl TimeTest {
    pub fn accepts(&self, time: Option<Timestamp>) -> bool {
        match (self, time) {
            (TimeTest::In { null, .. }, None) => *null,
            (_, None) => false,
            (TimeTest::Present, Some(_)) => true,
            (TimeTest::In { moments, .. }, Some(time)) => {
                moments.iter().any(|moment| moment.order(time).is_eq())
            }
            (TimeTest::Compare(comparison, moment), Some(time)) => comparison.accepts(moment.order(time)),
        }
    }
}

/// An instant, or a whole day where only a day is written: `lte: "2024-07-31"` takes in all of the 31st.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Instant(Timestamp),
    Day(Day),
}

impl Moment {
    /// A day or an instant in ISO 8601, or a number of seconds or milliseconds since 1970.
    pub fn parse(value: &Value) -> Option<Moment> {
        match value {
            Value::String(text) => match Day::parse(text.trim()) {
                Ok(day) => Some(Moment::Day(day)),
                // Python's str(datetime) has a space where ISO 8601 has a T.
                Err(_) => Timestamp::parse(&text.trim().replacen(' ', "T", 1)).ok().map(Moment::Instant),
            },
            Value::Number(number) => Timestamp::from_number(float(number)).ok().map(Moment::Instant),
            _ => None,
        }
    }

    /// How `time` stands to this moment; every time of a day equals the day.
    fn order(&self, time: Timestamp) -> Ordering {
        match self {
            Moment::Instant(instant) => time.cmp(instant),
            Moment::Day(day) => time.day().cmp(day),
        }
    }
}

/// Equality of JSON in which 1 and 1.0 are one number and the order of an object's keys does not matter.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => order(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// The order of two numbers: exact for integers, of which f64 holds only those below 2⁵³.
fn order(a: &Number, b: &Number) -> Option<Ordering> {
    let integer = |n: &Number| n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from));
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => float(a).partial_cmp(&float(b)),
    }
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}
