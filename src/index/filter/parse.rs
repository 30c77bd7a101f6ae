//! From JSON to a filter, with mem0's messages and with limits against hostile input.

use serde_json::{Map, Number, Value};

use super::field::{Field, TextField};
use super::leaf::{Bound, Comparison, Moment, Test, TimeTest, Values};
use super::{Leaf, Node};
use crate::error::{Error, ErrorKind, Result};
use crate::scope::{Axis, Scope};
use crate::text::normalize::lowercase;

/// The most levels of nested objects in a filter.
pub const MAX_DEPTH: usize = 32;

/// The most tests, logical operators and listed values in a filter, taken together.
pub const MAX_VALUES: usize = 10_000;

/// The most tests in a filter. Each of them looks at every memory, where a list of texts or numbers is one test however
/// long it is; a time in a list counts as a test, and so does every value that is neither text nor number.
pub const MAX_TESTS: usize = 500;

/// The most ids of owners in a filter: each may be a partition of its own.
pub const MAX_OWNERS: usize = 1_000;

pub(super) fn parse(filter: &Value) -> Result<Node> {
    match filter {
        Value::Null => Ok(Node::All(Vec::new())),
        Value::Object(members) => Parser { values: 0, tests: 0, owners: 0 }.filter(members, 1, false),
        other => Err(invalid(format!("filters must be an object, not {}.", kind(other)))),
    }
}

struct Parser {
    /// Tests, operators and values seen so far.
    values: usize,
    tests: usize,
    /// Ids of owners seen so far.
    owners: usize,
}

impl Parser {
    /// A filter object, whose members must all hold. Inside `metadata` every name is a metadata key.
    fn filter(&mut self, members: &Map<String, Value>, depth: usize, in_metadata: bool) -> Result<Node> {
        if depth > MAX_DEPTH {
            return Err(invalid(format!("The filter is nested more than {MAX_DEPTH} levels deep.")));
        }
        let mut nodes = Vec::with_capacity(members.len());
        for (key, value) in members {
            self.count(1)?;
            nodes.push(match (key.as_str(), value) {
                ("AND", _) => Node::All(self.conditions("AND", value, depth, in_metadata)?),
                ("OR", _) => Node::Any(self.conditions("OR", value, depth, in_metadata)?),
                ("NOT", Value::Object(one)) => {
                    Node::Not(Box::new(self.filter(one, depth + 1, in_metadata)?))
                }
                ("NOT", _) => {
                    Node::Not(Box::new(Node::Any(self.conditions("NOT", value, depth, in_metadata)?)))
                }
                ("metadata", Value::Object(inner)) if !in_metadata => self.filter(inner, depth + 1, true)?,
                ("metadata", other) if !in_metadata => {
                    let message = format!("metadata must be an object of conditions, not {}.", kind(other));
                    return Err(invalid(message));
                }
                _ if in_metadata => self.condition(key, &Field::in_metadata(key), value)?,
                _ => self.condition(key, &Field::named(key), value)?,
            });
        }
        Ok(all(nodes))
    }

    /// The operand of a logical operator: a list of filters, empty only for AND.
    fn conditions(
        &mut self,
        operator: &str,
        value: &Value,
        depth: usize,
        in_metadata: bool,
    ) -> Result<Vec<Node>> {
        let Value::Array(list) = value else {
            return Err(needs_list(operator));
        };
        if list.is_empty() && operator != "AND" {
            return Err(needs_list(operator));
        }
        let mut nodes = Vec::with_capacity(list.len());
        for item in list {
            self.count(1)?;
            let Value::Object(members) = item else {
                let message =
                    format!("{operator} takes a list of filter objects, found {} in it.", kind(item));
                return Err(invalid(message));
            };
            nodes.push(self.filter(members, depth + 1, in_metadata)?);
        }
        crate::sorted::sort(&mut nodes, |a, b| a.cost().cmp(&b.cost()));
        Ok(nodes)
    }

