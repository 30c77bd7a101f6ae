//! A log that can be checked, whatever happens to its writer: failures whose outcome nobody knows, conflicts, several
//! writers, removal; and changes that are hostile.

#[path = "support/devices.rs"]
mod devices;
#[path = "support/wrapped.rs"]
mod wrapped;

use std::cell::RefCell;
use std::rc::Rc;

use edgemem::host::LocalFuture;
use edgemem::log::{Operation, Version};
use edgemem::scope::Scope;
use edgemem::store::{ByteStore, Commit, Entry, MemoryStore};
use edgemem::{ChangesOptions, Error, ErrorKind, Fault, Result, Verified};
use futures_executor::block_on;
use proptest::prelude::*;
use serde_json::json;

use devices::{Device, Dice};
use wrapped::{Ways, Wrapped};

/// What happens to the next commit.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Stored,
    /// Nothing is stored, and the writer is told that it failed.
    Lost,
    /// It is stored, and the writer is told that it failed.
    Unknown,
    /// It is stored, and the writer is told that another one was faster: the store asked twice.
    Repeated,
}

/// A store that several use, and whose commits have these fates, the last one first.
type Fated = Wrapped<Fates>;

#[derive(Default)]
struct Fates(RefCell<Vec<Fate>>);

impl Ways for Fates {
    fn commit<'a>(&'a self, store: &'a MemoryStore, commit: &'a Commit) -> LocalFuture<'a, Result<u64>> {
        let fate = self.0.borrow_mut().pop().unwrap_or(Fate::Stored);
        Box::pin(async move {
            let failed = |kind| Error::new(kind, "as the test wants it");
            if fate == Fate::Lost {
                return Err(failed(ErrorKind::StoreFailed));
            }
            let version = store.commit(commit).await?;
            match fate {
                Fate::Unknown => Err(failed(ErrorKind::StoreFailed)),
                Fate::Repeated => Err(failed(ErrorKind::StoreConflict)),
                _ => Ok(version),
            }
        })
    }
}

fn say(device: &Device, text: &str) -> Result<serde_json::Value> {
    device.try_call("add", json!([text, { "userId": "u", "infer": false }]))
}

fn verify(device: &Device) -> Verified {
    block_on(device.memory.verify(&Scope::new(), &Version::new())).unwrap()
}

#[test]
fn numbers_name_one_commit_whatever_becomes_of_it() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let store: Rc<Fated> = Rc::default();
        let writers: Vec<Device> = (0..3)
            .map(|n| Device::over(Rc::clone(&store) as Rc<dyn ByteStore>, seed * 10 + n, n as i64))
            .collect();
        // One that keeps no partition in memory.
        writers[0].memory.keep_loaded(0);
        // A device elsewhere, which hears of everything in between.
        let other = Device::new(seed + 7777, 0);
        for step in 0..25 {
            let fate = dice.pick(&[
                Fate::Stored,
                Fate::Stored,
                Fate::Stored,
                Fate::Lost,
                Fate::Unknown,
                Fate::Repeated,
            ]);
            store.ways.0.borrow_mut().push(fate);
            let writer = &writers[dice.below(3)];
            writer.wait(1000);
            let _ = match dice.below(6) {
                0 => writer.try_call("deleteAll", json!([{ "userId": "u" }])),
                1 => writer.try_call("erase", json!([{ "userId": "u" }])),
                _ => say(writer, &format!("Fact {} of seed {seed}", step / 2)),
            };
            store.ways.0.borrow_mut().clear();
            if dice.below(4) == 0 {
                other.merge(&writer.changes(other.version()));
            }
        }
        let found = verify(&writers[0]);
        assert!(found.is_ok(), "seed {seed}: {found:?}");
        // One number, one content: the other device took in the same, at whatever time it came.
        other.merge(&writers[1].changes(other.version()));
        writers[1].merge(&other.changes(writers[1].version()));
        assert_eq!(other.version(), writers[2].version(), "seed {seed}");
        assert_eq!(verify(&other).digest, verify(&writers[2]).digest, "seed {seed}");
    }
}

