//! A store that was cleared, or set back, under a memory that is open: what is gone is not missed for ever, and what goes on
//! under numbers of before is told.

#[path = "support/devices.rs"]
mod devices;
#[path = "support/wrapped.rs"]
mod wrapped;

use std::cell::Cell;
use std::rc::Rc;

use edgemem::host::LocalFuture;
use edgemem::log::Version;
use edgemem::scope::Scope;
use edgemem::store::{ByteStore, Commit, Image, MemoryStore};
use edgemem::{Fault, Result, Verified};
use futures_executor::block_on;
use serde_json::{Value, json};

use devices::Device;
use wrapped::{Ways, Wrapped};

/// A store that several use. Its versions are those of a store in memory, which begin at 1, and `floor`.
type Shared = Wrapped<Floor>;

#[derive(Default)]
struct Floor(Cell<u64>);

impl Shared {
    fn new() -> Rc<Shared> {
        Rc::default()
    }

    /// Everything is gone, and what begins anew has versions from `floor` on.
    fn clear(&self, floor: u64) {
        for name in block_on(self.store.list("")).unwrap() {
            block_on(self.store.erase(&name)).unwrap();
        }
        self.ways.0.set(floor);
    }

    /// A copy of everything, and what puts it back.
    fn image(&self) -> Vec<(String, Image)> {
        let names = block_on(self.store.list("")).unwrap();
        let image = |name: String| (name.clone(), block_on(self.store.load(&name, None)).unwrap().unwrap());
        names.into_iter().map(image).collect()
    }

    fn put_back(&self, images: &[(String, Image)]) {
        for (name, image) in images {
            block_on(self.store.erase(name)).unwrap();
            for (at, entry) in (0..).zip(&image.entries) {
                let append = vec![entry.clone()];
                let commit = Commit { partition: name.clone(), expect: at, append, ..Commit::default() };
                block_on(self.store.commit(&commit)).unwrap();
            }
        }
    }
}

impl Ways for Floor {
    fn load<'a>(
        &'a self,
        store: &'a MemoryStore,
        partition: &'a str,
        known: Option<u64>,
    ) -> LocalFuture<'a, Result<Option<Image>>> {
        Box::pin(async move {
            let image = store.load(partition, None).await?.unwrap_or_default();
            let version = if image.version == 0 { 0 } else { image.version + self.0.get() };
            Ok((known != Some(version)).then_some(Image { version, ..image }))
        })
    }

    fn commit<'a>(&'a self, store: &'a MemoryStore, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        Box::pin(async move {
            let expect = match commit.expect {
                0 => 0,
                expect => expect.checked_sub(self.0.get()).unwrap_or(u64::MAX),
            };
            Ok(self.0.get() + store.commit(&Commit { expect, ..commit.clone() }).await?)
        })
    }
}

fn tab(store: &Rc<Shared>, seed: u64) -> Device {
    Device::over(Rc::clone(store) as Rc<dyn ByteStore>, seed, 0)
}

fn say(device: &Device, text: &str) -> Result<Value> {
    device.wait(1000);
    device.try_call("add", json!([text, { "userId": "u", "infer": false }]))
}

fn texts(device: &Device) -> Result<Vec<String>> {
    let all = device.try_call("getAll", json!([{ "userId": "u", "limit": 100 }]))?;
    let mut texts: Vec<String> =
        all["results"].as_array().unwrap().iter().map(|it| it["memory"].as_str().unwrap().into()).collect();
    texts.sort();
    Ok(texts)
}

fn verify(device: &Device) -> Verified {
    block_on(device.memory.verify(&Scope::new(), &Version::new())).unwrap()
}

