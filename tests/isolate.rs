//! Many memories in one process, as the objects of an isolate are: one token table for all, and logs that are sealed when
//! there is time.

use std::cell::Cell;
use std::rc::Rc;

use edgemem::host::LocalFuture;
use edgemem::host::native::NativeHost;
use edgemem::memory::wire;
use edgemem::model::TokenSource;
use edgemem::store::{ByteStore, MemoryStore};
use edgemem::{AddOptions, Memory, Message, Models, Reach, Result, SearchOptions};
use futures_executor::block_on;
use serde_json::json;

/// The token table of the package, counting how often it is loaded.
struct Counted(Rc<Cell<usize>>);

impl TokenSource for Counted {
    fn load(&self) -> LocalFuture<'_, Result<Vec<u8>>> {
        self.0.set(self.0.get() + 1);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/tokens/edgemem-tokens.bin");
        Box::pin(async move { Ok(std::fs::read(path).unwrap()) })
    }
}

fn models(loads: &Rc<Cell<usize>>) -> Models {
    Models { tokens: Some(Rc::new(Counted(Rc::clone(loads)))), ..Models::default() }
}

fn find(memory: &Memory, question: &str) -> Vec<String> {
    let found = block_on(memory.search(question, &SearchOptions::new(Reach::user("ann")))).unwrap();
    assert_eq!(found.warnings.len(), 0, "{:?}", found.warnings);
    found.hits.into_iter().map(|hit| hit.record.text).collect()
}

fn say(memory: &Memory, text: &str) {
    let options = AddOptions { infer: false, ..AddOptions::user("ann") };
    block_on(memory.add(&[Message::user(text)], &options)).unwrap();
}

#[test]
fn memories_beside_each_other_load_the_table_once_and_share_nothing_else() {
    let loads = Rc::new(Cell::new(0));
    let first = Memory::with_models(Rc::new(MemoryStore::new()), Rc::new(NativeHost::new()), models(&loads));
    let second = first.beside(Rc::new(MemoryStore::new()), models(&loads));
    let plain = first.beside(Rc::new(MemoryStore::new()), Models::default());
    // The second has partitions open when the first loads the table.
    assert_eq!(block_on(second.get("0")).unwrap().map(|it| it.record.text), None);
    for (memory, text) in [(&second, "The physician is away"), (&first, "A boat in the harbour")] {
        say(memory, text);
    }
    assert_eq!(find(&first, "ship"), ["A boat in the harbour"]);
    assert_eq!(find(&second, "doctor"), ["The physician is away"]);
    let embedder = |memory: &Memory| block_on(memory.stats()).unwrap().embedder;
    assert_eq!((embedder(&second).is_some(), embedder(&plain)), (true, None));
    assert_eq!(loads.get(), 1);
    assert!(first.resident() > 0);
    block_on(first.close()).unwrap();
    assert_eq!(find(&second, "doctor"), ["The physician is away"]);
}

#[test]
fn what_is_worth_it_is_sealed_and_found_again() {
    let store: Rc<dyn ByteStore> = Rc::new(MemoryStore::new());
    let open = || Memory::new(Rc::clone(&store), Rc::new(NativeHost::new()));
    let memory = open();
    let compact = || block_on(wire::call(&memory, "compact", &[])).unwrap();
    for n in 0..40 {
        say(&memory, &format!("note number n{n}"));
    }
    assert_eq!(compact(), json!({ "sealed": 0 }), "a short log stays");
    for n in 40..80 {
        say(&memory, &format!("note number n{n}"));
    }
    let before = find(&memory, "which note is n70?");
    assert_eq!(compact(), json!({ "sealed": 1 }));
    assert_eq!(compact(), json!({ "sealed": 0 }), "nothing is left to seal");
    let name = block_on(store.list("")).unwrap().remove(0);
    let image = block_on(store.load(&name, None)).unwrap().unwrap();
    assert_eq!((image.entries.len(), image.blobs.is_empty()), (0, false));
    assert_eq!(find(&memory, "which note is n70?"), before);
    assert_eq!(find(&open(), "which note is n70?"), before);
}
