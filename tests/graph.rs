//! Entities, the graph and the timeline, through the API as JavaScript sees it, over notes made by hand.

#[path = "support/noted.rs"]
mod noted;

use edgemem::knowledge::EntityKind::{self, Organisation, Other, Person, Place, Product};
use edgemem::scope::{Axis, Scope};
use noted::{Said, call, organisation, remembered};
use proptest::prelude::*;
use serde_json::{Value, json};

fn names(entities: &Value) -> Vec<String> {
    let shown = |it: &Value| {
        let aliases: Vec<&str> = it["aliases"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
        format!("{}{aliases} {}", it["name"].as_str().unwrap(), it["memories"])
    };
    entities.as_array().unwrap().iter().map(shown).collect()
}

/// Names that memories have, each in a memory of its own, and the entities that they make.
#[test]
fn names_become_entities() {
    type Named = &'static [(&'static str, EntityKind)];
    let cases: &[(&str, Named, &[&str])] = &[
        ("case and accents", &[("café uno", Other), ("Cafe  Uno", Other)], &["Cafe  Uno 2"]),
        ("a first name", &[("Eva", Person), ("Eva Braun", Person)], &["Eva Braun (Eva) 2"]),
        ("a last name", &[("Eva Braun", Person), ("Braun", Other)], &["Eva Braun (Braun) 2"]),
        (
            "a first name of two",
            &[("Eva", Person), ("Eva Braun", Person), ("Eva Peron", Person)],
            &["Eva 1", "Eva Braun 1", "Eva Peron 1"],
        ),
        (
            "two full names",
            &[("Eva Braun", Person), ("Eva Anna Braun", Person)],
            &["Eva Anna Braun 1", "Eva Braun 1"],
        ),
        (
            "a chain",
            &[("Acme", Organisation), ("Acme Inc", Organisation), ("Acme Inc Berlin", Organisation)],
            &["Acme Inc Berlin (Acme Inc, Acme) 3"],
        ),
        (
            "parts of places",
            &[("Lisbon", Place), ("Lisbon Airport", Place)],
            &["Lisbon 1", "Lisbon Airport 1"],
        ),
        ("other kinds", &[("Paris", Place), ("Paris Hilton", Person)], &["Paris 1", "Paris Hilton 1"]),
        ("products", &[("Pixel", Product), ("Pixel Watch", Product)], &["Pixel 1", "Pixel Watch 1"]),
        ("numbers", &[("Apollo", Other), ("Apollo 11", Other)], &["Apollo 1", "Apollo 11 1"]),
        ("no names", &[("coffee", Other), ("coffee shop", Other)], &["coffee 1", "coffee shop 1"]),
        ("parts of words", &[("Ann", Person), ("Anna Lee", Person)], &["Ann 1", "Anna Lee 1"]),
        ("blank", &[(" ", Other), ("Rex", Other)], &["Rex 1"]),
    ];
    for (case, named, expected) in cases {
        let said: Vec<Said> = named
            .iter()
            .enumerate()
            .map(|(at, &(name, kind))| {
                Said::of("u", "2025-01-01", &format!("statement {at}")).names(name, kind)
            })
            .collect();
        let (memory, _) = remembered(&said);
        let found = call(&memory, "entities", &[json!({ "userId": "u" })]).unwrap();
        assert_eq!(names(&found), *expected, "{case}");
    }
}

/// A life in six statements.
fn life() -> Vec<Said> {
    vec![
        Said::of("u", "2020-03-01", "I live in Lisbon.")
            .fact("user|lives in|Lisbon|home")
            .names("Lisbon", Place),
        Said::of("u", "2021-01-01", "I work at Acme.")
            .fact("user|works at|Acme|employer")
            .names("Acme", Organisation),
        Said::of("u", "2022-05-01", "Eva Braun works at Acme Inc.")
            .fact("Eva Braun|works at|Acme Inc|employer")
            .names("Eva Braun", Person),
        Said::of("u", "2023-06-01", "I moved to Porto.")
            .fact("user|lives in|Porto|home")
            .names("Porto", Place),
        Said::of("u", "2024-01-01", "Eva lives in Rome.").fact("Eva|lives in|Rome|home").names("Eva", Person),
        Said::of("u", "2024-02-01", "I no longer work at Acme.").fact("!user|works at|Acme|employer"),
    ]
}

