//! What a reranker may do to a search: change the order of what was found, and nothing else.

use std::cell::RefCell;
use std::rc::Rc;

use edgemem::host::LocalFuture;
use edgemem::host::native::NativeHost;
use edgemem::model::Reranker;
use edgemem::store::MemoryStore;
use edgemem::{AddOptions, Error, ErrorKind, Found, Memory, Message, Models, Reach, Result, SearchOptions};
use futures_executor::block_on;
use proptest::prelude::*;

/// Gives prepared scores, and notes what it was asked.
struct Prepared {
    scores: RefCell<Result<Vec<f32>>>,
    configured: Option<usize>,
    asked: RefCell<Vec<Vec<String>>>,
}

impl Reranker for Prepared {
    fn name(&self) -> String {
        "prepared".to_owned()
    }

    fn candidates(&self) -> Option<usize> {
        self.configured
    }

    fn rerank<'a>(&'a self, _: &'a str, texts: &'a [&'a str]) -> LocalFuture<'a, Result<Vec<f32>>> {
        self.asked.borrow_mut().push(texts.iter().map(|&text| text.to_owned()).collect());
        let scores = self.scores.borrow().clone();
        Box::pin(async move { Ok(scores?.into_iter().take(texts.len()).collect()) })
    }
}

/// A memory of so many statements about tea, and its reranker.
fn memory(statements: usize, scores: Result<Vec<f32>>, configured: Option<usize>) -> (Memory, Rc<Prepared>) {
    let reranker = Prepared { scores: RefCell::new(scores), configured, asked: RefCell::default() };
    let reranker = Rc::new(reranker);
    let models = Models { embedder: None, reranker: Some(Rc::clone(&reranker) as _) };
    let memory = Memory::with_models(Rc::new(MemoryStore::new()), Rc::new(NativeHost::new()), models);
    for n in 0..statements {
        let text = format!("I like tea number {n}{}", " and more of it".repeat(n % 5));
        let options = AddOptions { infer: false, ..AddOptions::user("alice") };
        block_on(memory.add(&[Message::user(text)], &options)).unwrap();
    }
    let options = AddOptions::user("bob");
    block_on(memory.add(&[Message::user("I like tea too, but nobody may know")], &options)).unwrap();
    (memory, reranker)
}

fn search(memory: &Memory, top_k: usize, rerank: bool, rerank_top: Option<usize>) -> Found {
    let reach = Reach::user("alice");
    let options = SearchOptions { top_k, threshold: 0.0, rerank, rerank_top, ..SearchOptions::new(reach) };
    block_on(memory.search("which tea?", &options)).unwrap()
}

fn texts(found: &Found) -> Vec<String> {
    found.hits.iter().map(|hit| hit.record.text.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn only_the_order_changes(
        scores in prop::collection::vec(prop::sample::select(vec![-1.5f32, 0.0, 0.25, 0.5, 7.0]), 30),
        statements in 1usize..30,
        top_k in 1usize..30,
        read in prop::option::of(1usize..30),
    ) {
        let (memory, reranker) = memory(statements, Ok(scores.clone()), None);
        let plain = search(&memory, 30, false, None);
        prop_assert!(reranker.asked.borrow().is_empty() && plain.relevance.is_empty());
        let found = search(&memory, top_k, true, read);
        prop_assert!(found.warnings.is_empty());

        // The oracle: the best hits, sorted by their scores and then by where they stood; then the others.
        let read = read.unwrap_or((3 * top_k).clamp(20, 100)).min(plain.hits.len());
        let mut expected: Vec<usize> = (0..read).collect();
        expected.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        expected.extend(read..plain.hits.len());
        expected.truncate(top_k);
        let old = texts(&plain);
        prop_assert_eq!(&reranker.asked.borrow()[0], &old[..read]);
        prop_assert_eq!(texts(&found), expected.iter().map(|&at| old[at].clone()).collect::<Vec<_>>());
        for (place, &at) in expected.iter().enumerate() {
            prop_assert_eq!(found.hits[place].score, plain.hits[at].score);
            prop_assert_eq!(found.relevance.get(place).copied(), (at < read).then(|| scores[at]));
        }
    }
}

#[test]
fn how_many_are_read() {
    let (memory, reranker) = memory(130, Ok(vec![0.0; 130]), None);
    for (top_k, rerank_top, expected) in [
        (1, None, 20),
        (10, None, 30),
        (20, None, 60),
        (50, None, 100),
        (120, None, 100),
        (5, Some(7), 7),
        (5, Some(3), 3),
    ] {
        assert_eq!(search(&memory, top_k, true, rerank_top).hits.len(), top_k);
        assert_eq!(reranker.asked.borrow_mut().pop().unwrap().len(), expected, "top_k {top_k}");
    }
    search(&memory, 0, true, None);
    search(&memory, 5, true, Some(0));
    assert!(reranker.asked.borrow().is_empty());
    let (memory, reranker) = self::memory(30, Ok(vec![0.0; 30]), Some(25));
    search(&memory, 2, true, None);
    search(&memory, 2, true, Some(4));
    assert_eq!(reranker.asked.borrow().iter().map(Vec::len).collect::<Vec<_>>(), [25, 4]);
}

#[test]
fn a_failure_costs_the_order_only() {
    for (scores, code) in [
        (Err(Error::new(ErrorKind::ModelRateLimited, "not now")), "MODEL_RATE_LIMITED"),
        (Ok(vec![0.5]), "MODEL_RESPONSE_INVALID"),
    ] {
        let (memory, _) = memory(25, scores, None);
        let (plain, found) = (search(&memory, 5, false, None), search(&memory, 5, true, None));
        assert_eq!(texts(&found), texts(&plain));
        assert_eq!(found.warnings.iter().map(Error::code).collect::<Vec<_>>(), [code]);
        assert!(found.relevance.is_empty());
    }
}