    /// The condition on one field: a value, a list, the wildcard, or operators that must all hold.
    fn condition(&mut self, key: &str, field: &Field, value: &Value) -> Result<Node> {
        match value {
            Value::String(text) if text == "*" => {
                self.test(1)?;
                Ok(leaf(field, Test::Present, TimeTest::Present))
            }
            Value::Array(list) => self.one_of(key, field, list),
            Value::Object(operators) if operators.is_empty() => Err(invalid(format!(
                "The condition on {} is empty: name an operator such as eq.",
                short(key)
            ))),
            Value::Object(operators) => {
                let mut nodes = Vec::with_capacity(operators.len());
                for (operator, operand) in operators {
                    self.count(1)?;
                    nodes.push(self.operator(key, field, operator, operand)?);
                }
                Ok(all(nodes))
            }
            _ => self.one_of(key, field, std::slice::from_ref(value)),
        }
    }

    fn operator(&mut self, key: &str, field: &Field, operator: &str, operand: &Value) -> Result<Node> {
        let compare = |comparison| compare(key, field, operator, comparison, operand);
        if !matches!(operator, "eq" | "ne" | "in" | "nin") {
            self.test(1)?;
        }
        match operator {
            "eq" => self.one_of(key, field, std::slice::from_ref(operand)),
            "ne" => Ok(not(self.one_of(key, field, std::slice::from_ref(operand))?)),
            "in" | "nin" => {
                let Value::Array(list) = operand else {
                    let message = format!("{operator} takes a list of values, not {}.", kind(operand));
                    return Err(invalid(message));
                };
                let node = self.one_of(key, field, list)?;
                Ok(if operator == "in" { node } else { not(node) })
            }
            "gt" => compare(Comparison::Greater),
            "gte" => compare(Comparison::GreaterOrEqual),
            "lt" => compare(Comparison::Less),
            "lte" => compare(Comparison::LessOrEqual),
            "contains" | "icontains" => contains(key, field, operator, operand),
            _ => Err(Error::new(
                ErrorKind::FilterOperatorUnknown,
                format!("Unsupported metadata filter operator: {}", short(operator)),
            )
            .field("filters")),
        }
    }

    fn one_of(&mut self, key: &str, field: &Field, list: &[Value]) -> Result<Node> {
        self.count(list.len())?;
        let is_sorted = |value: &&Value| value.is_string() || value.is_number();
        let sorted = if matches!(field, Field::Time(_)) { 0 } else { list.iter().filter(is_sorted).count() };
        self.test((list.len() - sorted + usize::from(sorted > 0)).max(1))?;
        if matches!(field, Field::Scope(_)) {
            self.owners += list.len();
            if self.owners > MAX_OWNERS {
                return Err(invalid(format!("The filter names more than {MAX_OWNERS} ids of owners.")));
            }
        }
        if let Field::Time(_) = field {
            let null = list.iter().any(Value::is_null);
            let dates = list.iter().filter(|value| !value.is_null());
            let moments = dates.map(|value| moment(key, value)).collect::<Result<_>>()?;
            return Ok(leaf(field, Test::Present, TimeTest::In { moments, null }));
        }
        let values = list.iter().map(|value| equal_to(field, value)).collect::<Result<Vec<_>>>()?;
        Ok(leaf(field, Test::In(Values::of(values)), TimeTest::Present))
    }

    fn count(&mut self, values: usize) -> Result<()> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES {
            return Err(invalid(format!("The filter holds more than {MAX_VALUES} conditions and values.")));
        }
        Ok(())
    }

    fn test(&mut self, tests: usize) -> Result<()> {
        self.tests += tests;
        if self.tests > MAX_TESTS {
            let advice = "name values in a list, with in";
            return Err(invalid(format!("The filter holds more than {MAX_TESTS} conditions: {advice}.")));
        }
        Ok(())
    }
}

