//! Runs the case files of the text and distill floors, and the properties that hold for any text.

use edgemem::distill::statements;
use edgemem::text::analyzer::MAX_TERM_BYTES;
use edgemem::text::{Analyzer, Digest, estimate_tokens, fold, md5_hex, statement_key};
use proptest::prelude::*;
use serde_json::Value;

/// Every case of `tests/cases/{file}.json` as its name, input and expected list.
fn cases(file: &str) -> Vec<(String, String, Vec<String>)> {
    let path = format!("{}/tests/cases/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let case = |case: &Value| {
        let expected = case["expected"].as_array().unwrap().iter().map(text).collect();
        (text(&case["name"]), text(&case["input"]), expected)
    };
    json.as_array().unwrap().iter().map(case).collect()
}

fn check(file: &str, run: impl Fn(&str) -> Vec<String>) {
    let wrong: Vec<String> = cases(file)
        .into_iter()
        .filter_map(|(name, input, expected)| {
            let found = run(&input);
            (found != expected).then(|| {
                format!("{name}\n  input    {input:?}\n  expected {expected:?}\n  found    {found:?}")
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong in {file}.json\n{}", wrong.len(), wrong.join("\n"));
}

fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    Analyzer::default().terms(text, |term| terms.push(term.to_owned()));
    terms
}

fn query_terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    Analyzer::default().query_terms(text, |term| terms.push(term.to_owned()));
    terms
}

#[test]
fn documents_become_terms() {
    check("analyzer", terms);
}

#[test]
fn messages_become_statements() {
    check("statements", |text| statements(text).into_iter().map(str::to_owned).collect());
}

/// Stored data depends on these. They are never edited; see `src/text/digest.rs`.
#[test]
fn keys_and_digests_never_change() {
    check("statement-keys", |text| {
        vec![statement_key(text), md5_hex(text), Digest::of(&[text.as_bytes()]).to_hex()]
    });
    assert_eq!(Digest::of(&[]).to_hex(), "e3b0c44298fc1c149afbf4c8996fb924");
    assert_eq!(Digest::of(&[b"ab", b"c"]).to_hex(), "43ee655579de01ca739b3f95c1c2d3f4");
    assert_ne!(Digest::of(&[b"ab", b"c"]), Digest::of(&[b"a", b"bc"]));
}

/// What someone would type, and a memory that holds it inside.
#[test]
fn a_word_inside_a_memory_is_found() {
    for (memory, query) in [
        ("私の猫は東京に住んでいます", "猫"),
        ("私の猫は東京に住んでいます", "東京"),
        ("我昨天去了北京的咖啡馆", "咖啡馆"),
        ("어제 물을 마셨어요", "물"),
        ("서울에서 커피를 마셨다", "커피"),
        ("ฉันชอบกินข้าวผัด", "ข้าว"),
        ("Я переехал в Москву", "москву"),
        ("Elle habite à Besançon", "besancon"),
        ("Ο Γιώργος μένει στην Αθήνα", "ΑΘΗΝΑ"),
        ("She went to the theatre", "who goes to theaters"),
        ("I love it 🎂", "🎂"),
    ] {
        let (document, query_terms) = (terms(memory), query_terms(query));
        assert!(!query_terms.is_empty(), "{query}");
        assert!(
            query_terms.iter().all(|term| document.contains(term)),
            "{memory}: {query_terms:?} not in {document:?}"
        );
    }
}

#[test]
fn hostile_texts_stay_bounded() {
    let long = "x".repeat(1_000_000);
    assert_eq!(terms(&long), ["x".repeat(MAX_TERM_BYTES)]);
    let marks = format!("b{}", "\u{301}".repeat(100_000));
    assert_eq!(terms(&marks), ["b"]);
    assert_eq!(statements(&long).len(), 1, "repeated pieces are one statement");
    for unit in
        [". ", ".)", "a. B ", "Mr. ", "a.\u{301}", "1. x\n", "あ。", "!?", "```\n", ".\u{94d}", "\"a!\" b "]
    {
        let text = unit.repeat(200_000);
        let found = statements(&text);
        assert!(found.len() <= 2_000 + text.chars().count() / 1_000, "{unit:?}: {}", found.len());
        assert!(found.iter().all(|statement| statement.chars().count() <= 16_000));
    }
}

proptest! {
    #[test]
    fn terms_are_bounded_and_independent_of_space_around(text in any_text(), before in "[ \\n\\t]{0,3}", after in "[ \\n\\t]{0,3}") {
        let plain = terms(&text);
        prop_assert!(plain.iter().all(|term| !term.is_empty() && term.len() <= MAX_TERM_BYTES));
        prop_assert!(plain.iter().all(|term| !term.contains(char::is_whitespace)));
        prop_assert_eq!(terms(&format!("{before}{text}{after}")), plain);
    }

    #[test]
    fn a_query_finds_its_own_text(text in any_text()) {
        let document = terms(&text);
        prop_assert!(query_terms(&text).iter().all(|term| document.contains(term)));
    }

    #[test]
    fn alternatives_are_other_terms_of_the_query(text in any_text()) {
        let found = query_terms(&text);
        Analyzer::default().query_alternatives(&text, |term, other| {
            assert!(found.iter().any(|known| known == term), "{text:?}: {term:?} is no term");
            assert!(!other.is_empty() && other.len() <= MAX_TERM_BYTES && other != term, "{text:?}: {other:?}");
        });
    }

    #[test]
    fn one_analyzer_gives_what_a_fresh_one_gives(texts in proptest::collection::vec(any_text(), 1..6)) {
        let analyzer = Analyzer::default();
        for text in texts.iter().chain(&texts) {
            let mut again = Vec::new();
            analyzer.terms(text, |term| again.push(term.to_owned()));
            prop_assert_eq!(again, terms(text));
        }
    }

    #[test]
    fn a_statement_key_is_its_own_key(text in any_text()) {
        let key = statement_key(&text);
        prop_assert_eq!(statement_key(&key), key.clone());
        prop_assert_eq!(key.is_empty(), text.trim().is_empty());
    }

    #[test]
    fn the_ascii_key_equals_the_general_one(text in "[ -~\\n]{0,40}") {
        // A character that is its own key, in front, forces the general way.
        prop_assert_eq!(statement_key(&format!("é x{text}")), format!("é {}", statement_key(&format!("x{text}"))));
    }

    #[test]
    fn statements_are_slices_in_order_without_repetition(text in any_text()) {
        let found = statements(&text);
        let mut from = text.as_ptr() as usize;
        for statement in &found {
            prop_assert!(statement.as_ptr() as usize >= from);
            from = statement.as_ptr() as usize + statement.len();
            prop_assert_eq!(statement.trim(), *statement);
            prop_assert!(!statement.is_empty());
        }
        let mut keys: Vec<_> = found.iter().map(|statement| statement_key(statement)).collect();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), found.len());
    }

    #[test]
    fn no_letter_of_a_message_is_lost(text in "[a-zA-Z .!?,\"()\\n-]{0,120}") {
        let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect::<std::collections::BTreeSet<_>>();
        let mut kept = words(&statements(&text).join(" "));
        kept.insert(String::new());
        let mut all = words(&text);
        all.insert(String::new());
        prop_assert_eq!(kept, all);
    }

    #[test]
    fn folding_and_counting_never_panic(text in any_text()) {
        prop_assert_eq!(fold(&fold(&text)), fold(&text));
        prop_assert_eq!(estimate_tokens(&text) == 0, text.is_empty());
    }
}