#[test]
fn a_memory_that_was_removed_begins_anew_and_can_be_given_back() {
    let (phone, laptop) = (Device::new(1, 0), Device::new(2, 0));
    say(&phone, "I live in Lisbon").unwrap();
    say(&phone, "I like jazz").unwrap();
    laptop.merge(&phone.changes(laptop.version()));
    let held = laptop.version();
    phone.call("reset", json!([]));
    assert_eq!(phone.version(), Version::new());
    say(&phone, "I live in Porto").unwrap();
    // Its new commits are not taken for the old ones.
    assert_eq!(laptop.merge(&phone.changes(laptop.version())), 1);
    phone.merge(&laptop.changes(phone.version()));
    assert_eq!(phone.version(), laptop.version());
    let found = block_on(phone.memory.verify(&Scope::new(), &held)).unwrap();
    assert!(found.is_ok() && found.commits == 3, "{found:?}");
}

#[test]
fn what_was_held_before_and_is_not_any_more_is_missing() {
    let device = Device::new(1, 0);
    for n in 0..5 {
        say(&device, &format!("Fact {n}")).unwrap();
    }
    let held = device.version();
    let problems = |other: &Device| block_on(other.memory.verify(&Scope::new(), &held)).unwrap().problems;
    assert_eq!(problems(&device), []);
    let empty = problems(&Device::new(2, 0));
    assert_eq!(empty.iter().map(|it| (it.commit, it.what)).collect::<Vec<_>>(), [(1, Fault::Missing)]);
    assert_eq!(empty[0].detail.as_deref(), Some("and all up to 5"));
}

#[test]
fn pages_are_one_state_however_small_they_are() {
    let phone = Device::new(1, 0);
    for n in 0..40 {
        let user = json!({ "userId": format!("u{}", n % 4), "infer": false });
        phone.call("add", json!([format!("Fact {n}, which is about something"), user]));
    }
    let until = phone.version();
    let moment = block_on(phone.memory.moment(&Scope::new())).unwrap();
    for limit in [1, 100, 300, 1000, 1 << 20] {
        let mut options = ChangesOptions { until: Some(moment.clone()), limit, ..ChangesOptions::default() };
        let (mut file, mut pages) = (Vec::new(), 0);
        loop {
            let page = block_on(phone.memory.changes(&options)).unwrap();
            // Said between two pages, and not of that moment.
            phone.call(
                "add",
                json!([format!("Later, {limit} and {pages}"), { "userId": "u1", "infer": false }]),
            );
            file.extend(page.bytes);
            pages += 1;
            options.after = page.next;
            if options.after.is_none() {
                break;
            }
        }
        assert!(limit > 1000 || pages > 3, "{pages} pages of {limit} bytes");
        let laptop = Device::new(2, 0);
        assert_eq!(laptop.merge(&file), 40);
        assert_eq!(laptop.version(), until);
    }
}

