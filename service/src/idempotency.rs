//! Idempotency keys: a request that is sent again, because its answer was lost, is answered again and not done again.
//!
//! The answers of a caller's last requests with such a key are kept in a partition of its own, for a day. A request claims
//! its key before it is done, so that of two at the same time one is told to wait. (Over a store that does not compare
//! versions both may be done.) What fails for a passing reason is not kept: sending it again does it.

use std::rc::Rc;

use edgemem::host::Host;
use edgemem::store::{Blob, ByteStore, Commit, Entry, Image};
use edgemem::text::Digest;
use edgemem::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::beside::{self, random_hex};
use crate::http::{Answer, Head};
use crate::problem::{Problem, Refusal};

/// The header, in small letters.
pub const HEADER: &str = "idempotency-key";
/// So long an answer is kept, in ms.
pub const KEPT_MS: i64 = 86_400_000;
/// So many answers of one caller are kept.
pub const MOST: usize = 256;
/// A longer answer is not kept, in bytes.
const MAX_ANSWER: usize = 1 << 20;
/// A request that claimed its key so long ago, in ms, is taken for one that broke off.
const BROKEN_OFF_MS: i64 = 60_000;
const MAX_KEY: usize = 255;
const VERSION: u64 = 1;
/// So many digits of an entry's key are the digest of the idempotency key.
const DIGITS: usize = 24;

/// What to do with a request.
pub enum Claim {
    /// It was done before: this was the answer.
    Answered(Answer),
    /// It is to be done, and its answer to be given to [`Ticket::settle`].
    Do(Ticket),
}

/// The right to do a request.
pub struct Ticket {
    partition: String,
    name: String,
    request: String,
    claimed: String,
}

/// Claims the request's key, if it has one. `INVALID_ARGUMENT` if that is malformed, `IDEMPOTENCY_MISMATCH` if it came with
/// another request before, `IDEMPOTENCY_PENDING` if that is still being done; the `STORE_…` codes.
pub async fn claim(
    store: &dyn ByteStore,
    caller: &Caller,
    head: &Head,
    body: &[u8],
    host: &Rc<dyn Host>,
) -> Result<Option<Claim>, Problem> {
    let Some(key) = head.header(HEADER) else { return Ok(None) };
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| (0x21..0x7f).contains(&byte)) {
        let message = format!("an idempotency key is 1 to {MAX_KEY} visible ASCII characters");
        return Err(Problem::from(Error::new(ErrorKind::InvalidArgument, message)).field(HEADER));
    }
    let partition = beside::partition(&[b"idempotency", caller.org.as_bytes(), caller.id.as_bytes()]);
    let name = Digest::of(&[key.as_bytes()]).to_hex()[..DIGITS].to_owned();
    let parts = [&head.method, &head.path, &head.query].map(|part| part.as_bytes());
    let request = Digest::of(&[parts[0], parts[1], parts[2], body]).to_hex();
    let (now, claimed) = (host.now(), format!("{name}{}", random_hex(host, 8)));
    // The blob of an answer that is gone, whose request is done anew.
    let mut lost: Option<String> = None;
    loop {
        let mut kept = None;
        beside::change(store, &partition, |image| {
            let entries = read(image)?;
            kept = None;
            let is_lost = |it: &Kept| it.blob.is_some() && it.blob == lost;
            let fresh = |it: &&Kept| it.is_fresh(now) && !is_lost(it);
            if let Some(found) = entries.iter().filter(fresh).find(|it| it.key.starts_with(&name)) {
                if found.request != request {
                    let message = "this idempotency key was sent before with another request: take a new one";
                    return Err(Problem::new(Refusal::IdempotencyMismatch, message).field(HEADER));
                }
                let Some(blob) = &found.blob else {
                    let message = "the request with this idempotency key is still being answered";
                    let problem = Problem::new(Refusal::IdempotencyPending, message).field(HEADER);
                    return Err(problem.header("retry-after", "1"));
                };
                kept = Some((found.status, blob.clone()));
                return Ok(None);
            }
            let mut commit = forget(&entries, now, is_lost);
            commit.append = vec![entry(&claimed, now, &request, 0, None)];
            Ok(Some(commit))
        })
        .await?;
        let Some((status, blob)) = kept else {
            return Ok(Some(Claim::Do(Ticket { partition, name, request, claimed })));
        };
        // Another instance may just have removed it, a day later.
        let Some(bytes) = store.read(&partition, std::slice::from_ref(&blob)).await?.pop().flatten() else {
            lost = Some(blob);
            continue;
        };
        let headers = vec![("idempotency-replayed", "true".to_owned())];
        let body = Some(beside::json(&bytes)?).filter(|body| !body.is_null());
        return Ok(Some(Claim::Answered(Answer { status, headers, body })));
    }
}

