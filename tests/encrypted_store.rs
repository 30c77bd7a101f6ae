//! The core and an encrypted store that it was given without its key. (Encrypting is `src/js/encryption/`.)

use std::rc::Rc;

use edgemem::host::native::NativeHost;
use edgemem::store::{ByteStore, Commit, Entry, MemoryStore, RING_PARTITION};
use edgemem::{AddOptions, Memory, Message, Reach, SearchOptions};
use futures_executor::block_on;

fn commit(partition: &str, bytes: &[u8]) -> Commit {
    let entry = Entry { key: "ffffffffffff00010000000000000001".to_owned(), bytes: bytes.to_vec() };
    Commit { partition: partition.to_owned(), append: vec![entry], ..Commit::default() }
}

#[test]
fn an_encrypted_store_without_its_key_is_refused_by_every_call_and_stays_as_it_was() {
    block_on(async {
        let store = Rc::new(MemoryStore::new());
        store.commit(&commit(RING_PARTITION, &[0xe1; 118])).await.unwrap();
        store.commit(&commit("0123456789abcdef0123456789abcdef", &[0xe1; 60])).await.unwrap();
        let memory = Memory::new(store.clone(), Rc::new(NativeHost::new()));
        let id = "01234567-89ab-8def-8123-456789abcdef";
        let asked = SearchOptions::new(Reach::user("alice"));
        for error in [
            memory.add(&[Message::user("I like tea")], &AddOptions::user("alice")).await.err(),
            memory.search("tea", &asked).await.err(),
            memory.get("99999999-89ab-8def-8123-456789abcdef").await.err(),
            memory.erase(id, false).await.err(),
            memory.stats().await.err(),
            memory.reset().await.err(),
        ] {
            let error = error.expect("the call is refused");
            assert!(["KEY_REQUIRED", "STORE_CORRUPT"].contains(&error.code()), "{error}");
        }
        assert_eq!(store.list("").await.unwrap().len(), 2);
        assert_eq!(store.load(RING_PARTITION, None).await.unwrap().unwrap().version, 1);
    });
}

#[test]
fn a_ring_that_was_only_begun_is_no_encrypted_store() {
    block_on(async {
        let store = Rc::new(MemoryStore::new());
        store.commit(&Commit { partition: RING_PARTITION.to_owned(), ..Commit::default() }).await.unwrap();
        let memory = Memory::new(store, Rc::new(NativeHost::new()));
        memory.add(&[Message::user("I like tea")], &AddOptions::user("alice")).await.unwrap();
        let found = memory.search("tea", &SearchOptions::new(Reach::user("alice"))).await.unwrap();
        assert_eq!(found.hits.len(), 1);
    });
}