#[test]
fn what_came_in_part_goes_on_in_part_and_is_completed() {
    let (phone, laptop, desktop) = (Device::new(1, 0), Device::new(2, 0), Device::new(3, 0));
    for n in 0..4 {
        let said =
            |at| json!({ "role": "user", "content": format!("Fact {n}, {at}, which is about something") });
        let messages: Vec<serde_json::Value> = (0..6).map(said).collect();
        phone.call("add", json!([messages, { "userId": "u", "infer": false }]));
    }
    // A transfer that ends early: pages cut commits apart, since they go by the ids of memories.
    let cut = ChangesOptions { limit: 1500, ..ChangesOptions::default() };
    let piece = block_on(phone.memory.changes(&cut)).unwrap();
    assert!(piece.next.is_some());
    let came = block_on(laptop.memory.merge(&piece.bytes, &Scope::new(), false)).unwrap().applied;
    assert!((4..20).contains(&came) && laptop.version().spans().is_empty(), "{came}");
    say(&laptop, "Said on the laptop").unwrap();

    // What is seen on the laptop is seen wherever it goes to, once, and page by page too.
    let until = Some(block_on(laptop.memory.moment(&Scope::new())).unwrap());
    let mut page = ChangesOptions { until, limit: 1, ..ChangesOptions::default() };
    loop {
        let changes = block_on(laptop.memory.changes(&page)).unwrap();
        block_on(desktop.memory.merge(&changes.bytes, &Scope::new(), false)).unwrap();
        page.after = changes.next;
        if page.after.is_none() {
            break;
        }
    }
    let listed = |device: &Device| device.state("u", &[]);
    assert_eq!(listed(&desktop), listed(&laptop));
    assert_eq!(desktop.version(), laptop.version());
    for (from, to) in [(&laptop, &desktop), (&desktop, &laptop)] {
        let again = to.try_merge(&from.changes(to.version())).unwrap();
        assert_eq!((again.read.operations, again.applied), (0, 0));
    }
    // What is whole on the one is not sent again by whoever has a part of it.
    assert_eq!(phone.merge(&desktop.changes(phone.version())), 1);
    assert_eq!(phone.try_merge(&desktop.changes(phone.version())).unwrap().read.operations, 0);
    // The rest completes it everywhere.
    assert_eq!(desktop.merge(&phone.changes(desktop.version())), 24 - came);
    assert_eq!(laptop.merge(&desktop.changes(laptop.version())), 24 - came);
    for device in [&laptop, &desktop] {
        assert_eq!((device.version(), listed(device)), (phone.version(), listed(&phone)));
        assert!(verify(device).is_ok());
    }
}

#[test]
fn files_one_after_the_other_are_one_transfer() {
    let (phone, tablet, laptop) = (Device::new(1, 0), Device::new(2, 0), Device::new(3, 0));
    say(&phone, "Said on the phone").unwrap();
    say(&tablet, "Said on the tablet").unwrap();
    let files = [phone.changes(Version::new()), tablet.changes(Version::new())];
    let done = laptop.try_merge(&files.concat()).unwrap();
    assert_eq!((done.applied, done.read.operations, done.ending.unwrap().operations), (2, 2, 1));
    // Each of them has to be whole.
    let cut = [&files[0][..], &files[1][..files[1].len() - 34]].concat();
    assert_eq!(Device::new(4, 0).try_merge(&cut).unwrap_err().code(), "CHANGES_INVALID");
}

#[test]
fn a_text_that_no_device_takes_is_not_merged() {
    let (phone, laptop) = (Device::new(1, 0), Device::new(2, 0));
    say(&phone, "Said on the phone").unwrap();
    let mut bytes = phone.changes(Version::new());
    let at = bytes.windows(4).position(|it| it == b"Said").unwrap();
    bytes[at] = 0;
    assert_eq!(laptop.try_merge(&sealed(bytes)).unwrap_err().code(), "CHANGES_INVALID");
    assert_eq!(laptop.version(), Version::new());
}

#[test]
fn a_version_of_a_newer_edgemem_says_so() {
    let code = |bytes: &[u8]| Version::new().read(bytes).unwrap_err().code();
    assert_eq!(code(&[2]), "FORMAT_UNSUPPORTED");
    assert_eq!([&[0][..], &[1], b"text"].map(code), ["STORE_CORRUPT"; 3]);
}