impl Ticket {
    /// Keeps the answer, or gives the key back if sending the request again could end otherwise.
    pub async fn settle(self, store: &dyn ByteStore, answer: &Answer, now: i64) -> Result<(), Problem> {
        let text = answer.body.as_ref().map_or("null".to_owned(), Value::to_string);
        let keeps = !is_passing(answer.status) && text.len() <= MAX_ANSWER;
        beside::change(store, &self.partition, |image| {
            let mut commit = forget(&read(image)?, now, |it| it.key == self.claimed);
            if keeps {
                // A key is never used again once it was dropped, so what is kept has another than what was claimed.
                let (key, blob) = (format!("{}{:08x}", self.name, now as u32), format!("i-{}", self.claimed));
                commit.append = vec![entry(&key, now, &self.request, answer.status, Some(&blob))];
                commit.put = vec![Blob { name: blob, bytes: text.clone().into_bytes() }];
            }
            Ok::<_, Problem>(Some(commit))
        })
        .await?;
        Ok(())
    }
}

/// Whether what was refused with this status may pass when it is sent again.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 401 | 403 | 409 | 429) || status >= 500
}

/// What is kept of a request.
struct Kept {
    key: String,
    at: i64,
    request: String,
    status: u16,
    blob: Option<String>,
}

impl Kept {
    fn is_fresh(&self, now: i64) -> bool {
        now - self.at < if self.blob.is_some() { KEPT_MS } else { BROKEN_OFF_MS }
    }
}

fn entry(key: &str, at: i64, request: &str, status: u16, blob: Option<&str>) -> Entry {
    let kept = json!({ "v": VERSION, "at": at, "request": request, "status": status, "blob": blob });
    Entry { key: key.to_owned(), bytes: edgemem::json::text(&kept).into_bytes() }
}

fn read(image: &Image) -> edgemem::Result<Vec<Kept>> {
    let read = |entry: &Entry| {
        let kept = beside::json(&entry.bytes)?;
        let text = |name: &str| kept[name].as_str().map(str::to_owned);
        Ok(Kept {
            key: entry.key.clone(),
            at: kept["at"].as_i64().unwrap_or_default(),
            request: text("request").unwrap_or_default(),
            status: kept["status"].as_u64().and_then(|it| u16::try_from(it).ok()).unwrap_or(200),
            blob: text("blob"),
        })
    };
    image.entries.iter().map(read).collect()
}

/// A change that removes what is `over`, what is too old, and the oldest of what is too much.
fn forget(entries: &[Kept], now: i64, over: impl Fn(&Kept) -> bool) -> Commit {
    let mut living: Vec<&Kept> = entries.iter().filter(|it| it.is_fresh(now) && !over(it)).collect();
    living.sort_by_key(|it| std::cmp::Reverse(it.at));
    let stays = |it: &Kept| living.iter().take(MOST - 1).any(|living| living.key == it.key);
    let gone: Vec<&Kept> = entries.iter().filter(|it| !stays(it)).collect();
    Commit {
        drop: gone.iter().map(|it| it.key.clone()).collect(),
        remove: gone.iter().filter_map(|it| it.blob.clone()).collect(),
        ..Commit::default()
    }
}

#[cfg(test)]
mod tests {
    use edgemem::store::MemoryStore;
    use futures_executor::block_on;

    use super::*;
    use crate::testing::{Clock, caller};

