//! Runs `tests/cases/filters.json`, and properties that hold for every filter, against the native core.

use std::borrow::Cow;

use edgemem::index::filter::{
    Fields, Filter, MAX_DEPTH, MAX_OWNERS, MAX_TESTS, MAX_VALUES, Owner, TextField, TimeField,
};
use edgemem::record::{Actor, MemoryId, Place, Record, Role};
use edgemem::scope::{Axis, Scope};
use edgemem::text::md5_hex;
use edgemem::time::{Day, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A memory in the shape of the API's results.
struct Row {
    scope: Scope,
    json: Value,
}

impl Row {
    fn of(json: &Value) -> Row {
        let mut scope = Scope::new();
        for axis in Axis::ALL {
            if let Some(id) = json[axis.id_name()].as_str() {
                scope.set(axis, id, axis.id_name()).unwrap();
            }
        }
        Row { scope, json: json.clone() }
    }
}

impl Fields for Row {
    fn scope(&self, axis: Axis) -> Option<&str> {
        self.scope.get(axis)
    }

    fn time(&self, field: TimeField) -> Option<Timestamp> {
        let name = match field {
            TimeField::Created => "created_at",
            TimeField::Updated => "updated_at",
            TimeField::Said => "timestamp",
            TimeField::Expires => "expiration_date",
        };
        self.json[name].as_str().map(|text| Timestamp::parse(text).unwrap())
    }

    fn text(&self, field: TextField) -> Option<Cow<'_, str>> {
        let name = match field {
            TextField::Statement => "memory",
            TextField::Hash => "hash",
            TextField::Actor => "actor_id",
            TextField::Role => "role",
            TextField::Conversation => "conversation_id",
            TextField::Id => "id",
        };
        self.json[name].as_str().map(Cow::Borrowed)
    }

    fn metadata(&self, key: &str) -> Option<&Value> {
        self.json["metadata"].get(key)
    }
}

fn shown(owner: &Owner) -> Value {
    let bound =
        Axis::ALL.into_iter().filter_map(|axis| Some((axis.id_name().into(), json!(owner.ids(axis)?))));
    Value::Object(bound.collect::<Map<_, _>>())
}

fn check(case: &Value, rows: &Value) {
    let filter = match (Filter::parse(&case["filter"]), case["error"].as_str()) {
        (Ok(filter), None) => filter,
        (Err(error), Some(code)) => {
            assert_eq!(error.code(), code, "{case}: {error}");
            if let Some(message) = case["message"].as_str() {
                assert_eq!(error.message(), message, "{case}");
            }
            assert!(error.field_name().is_some(), "{case}");
            return;
        }
        (outcome, _) => panic!("{case}: {outcome:?}"),
    };
    let owners = filter.owners();
    let mut found = Vec::new();
    for row in rows[case["rows"].as_str().unwrap()].as_array().unwrap() {
        let (memory, id) = (Row::of(row), row["id"].as_str().unwrap());
        let matches = filter.matches(&memory);
        if matches {
            found.push(id);
        }
        assert!(filter.matches_scope(&memory.scope).is_none_or(|decided| decided == matches), "{case} {id}");
        assert!(!matches || owners.admit(&memory.scope), "{case} {id}: outside {owners:?}");
    }
    let mut expected: Vec<_> =
        case["expect"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "{case}");

    let refusal = owners.require().err().map(|error| (error.code(), error.message().to_owned()));
    match &case["owners"] {
        Value::Null => {}
        Value::Array(expected) => {
            assert_eq!(refusal, None, "{case}");
            let mut bound: Vec<_> = owners.alternatives().iter().map(shown).map(|v| v.to_string()).collect();
            let mut expected: Vec<_> = expected.iter().map(Value::to_string).collect();
            bound.sort_unstable();
            expected.sort_unstable();
            assert_eq!(bound, expected, "{case}");
        }
        Value::String(nobody) if nobody == "nobody" => {
            assert!(owners.is_nobody() && refusal.is_none(), "{case}: {owners:?}");
        }
        _ => {
            let message = "filters must contain at least one of: user_id, agent_id, run_id. \
                           Example: filters: { user_id: 'u1' }";
            assert_eq!(refusal, Some(("SCOPE_REQUIRED", message.to_owned())), "{case}");
        }
    }
}