#[test]
fn what_was_cleared_under_an_open_memory_is_not_missed() {
    // With the partition in memory, looked at in between or not; and with none kept in memory.
    for (kept, looks) in [(true, true), (true, false), (false, true), (false, false)] {
        let store = Shared::new();
        let open = tab(&store, 1);
        if !kept {
            open.memory.keep_loaded(0);
        }
        for n in 0..3 {
            say(&open, &format!("Fact {n}")).unwrap();
        }
        store.clear(1000);
        if looks {
            assert!(texts(&open).unwrap().is_empty());
        }
        say(&open, "Said later").unwrap();
        say(&open, "Said last").unwrap();
        let found = verify(&open);
        assert!(found.is_ok() && found.commits == 2, "kept {kept}, looks {looks}: {found:?}");
        assert_eq!(texts(&tab(&store, 2)).unwrap(), ["Said last", "Said later"]);
    }
}

#[test]
fn what_others_cleared_and_wrote_anew_is_no_gap_either() {
    let store = Shared::new();
    let (open, other) = (tab(&store, 1), tab(&store, 2));
    say(&open, "Fact 1").unwrap();
    say(&open, "Fact 2").unwrap();
    store.clear(1000);
    say(&other, "Said by the other").unwrap();
    say(&open, "Said later").unwrap();
    let found = verify(&open);
    assert!(found.is_ok() && found.commits == 2, "{found:?}");
    // Where only the newest is gone, that is told: the log goes on behind a gap.
    let before = store.image();
    say(&open, "Lost").unwrap();
    store.put_back(&before);
    store.ways.0.set(2000);
    say(&open, "Said last").unwrap();
    let found = verify(&open);
    assert_eq!(found.problems.iter().map(|it| it.what).collect::<Vec<_>>(), [Fault::Missing], "{found:?}");
}

#[test]
fn a_store_that_goes_back_is_told_and_nothing_is_lost_in_silence() {
    let store = Shared::new();
    let (one, two) = (tab(&store, 1), tab(&store, 2));
    for n in 0..4 {
        say(&one, &format!("Fact {n}")).unwrap();
    }
    assert_eq!(texts(&two).unwrap().len(), 4);
    // An older state is put back, with its versions.
    let older = store.image();
    say(&one, "Fact 4").unwrap();
    assert_eq!(texts(&two).unwrap().len(), 5);
    store.put_back(&older);
    for device in [&one, &two] {
        let error = say(device, "Fact 5").unwrap_err();
        assert_eq!((error.code(), error.field_name()), ("STORE_FAILED", Some("store")), "{error}");
    }
    // Then they go on with what is there: nothing passes for stored that is not.
    for device in [&one, &two] {
        assert_eq!(texts(device).unwrap().len(), 4);
    }
    say(&one, "Fact 4").unwrap();
    assert_eq!(texts(&tab(&store, 3)).unwrap().len(), 5);
    assert_eq!(texts(&two).unwrap().len(), 5);
}

#[test]
fn a_store_that_counts_from_the_beginning_again_is_refused_where_it_does() {
    let store = Shared::new();
    let (one, two) = (tab(&store, 1), tab(&store, 2));
    for n in 0..4 {
        say(&one, &format!("Fact {n}")).unwrap();
    }
    assert_eq!(texts(&two).unwrap().len(), 4);
    block_on(one.memory.reset()).unwrap();
    // The partition that begins again gets a number that others hold for something else, or had before.
    say(&one, "Said after").unwrap();
    assert_eq!(texts(&two).unwrap_err().code(), "STORE_FAILED");
    for device in [&one, &two, &tab(&store, 3)] {
        assert_eq!(texts(device).unwrap(), ["Said after"]);
    }

    // One whose numbers go on is not.
    let store = Shared::new();
    let (one, two) = (tab(&store, 1), tab(&store, 2));
    for n in 0..4 {
        say(&one, &format!("Fact {n}")).unwrap();
    }
    assert_eq!(texts(&two).unwrap().len(), 4);
    block_on(one.memory.reset()).unwrap();
    store.ways.0.set(4);
    say(&one, "Said after").unwrap();
    assert_eq!(texts(&two).unwrap(), ["Said after"]);
}