    fn ask(store: &MemoryStore, key: &str, body: &str, now: i64) -> Result<Claim, &'static str> {
        let headers = vec![(HEADER.to_owned(), key.to_owned())];
        let head = Head::new("POST", "http://h/v1/memories", headers);
        let claimed = {
            let clock = Clock::new();
            clock.0.set(now);
            let host: Rc<dyn Host> = clock;
            block_on(claim(store, &caller("acme", "p"), &head, body.as_bytes(), &host))
        };
        claimed.map(Option::unwrap).map_err(|problem| problem.code())
    }

    fn settle(store: &MemoryStore, claim: Result<Claim, &'static str>, answer: &Answer, now: i64) {
        let Ok(Claim::Do(ticket)) = claim else { panic!("not to be done") };
        block_on(ticket.settle(store, answer, now)).unwrap();
    }

    fn shown(claim: Result<Claim, &'static str>) -> Result<Option<Value>, &'static str> {
        claim.map(|claim| match claim {
            Claim::Answered(answer) => answer.body,
            Claim::Do(_) => None,
        })
    }

    #[test]
    fn a_request_is_done_once_and_answered_for_a_day() {
        let store = MemoryStore::new();
        let claimed = ask(&store, "k", "a", 1);
        assert_eq!(shown(ask(&store, "k", "a", 2)), Err("IDEMPOTENCY_PENDING"));
        assert_eq!(shown(ask(&store, "k", "b", 2)), Err("IDEMPOTENCY_MISMATCH"));
        settle(&store, claimed, &Answer::ok(json!({ "id": 7 })), 3);
        for now in [4, KEPT_MS + 2] {
            assert_eq!(shown(ask(&store, "k", "a", now)), Ok(Some(json!({ "id": 7 }))));
            assert_eq!(shown(ask(&store, "k", "b", now)), Err("IDEMPOTENCY_MISMATCH"));
        }
        assert_eq!(shown(ask(&store, "other", "b", 5)), Ok(None));
        assert_eq!(shown(ask(&store, "k", "b", KEPT_MS + 3)), Ok(None));
        for bad in ["", "a b", "é", &"k".repeat(MAX_KEY + 1)] {
            assert_eq!(shown(ask(&store, bad, "a", 1)), Err("INVALID_ARGUMENT"), "{bad}");
        }
        assert!(shown(ask(&store, &"k".repeat(MAX_KEY), "a", 1)).is_ok());
    }

    #[test]
    fn what_broke_off_or_failed_in_passing_is_done_again() {
        let store = MemoryStore::new();
        ask(&store, "k", "a", 1).map(drop).unwrap();
        assert_eq!(shown(ask(&store, "k", "a", BROKEN_OFF_MS)), Err("IDEMPOTENCY_PENDING"));
        let claimed = ask(&store, "k", "a", BROKEN_OFF_MS + 1);
        settle(&store, claimed, &Answer { status: 503, ..Answer::ok(json!({})) }, BROKEN_OFF_MS + 2);
        let claimed = ask(&store, "k", "a", BROKEN_OFF_MS + 3);
        // A refusal stays one.
        settle(
            &store,
            claimed,
            &Answer { status: 400, ..Answer::ok(json!({ "code": "X" })) },
            BROKEN_OFF_MS + 4,
        );
        let Ok(Claim::Answered(answer)) = ask(&store, "k", "a", BROKEN_OFF_MS + 5) else { panic!() };
        assert_eq!((answer.status, answer.body), (400, Some(json!({ "code": "X" }))));
        assert_eq!(answer.headers, [("idempotency-replayed", "true".to_owned())]);
    }

    #[test]
    fn the_oldest_make_room() {
        let store = MemoryStore::new();
        for at in 0..MOST as i64 + 10 {
            let claimed = ask(&store, &format!("k{at}"), "a", at * 2);
            settle(&store, claimed, &Answer::ok(json!(at)), at * 2 + 1);
        }
        let now = 10_000;
        let partition = beside::partition(&[b"idempotency", b"acme", b"0123456789ab"]);
        let image = block_on(store.load(&partition, None)).unwrap().unwrap();
        assert!(image.entries.len() <= MOST && image.blobs.len() <= MOST, "{}", image.entries.len());
        // Every entry that is left has its answer, and those are the newest.
        assert_eq!((image.entries.len(), image.blobs.len()), (MOST, MOST));
        for at in 10..MOST as i64 + 10 {
            assert_eq!(shown(ask(&store, &format!("k{at}"), "a", now)), Ok(Some(json!(at))), "k{at}");
        }
        assert_eq!(shown(ask(&store, "k0", "a", now)), Ok(None));
    }

    #[test]
    fn a_request_whose_answer_is_gone_is_done_anew() {
        let store = MemoryStore::new();
        let claimed = ask(&store, "k", "a", 1);
        settle(&store, claimed, &Answer::ok(json!(7)), 2);
        let partition = beside::partition(&[b"idempotency", b"acme", b"0123456789ab"]);
        let image = block_on(store.load(&partition, None)).unwrap().unwrap();
        let remove =
            Commit { partition, expect: image.version, remove: image.blobs.clone(), ..Commit::default() };
        block_on(store.commit(&remove)).unwrap();
        let claimed = ask(&store, "k", "a", 3);
        assert_eq!(shown(ask(&store, "k", "a", 3)), Err("IDEMPOTENCY_PENDING"));
        settle(&store, claimed, &Answer::ok(json!(8)), 4);
        assert_eq!(shown(ask(&store, "k", "a", 5)), Ok(Some(json!(8))));
    }
}