#[test]
fn cases() {
    let file: Value = serde_json::from_str(include_str!("cases/filters.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 80);
    for case in cases {
        check(case, &file["rows"]);
    }
}

#[test]
fn hostile_sizes_are_refused() {
    let nested = |depth: usize| (1..depth).fold(json!({ "n": 1 }), |inner, _| json!({ "AND": [inner] }));
    assert!(Filter::parse(&nested(MAX_DEPTH)).is_ok());
    let negated = (0..MAX_DEPTH).fold(json!({}), |inner, _| json!({ "NOT": inner }));
    let many = |count: usize| json!({ "n": (0..count).collect::<Vec<_>>() });
    assert!(Filter::parse(&many(MAX_VALUES - 1)).is_ok());
    let conditions = |count: usize| json!({ "AND": vec![json!({ "n": 1 }); count] });
    let moments = |count: usize| json!({ "created_at": { "in": vec!["2026-01-01"; count] } });
    let flags = |count: usize| json!({ "n": { "in": vec![json!(true); count] } });
    let operators = |count: usize| json!({ "OR": vec![json!({ "n": { "gt": 1, "lt": 2 } }); count / 2] });
    let users = |count: usize| json!({ "user_id": { "in": (0..count).map(|n| format!("u{n}")).collect::<Vec<_>>() } });
    for filter in
        [conditions(MAX_TESTS), moments(MAX_TESTS), flags(MAX_TESTS), operators(MAX_TESTS), users(MAX_OWNERS)]
    {
        assert!(Filter::parse(&filter).is_ok());
    }
    for filter in [
        nested(MAX_DEPTH + 1),
        negated,
        many(MAX_VALUES),
        conditions(MAX_TESTS + 1),
        moments(MAX_TESTS + 1),
        flags(MAX_TESTS + 1),
        operators(MAX_TESTS + 2),
        users(MAX_OWNERS + 1),
        json!({ "AND": [users(MAX_OWNERS / 2), { "NOT": users(MAX_OWNERS / 2 + 1) }] }),
        json!({ "AND": vec![json!({}); MAX_VALUES + 1] }),
    ] {
        assert_eq!(Filter::parse(&filter).unwrap_err().code(), "FILTER_INVALID");
    }
    let long = "x".repeat(10_000);
    assert!(Filter::parse(&json!({ "n": { long: 1 } })).unwrap_err().message().len() < 200);
}

#[test]
fn owners_stay_few_and_bound_for_large_filters() {
    let users: Vec<_> = (0..MAX_TESTS).map(|n| json!({ "user_id": format!("u{n}") })).collect();
    let owners = Filter::parse(&json!({ "OR": users })).unwrap().owners();
    assert_eq!(owners.alternatives().len(), 1);
    assert_eq!(owners.alternatives()[0].ids(Axis::User).unwrap().len(), MAX_TESTS);
    // Each conjunct doubles the combinations: two to the power of two hundred without widening.
    let pairs: Vec<_> = (0..200)
        .map(|n| json!({ "OR": [{ "user_id": [format!("u{n}"), "u"] }, { "agent_id": [format!("a{n}"), "a"] }] }))
        .collect();
    let owners = Filter::parse(&json!({ "AND": pairs })).unwrap().owners();
    assert!(owners.require().is_ok() && owners.alternatives().len() <= 64);
    assert!(owners.admit(&Scope::user("u").with(Axis::Agent, "a")));
}

#[test]
fn a_record_is_filtered_as_results_show_it() {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let record = Record {
        id: MemoryId::from_bits(1),
        scope: Scope::user("u1"),
        text: "Alice drinks tea".into(),
        actor: Actor { role: Role::Assistant, name: Some("Ann".into()) },
        place: Place { conversation: "c1".into(), sequence: 0 },
        timestamp: at("2020-01-01T00:00:00Z"),
        created: at("2026-01-01T00:00:00Z"),
        updated: at("2026-01-01T00:00:00Z"),
        metadata: json!({ "n": 1 }).as_object().unwrap().clone(),
        expires: Some(Day::parse("2030-01-01").unwrap()),
        occurrences: 1,
        ..Record::default()
    };
    for filter in [
        json!({ "user_id": "u1", "agent_id": null, "n": 1 }),
        json!({ "created_at": "2020-01-01", "timestamp": 1577836800, "updated_at": "2020-01-01" }),
        json!({ "expiration_date": "2030-01-01" }),
        json!({ "hash": "@hash", "memory": { "icontains": "TEA" } }),
        json!({ "role": "assistant", "actor_id": "Ann" }),
    ] {
        let filter: Value =
            serde_json::from_str(&filter.to_string().replace("@hash", &md5_hex(&record.text))).unwrap();
        assert!(Filter::parse(&filter).unwrap().matches(&record), "{filter}");
    }
}

/// A filter over few fields and values, so that matches, contradictions and bindings are common.
fn filters() -> impl Strategy<Value = Value> {
    let id = || prop::sample::select(vec!["a", "b", "c"]).prop_map(Value::from);
    let value = || prop::sample::select(vec![json!(1), json!(2), json!("x"), json!(null), json!("*")]);
    let axis = || prop::sample::select(vec!["user_id", "agent_id", "run_id", "app_id", "org_id"]);
    let scope = (axis(), id(), id(), 0..7).prop_map(|(axis, one, two, form)| {
        let condition = match form {
            0 => json!([one, two]),
            1 => json!({ "ne": one }),
            2 => json!({ "nin": [one, two] }),
            3 => json!("*"),
            4 => json!([one, null]),
            _ => one,
        };
        json!({ axis: condition })
    });
    let metadata = (value(), 0..5).prop_map(|(value, form)| match form {
        0 => json!({ "n": { "ne": value } }),
        1 => json!({ "metadata.n": { "gte": 2, "lt": 5 } }),
        2 => json!({ "n": { "contains": "x" } }),
        _ => json!({ "n": value }),
    });
    let leaf = prop_oneof![3 => scope, 2 => metadata];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let list = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            list().prop_map(|list| json!({ "AND": list })),
            list().prop_map(|list| json!({ "OR": list })),
            list().prop_map(|list| json!({ "NOT": list })),
            inner.clone().prop_map(|one| json!({ "NOT": one })),
            (list(), list()).prop_map(|(a, b)| json!({ "AND": a, "OR": b })),
        ]
    })
}