/// The leaf for a field: times take the second test, everything else the first.
fn leaf(field: &Field, test: Test, time: TimeTest) -> Node {
    Node::Leaf(match field {
        Field::Scope(axis) => Leaf::Scope(*axis, test),
        Field::Time(field) => Leaf::Time(*field, time),
        Field::Text(field) => Leaf::Text(*field, test),
        Field::Metadata(key) => Leaf::Metadata(key.clone(), test),
    })
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

fn all(mut nodes: Vec<Node>) -> Node {
    if nodes.len() == 1 {
        return nodes.remove(0);
    }
    crate::sorted::sort(&mut nodes, |a, b| a.cost().cmp(&b.cost()));
    Node::All(nodes)
}

/// An operand of an equality. Ids are text, so a number stands for its digits.
fn equal_to(field: &Field, value: &Value) -> Result<Value> {
    match (field, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Field::Scope(axis), Value::String(id)) => scope_id(*axis, id),
        (Field::Scope(axis), Value::Number(id)) => scope_id(*axis, &digits(id)),
        (Field::Scope(axis), other) => {
            Err(invalid(format!("{} must be a string, not {}.", axis.id_name(), kind(other))))
        }
        (Field::Text(TextField::Conversation), Value::Number(id)) => Ok(digits(id).into()),
        (Field::Text(TextField::Conversation), Value::String(id)) => Ok(id.trim().into()),
        _ => Ok(value.clone()),
    }
}

fn scope_id(axis: Axis, id: &str) -> Result<Value> {
    let mut scope = Scope::new();
    scope.set(axis, id, axis.id_name())?;
    Ok(scope.get(axis).into())
}

/// A number as JavaScript writes it: 42 also for 42.0.
fn digits(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{}", float as i64)
        }
        _ => number.to_string(),
    }
}

fn compare(
    key: &str,
    field: &Field,
    operator: &str,
    comparison: Comparison,
    operand: &Value,
) -> Result<Node> {
    if let Field::Time(_) = field {
        return Ok(leaf(field, Test::Present, TimeTest::Compare(comparison, moment(key, operand)?)));
    }
    let bound = match (field, operand) {
        (Field::Metadata(_), Value::Number(number)) => Bound::Number(number.clone()),
        (_, Value::Number(number)) => Bound::Text(digits(number)),
        (_, Value::String(text)) => Bound::Text(text.clone()),
        _ => {
            let message =
                format!("{operator} on {} takes a number or a string, not {}.", short(key), kind(operand));
            return Err(invalid(message));
        }
    };
    Ok(leaf(field, Test::Compare(comparison, bound), TimeTest::Present))
}

fn contains(key: &str, field: &Field, operator: &str, operand: &Value) -> Result<Node> {
    if let Field::Time(_) = field {
        let message =
            format!("{} is a time: use eq, ne, gt, gte, lt, lte, in or nin, not {operator}.", short(key));
        return Err(invalid(message));
    }
    let test = match (operator, operand) {
        ("icontains", Value::String(part)) => Test::ContainsAnyCase(lowercase(part)),
        ("contains", Value::String(_) | Value::Number(_) | Value::Bool(_)) => Test::Contains(operand.clone()),
        _ => {
            let takes = if operator == "contains" { "a string, a number or a boolean" } else { "a string" };
            let message = format!("{operator} on {} takes {takes}, not {}.", short(key), kind(operand));
            return Err(invalid(message));
        }
    };
    Ok(leaf(field, test, TimeTest::Present))
}

fn moment(key: &str, value: &Value) -> Result<Moment> {
    Moment::parse(value).ok_or_else(|| {
        invalid(format!(
            "{} is compared with a time: give an ISO 8601 date such as \"2024-07-31\" or \"2024-07-31T10:00:00Z\", \
             or seconds or milliseconds since 1970.",
            short(key)
        ))
    })
}

fn needs_list(operator: &str) -> Error {
    let what = if operator == "AND" { "a list" } else { "a non-empty list" };
    invalid(format!("{operator} operator requires {what} of conditions"))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::FilterInvalid, message).field("filters")
}

/// The beginning of a name from outside, so that a message stays readable.
fn short(name: &str) -> &str {
    name.char_indices().nth(64).map_or(name, |(end, _)| &name[..end])
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