/// Any characters at all, and texts made of pieces that the rules treat specially.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "May",
        "may",
        " ",
        " ",
        "\n",
        ".",
        "...",
        "! ",
        "? ",
        "U.S.",
        "Dr. ",
        "it's",
        "don’t",
        "7th",
        "3.14",
        "1,000",
        "東京",
        "カフェ",
        "한국어",
        "ข้าว",
        "हिन्दी",
        "Ἀθῆναι",
        "İ",
        "ß",
        "ς",
        "e\u{301}",
        "\u{301}",
        "\u{200d}",
        "👩‍👩‍👧",
        "🎂",
        "```",
        "- ",
        "1. ",
        "\"",
        "(",
        ")",
        "http://a.b/?c=D",
        "x@y.z",
        "צה\"ל",
        "ﷺ",
        "\u{0}",
        "\u{fdfa}",
        "A",
        "b",
        "_",
        "'",
        "。",
        "Wo wohnt sie? ",
        "für die Häuser ",
        "gekauft ",
        "l'école ",
        "qu’",
        "où ",
        "¿Dónde ",
        "canciones ",
        "não são ",
        "ações ",
        "perché ",
        "mangiarlo ",
        "живущая ",
        "й",
        "где ",
        "어디에",
        "물을",
        "はどこですか",
        "誰が",
        "是谁吗",
        "ใคร",
    ]);
    prop_oneof![
        "\\PC{0,40}",
        proptest::collection::vec(proptest::char::any(), 0..40).prop_map(String::from_iter),
        proptest::collection::vec(pieces, 0..16).prop_map(|pieces| pieces.concat())
    ]
}