fn rows() -> impl Strategy<Value = Value> {
    let id = || prop::option::weighted(0.7, prop::sample::select(vec!["a", "b", "c"]));
    let n = prop::sample::select(vec![json!(1), json!(2), json!("x"), json!(["x"]), json!(null)]);
    (id(), id(), id(), id(), id(), n).prop_map(|(user, agent, run, app, org, n)| {
        json!({ "user_id": user, "agent_id": agent, "run_id": run, "app_id": app, "org_id": org, "metadata": { "n": n } })
    })
}

/// What the logic of a filter means, said a second time in the simplest way; leaves go to the filter itself.
fn oracle(filter: &Value, row: &Row) -> bool {
    filter.as_object().unwrap().iter().all(|(key, operand)| match (key.as_str(), operand) {
        ("AND", Value::Array(list)) => list.iter().all(|one| oracle(one, row)),
        ("OR", Value::Array(list)) => list.iter().any(|one| oracle(one, row)),
        ("NOT", Value::Array(list)) => !list.iter().any(|one| oracle(one, row)),
        ("NOT", one) => !oracle(one, row),
        _ => Filter::parse(&json!({ key: operand })).unwrap().matches(row),
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = "AND|OR|NOT|metadata|user_id|created_at|n|eq|in|gt|contains|icontains|\\*|.{0,4}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        Just(json!("2024-07-31")),
    ];
    leaf.prop_recursive(8, 60, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((words, inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn logic_means_what_it_says(filter in filters(), row in rows()) {
        let row = Row::of(&row);
        let parsed = Filter::parse(&filter).unwrap();
        prop_assert_eq!(parsed.matches(&row), oracle(&filter, &row));
        let twice = Filter::parse(&json!({ "NOT": { "NOT": filter } })).unwrap();
        prop_assert_eq!(twice.matches(&row), parsed.matches(&row));
        prop_assert_eq!(twice.owners(), parsed.owners());
    }

    #[test]
    fn matches_lie_within_the_owners(filter in filters(), rows in prop::collection::vec(rows(), 20)) {
        let parsed = Filter::parse(&filter).unwrap();
        let owners = parsed.owners();
        for row in rows.iter().map(Row::of) {
            let matches = parsed.matches(&row);
            prop_assert!(!matches || owners.admit(&row.scope), "{:?} outside {owners:?}", row.scope);
            prop_assert!(parsed.matches_scope(&row.scope).is_none_or(|decided| decided == matches));
            if owners.require().is_ok() && matches {
                prop_assert!(!row.scope.is_empty());
            }
        }
    }

    #[test]
    fn any_json_is_a_filter_or_an_error(filter in any_json(), row in rows()) {
        if let Ok(parsed) = Filter::parse(&filter) {
            let row = Row::of(&row);
            let matches = parsed.matches(&row);
            prop_assert!(!matches || parsed.owners().admit(&row.scope));
        }
    }
}