#[test]
fn an_entity_has_its_facts_and_memories() {
    let (memory, ids) = remembered(&life());
    let get = |name: &str, options: Value| call(&memory, "entity", &[json!(name), options]).unwrap();
    let eva = get("eva", json!({ "userId": "u" }));
    assert_eq!(
        (&eva["name"], &eva["kind"], &eva["aliases"]),
        (&json!("Eva Braun"), &json!("person"), &json!(["Eva"]))
    );
    let facts: Vec<String> = eva["facts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {} {} {}", it["subject"], it["predicate"], it["object"], it["current"]))
        .collect();
    assert_eq!(facts, [r#""Eva Braun" "works at" "Acme Inc" true"#, r#""Eva" "lives in" "Rome" true"#]);
    assert_eq!(eva["facts"][1]["memoryId"], ids[4].to_string());
    assert_eq!(eva["facts"][1]["validFrom"], "2024-01-01T00:00:00.000Z");
    let memories: Vec<&str> =
        eva["memories"].as_array().unwrap().iter().map(|it| it["memory"].as_str().unwrap()).collect();
    assert_eq!(memories, ["Eva lives in Rome.", "Eva Braun works at Acme Inc."], "newest first");
    assert_eq!(get("Eva", json!({ "userId": "u", "limit": 1 }))["memories"].as_array().unwrap().len(), 1);
    assert_eq!(get("Nobody", json!({ "userId": "u" })), Value::Null);
    assert_eq!(get("Eva", json!({ "userId": "someone-else" })), Value::Null);
    // Where the user lived is over, and where they live is not.
    assert_eq!(get("Lisbon", json!({ "userId": "u" })), Value::Null);
    let lisbon = get("Lisbon", json!({ "userId": "u", "includeSuperseded": true }));
    assert_eq!(lisbon["facts"][0]["validTo"], "2023-06-01T00:00:00.000Z");
    assert_eq!(lisbon["facts"][0]["endedBy"], ids[3].to_string());
}

fn edges(graph: &Value) -> Vec<String> {
    let shown = |it: &Value| {
        let mark = if it["current"] == true { "" } else { " (over)" };
        format!(
            "{} {} {}{mark}",
            it["from"].as_str().unwrap(),
            it["predicate"].as_str().unwrap(),
            it["to"].as_str().unwrap()
        )
    };
    graph["edges"].as_array().unwrap().iter().map(shown).collect()
}

#[test]
fn the_graph_is_what_holds_at_a_time() {
    let (memory, ids) = remembered(&life());
    let graph = |options: Value| call(&memory, "graph", &[options]).unwrap();
    let now = graph(json!({ "userId": "u" }));
    let current = ["eva braun lives in rome", "eva braun works at acme inc", "user lives in porto"];
    let mut found = edges(&now);
    found.sort();
    assert_eq!(found, current);
    assert_eq!(now, graph(json!({ "userId": "u" })), "the same each time");
    let edge = now["edges"].as_array().unwrap().iter().find(|it| it["to"] == "porto").unwrap();
    assert_eq!(edge["validFrom"], "2023-06-01T00:00:00.000Z");
    assert_eq!((&edge["validTo"], &edge["memoryId"]), (&Value::Null, &json!(ids[3].to_string())));

    let mut then = edges(&graph(json!({ "userId": "u", "asOf": "2022-12-31" })));
    then.sort();
    assert_eq!(then, ["eva braun works at acme inc", "user lives in lisbon", "user works at acme inc"]);

    let all = edges(&graph(json!({ "userId": "u", "includeSuperseded": true })));
    for over in ["user lives in lisbon (over)", "user works at acme inc (over)"] {
        assert!(all.contains(&over.to_owned()), "{all:?}");
    }
    assert!(current.iter().all(|it| all.contains(&(*it).to_owned())), "{all:?}");

    let near = |around: &str, hops: usize| {
        let found =
            graph(json!({ "userId": "u", "around": around, "hops": hops, "includeSuperseded": true }));
        let ids = found["nodes"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<String>>()
    };
    assert_eq!(near("Rome", 0), ["rome"]);
    assert_eq!(near("Rome", 1), ["rome", "eva braun"]);
    assert_eq!(near("Rome", 2), ["rome", "eva braun", "acme inc"]);
    assert_eq!(near("Rome", 3), ["rome", "eva braun", "acme inc", "user"]);
    assert_eq!(near("Nowhere", 5), Vec::<String>::new());
}

/// What was learnt by a time: the statements above are learnt one minute after the other.
#[test]
fn the_graph_is_what_was_known_at_a_time() {
    let (memory, _) = remembered(&life());
    let found =
        call(&memory, "graph", &[json!({ "userId": "u", "knownAt": "2026-01-01T00:01:30Z" })]).unwrap();
    let mut found = edges(&found);
    found.sort();
    assert_eq!(found, ["user lives in lisbon", "user works at acme"]);
}

#[test]
fn a_fact_that_gives_a_name_unites_names() {
    let said = [
        Said::of("u", "2025-01-01", "Robert Zimmerman is also known as Bob Dylan.")
            .fact("Robert Zimmerman|also known as|Bob Dylan"),
        Said::of("u", "2025-01-02", "Dylan lives in Malibu.").fact("Dylan|lives in|Malibu"),
        Said::of("u", "2025-01-03", "My name is Ana.").fact("user|name is|Ana"),
    ];
    let (memory, _) = remembered(&said);
    let found = call(&memory, "entities", &[json!({ "userId": "u" })]).unwrap();
    assert_eq!(names(&found), ["Bob Dylan (Robert Zimmerman, Dylan) 2", "Ana (user) 1", "Malibu 1"]);
}

#[test]
fn speakers_without_names_are_told_apart() {
    let said = [
        Said::of("ana", "2025-01-01", "I live in Lisbon.").fact("user|lives in|Lisbon|home"),
        Said::of("ben", "2025-01-01", "I live in Lisbon.").fact("user|lives in|Lisbon|home"),
    ];
    let (memory, _) = remembered(&said);
    let both = json!({ "filters": { "OR": [{ "user_id": "ana" }, { "user_id": "ben" }] } });
    let found = call(&memory, "graph", &[both]).unwrap();
    assert_eq!(edges(&found), ["user ana lives in lisbon", "user ben lives in lisbon"]);
}

#[test]
fn hostile_names_stay_labels() {
    let name = "a\"];\n b [label=<<b>x</b>>] \\";
    let said =
        [Said::of("u", "2025-01-01", "x")
            .fact("a\"];\n b [label=<<b>x</b>>] \\|says \"hi\" \\n|B&amp;C\u{7}")];
    let (memory, _) = remembered(&said);
    let dot = call(&memory, "graph", &[json!({ "userId": "u", "format": "dot" })]).unwrap();
    let dot = dot.as_str().unwrap();
    let lines: Vec<&str> = dot.lines().collect();
    assert_eq!(
        lines,
        [
            "digraph memory {",
            r#"  n0 [label="a\"];\n b [label=<<b>x</b>>] \\"];"#,
            r#"  n1 [label="B&amp;C "];"#,
            r#"  n0 -> n1 [label="says \"hi\" \\n"];"#,
            "}",
        ]
    );
    let entity = call(&memory, "entity", &[json!(name), json!({ "userId": "u" })]).unwrap();
    assert_eq!(entity["name"], name);
}

#[test]
fn a_large_graph_is_cut_and_says_so() {
    let said: Vec<Said> = (0..1_005)
        .map(|at| {
            let mut said = Said::of("u", "2025-01-01", &format!("statement {at}"));
            said.facts.push(Box::leak(format!("hub|knows|person {at}").into_boxed_str()));
            said
        })
        .collect();
    let (memory, _) = remembered(&said);
    let found = call(&memory, "graph", &[json!({ "userId": "u" })]).unwrap();
    assert_eq!(found["nodes"].as_array().unwrap().len(), 1_000);
    assert_eq!(found["nodes"][0]["id"], "hub");
    assert_eq!(found["omitted"], json!({ "nodes": 6, "edges": 6 }));
    let dot = call(&memory, "graph", &[json!({ "userId": "u", "format": "dot" })]).unwrap();
    assert!(dot.as_str().unwrap().contains("// left out: 6 nodes, 6 edges\n"));
}

#[test]
fn a_timeline_tells_what_began_and_ended() {
    let (memory, ids) = remembered(&life());
    let told = |options: Value| -> Vec<String> {
        let found = call(&memory, "timeline", &[options]).unwrap();
        let shown = |it: &Value| {
            let object = it["fact"]["object"].as_str().map(|it| format!(" {it}")).unwrap_or_default();
            let over = if it["superseded"] == true { " (over)" } else { "" };
            format!("{} {}{object}{over}", &it["at"].as_str().unwrap()[..10], it["event"].as_str().unwrap())
        };
        found.as_array().unwrap().iter().map(shown).collect()
    };
    assert_eq!(
        told(json!({ "userId": "u" })),
        [
            "2020-03-01 said (over)",
            "2021-01-01 said (over)",
            "2022-05-01 said",
            "2023-06-01 ended Lisbon (over)",
            "2023-06-01 said",
            "2024-01-01 said",
            "2024-02-01 ended Acme (over)",
            "2024-02-01 said",
        ]
    );
    assert_eq!(told(json!({ "userId": "u", "about": "Eva" })), ["2022-05-01 said", "2024-01-01 said"]);
    assert_eq!(
        told(json!({ "userId": "u", "from": "2023-06-01", "to": "2024-01-01" })),
        ["2023-06-01 ended Lisbon (over)", "2023-06-01 said", "2024-01-01 said"]
    );
    assert_eq!(told(json!({ "userId": "u", "limit": 2 })).len(), 2);
    assert_eq!(
        told(json!({ "userId": "u", "includeSuperseded": false })),
        ["2022-05-01 said", "2023-06-01 said", "2024-01-01 said", "2024-02-01 said"]
    );
    assert_eq!(told(json!({ "userId": "u", "about": "Nobody" })), Vec::<String>::new());
    let found = call(&memory, "timeline", &[json!({ "userId": "u", "limit": 1 })]).unwrap();
    assert_eq!(found[0]["memoryId"], ids[0].to_string());
    assert_eq!((&found[0]["text"], &found[0]["kind"]), (&json!("I live in Lisbon."), &json!("episodic")));
    assert_eq!(found[0]["facts"][0]["object"], "Lisbon");
}

#[test]
fn bad_input_names_its_field() {
    let (memory, _) = remembered(&life());
    let user = |mut options: Value| {
        options["userId"] = "u".into();
        options
    };
    let cases = [
        ("graph", vec![user(json!({ "hops": -1 }))], "hops"),
        ("graph", vec![user(json!({ "hops": 6 }))], "hops"),
        ("graph", vec![user(json!({ "hops": 1.5 }))], "hops"),
        ("graph", vec![user(json!({ "format": "svg" }))], "format"),
        ("graph", vec![user(json!({ "around": " " }))], "around"),
        ("graph", vec![user(json!({ "around": 7 }))], "around"),
        ("entities", vec![user(json!({ "limit": "x" }))], "limit"),
        ("entities", vec![user(json!({ "kind": "animal" }))], "kind"),
        ("entity", vec![json!(""), user(json!({}))], "name"),
        ("entity", vec![Value::Null, user(json!({}))], "name"),
        ("timeline", vec![user(json!({ "limit": -3 }))], "limit"),
        ("timeline", vec![user(json!({ "about": "" }))], "about"),
    ];
    for (method, arguments, field) in cases {
        let error = call(&memory, method, &arguments).unwrap_err();
        assert_eq!(
            (error.code(), error.field_name()),
            ("INVALID_ARGUMENT", Some(field)),
            "{method} {arguments:?}"
        );
    }
    let error = call(&memory, "timeline", &[user(json!({ "from": "soon" }))]).unwrap_err();
    assert_eq!((error.code(), error.field_name()), ("TIMESTAMP_INVALID", Some("from")));
    for method in ["entities", "graph", "timeline"] {
        assert_eq!(call(&memory, method, &[json!({})]).unwrap_err().code(), "SCOPE_REQUIRED", "{method}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever others say, what a request sees of entities, graph and timeline is as if they said nothing.
    #[test]
    fn others_leave_no_trace(own in prop::collection::vec(0usize..12, 0..6), others in prop::collection::vec((0usize..12, 0usize..3), 0..8)) {
        const FACTS: [&str; 12] = [
            "user|lives in|Lisbon|home", "user|lives in|Porto|home", "Eva|works at|Acme|employer",
            "Eva Braun|works at|Acme Inc|employer", "!user|lives in|Lisbon|home", "Eva Peron|knows|Eva",
            "Acme|is in|Porto", "user|name is|Ana", "Ana|likes|Eva", "Ben|is called|Benjamin", "!Eva|works at||employer", "Rome|is in|Italy",
        ];
        let say = |fact: usize, at: usize, scope: Scope| {
            let mut said = Said::of("u", FACTS[fact], "").names(FACTS[fact].split('|').next().unwrap().trim_start_matches('!'), Other);
            said.text = format!("{} {at}", FACTS[fact]);
            said.at = ["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"][at % 4];
            said.scope = scope;
            said.fact(FACTS[fact])
        };
        let own: Vec<Said> = own.iter().enumerate().map(|(at, &fact)| say(fact, at, Scope::user("u"))).collect();
        let mut all = own.clone();
        for (at, &(fact, whose)) in others.iter().enumerate() {
            let scope = [Scope::user("v"), Scope::user("u").with(Axis::Run, "secret"), organisation("o")][whose].clone();
            all.insert(at % (all.len() + 1), say(fact, at, scope));
        }
        let seen = |memory: &edgemem::Memory, method: &str| {
            call(memory, method, &[json!({ "userId": "u", "includeSuperseded": true })]).unwrap().to_string()
        };
        let (alone, _) = remembered(&own);
        let (among, _) = remembered(&all);
        for method in ["entities", "graph", "timeline"] {
            prop_assert_eq!(seen(&alone, method), seen(&among, method), "{}", method);
        }
    }
}