/// Sets the checksums of all blocks right, so that what is tested is what lies behind them.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut at = 0;
    while let Some(length) = bytes.get(at + 6..at + 10) {
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        let end = at.saturating_add(10).saturating_add(length);
        if end.saturating_add(4) > bytes.len() {
            break;
        }
        let sum = crc32fast::hash(&bytes[at..end]);
        bytes[end..end + 4].copy_from_slice(&sum.to_le_bytes());
        at = end + 4;
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Bytes that are damaged in a way that no checksum shows are refused or taken in; nothing else happens.
    #[test]
    fn hostile_changes_are_errors(places in prop::collection::vec((0usize..4000, any::<u8>()), 1..4), cut in prop::option::of(0usize..4000)) {
        let (phone, laptop) = (Device::new(1, 0), Device::new(2, 0));
        say(&phone, "I live in Lisbon").unwrap();
        let id = say(&phone, "I like jazz").unwrap()["results"][0]["id"].clone();
        phone.call("update", json!([id, "I like loud jazz"]));
        say(&laptop, "I am the laptop").unwrap();
        let mut bytes = phone.changes(Version::new());
        for (at, value) in places {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut % (bytes.len() + 1));
        }
        let before = laptop.version();
        match laptop.try_merge(&sealed(bytes)) {
            Ok(_) => prop_assert!(verify(&laptop).problems.iter().all(|it| it.what != Fault::Damaged)),
            Err(error) => {
                let known = ["CHANGES_INVALID", "CHANGES_FOREIGN", "CLOCK_INVALID", "FORMAT_UNSUPPORTED"];
                prop_assert!(known.contains(&error.code()), "{error}");
                prop_assert!(error.field_name().is_some());
                prop_assert_eq!(laptop.version(), before);
            }
        }
    }
}

/// A store with the same operations as before there were links.
fn unlinked(device: &Device) -> Rc<dyn ByteStore> {
    let store = MemoryStore::new();
    for partition in block_on(device.store.list("")).unwrap() {
        let image = block_on(device.store.load(&partition, None)).unwrap().unwrap();
        let old = |entry: &Entry| {
            let operation = Operation { link: None, ..Operation::decode(&entry.bytes).unwrap() };
            Entry { key: operation.key(), bytes: operation.encode() }
        };
        let append = image.entries.iter().map(old).collect();
        block_on(store.commit(&Commit { partition, append, ..Commit::default() })).unwrap();
    }
    Rc::new(store)
}

#[test]
fn what_was_written_before_there_were_links_is_exchanged_too() {
    let first = Device::new(1, 0);
    let ids: Vec<_> =
        (0..4).map(|n| say(&first, &format!("Old fact {n}")).unwrap()["results"][0]["id"].clone()).collect();
    first.call("update", json!([ids[0], "Old fact, changed"]));
    let (phone, laptop) = (Device::over(unlinked(&first), 2, 0), Device::new(3, 0));
    say(&phone, "A new fact").unwrap();
    assert_eq!(laptop.merge(&phone.changes(laptop.version())), 6);
    assert_eq!(laptop.version(), phone.version());
    // Once they have all of it, none of it goes over again.
    assert_eq!(
        block_on(laptop.memory.merge(&phone.changes(laptop.version()), &Scope::new(), true))
            .unwrap()
            .read
            .operations,
        0
    );
    assert_eq!((verify(&laptop).unlinked, verify(&laptop).is_ok()), (5, true));
    // Each erases one of them, and one of them was changed by an old device meanwhile.
    phone.call("erase", json!([ids[0]]));
    laptop.call("erase", json!([ids[1]]));
    laptop.call("update", json!([ids[2], "Old fact, changed late"]));
    let old = first.changes(Version::new());
    for _ in 0..2 {
        laptop.merge(&phone.changes(laptop.version()));
        phone.merge(&laptop.changes(phone.version()));
    }
    let texts: Vec<String> = ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    assert_eq!(laptop.state("u", &texts), phone.state("u", &texts));
    assert_eq!(laptop.version(), phone.version());
    // One operation in two forms is a contradiction: nobody gives a link to what has none.
    let third = Device::new(4, 0);
    third.merge(&phone.changes(Version::new()));
    assert_eq!(third.state("u", &texts), phone.state("u", &texts));
    assert_eq!(third.try_merge(&old).unwrap_err().code(), "CHANGES_INVALID");
}
