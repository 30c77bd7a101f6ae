//! How often a key may ask: a bucket of requests for each, which fills up evenly over a minute.
//!
//! Each instance counts for itself: a Worker has many, so the limit protects an instance and its store from one key, and
//! is no bill. The headers are those of draft-ietf-httpapi-ratelimit-headers-10.

use std::cell::RefCell;

use crate::auth::Caller;
use crate::http::Answer;
use crate::problem::{Problem, Refusal};

/// Requests a minute of a key, unless the variable or the key says otherwise.
pub const DEFAULT_RATE: u32 = 6_000;
/// The window, in ms.
const WINDOW: f64 = 60_000.0;
/// So many buckets are kept.
const MOST: usize = 4_096;

struct Bucket {
    caller: String,
    left: f64,
    at: i64,
    /// So many requests in a row were refused.
    refusals: u32,
}

/// The buckets of one instance.
#[derive(Default)]
pub struct Limits(RefCell<Vec<Bucket>>);

/// What a request left in its key's bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    rate: u32,
    left: u32,
    /// Seconds until the bucket is full again.
    reset: u64,
}

impl Limits {
    /// Takes a request out of the caller's bucket; `None` if it has no limit. `RATE_LIMITED` if the bucket is empty.
    pub fn take(&self, caller: &Caller, rate: u32, now: i64) -> Result<Option<Quota>, Problem> {
        let rate = caller.rate.unwrap_or(if caller.is_root { 0 } else { rate });
        if rate == 0 {
            return Ok(None);
        }
        let full = f64::from(rate);
        let mut buckets = self.0.borrow_mut();
        let mut bucket = match buckets.iter().position(|bucket| bucket.caller == caller.id) {
            Some(at) => buckets.swap_remove(at),
            None => Bucket { caller: caller.id.clone(), left: full, at: now, refusals: 0 },
        };
        if buckets.len() >= MOST {
            // Those that are full again are as good as new ones.
            buckets.retain(|bucket| (now - bucket.at) < WINDOW as i64);
            buckets.truncate(MOST / 2);
        }
        bucket.left = full.min(bucket.left + (now - bucket.at).max(0) as f64 * full / WINDOW);
        bucket.at = now;
        let passes = bucket.left >= 1.0;
        bucket.refusals = if passes { 0 } else { bucket.refusals.saturating_add(1) };
        if passes {
            bucket.left -= 1.0;
        }
        let seconds = |requests: f64| (requests * WINDOW / full / 1000.0).ceil() as u64;
        let quota = Quota { rate, left: bucket.left as u32, reset: seconds(full - bucket.left) };
        let wait = seconds(1.0 - bucket.left).max(1);
        buckets.push(bucket);
        if passes {
            return Ok(Some(quota));
        }
        let message = format!("this key may send {rate} requests a minute; go on in {wait} s");
        let mut problem = Problem::new(Refusal::RateLimited, message).header("retry-after", wait.to_string());
        for (name, value) in quota.headers() {
            problem = problem.header(name, value);
        }
        // What clients of mem0 read into their error.
        for (name, value) in
            [("x-ratelimit-limit", rate.into()), ("x-ratelimit-remaining", 0), ("x-ratelimit-reset", wait)]
        {
            problem = problem.header(name, value.to_string());
        }
        Err(problem)
    }
}

impl Limits {
    /// How many of a caller's last requests in a row were beyond its limit.
    pub fn refusals(&self, caller: &Caller) -> u32 {
        let buckets = self.0.borrow();
        buckets.iter().find(|bucket| bucket.caller == caller.id).map_or(0, |bucket| bucket.refusals)
    }
}

impl Quota {
    /// The answer with what is left.
    pub fn tell(&self, mut answer: Answer) -> Answer {
        for (name, value) in self.headers() {
            answer = answer.with(name, value);
        }
        answer
    }

    fn headers(&self) -> [(&'static str, String); 2] {
        let Quota { rate, left, reset } = self;
        [
            ("ratelimit-policy", format!("\"key\";q={rate};w=60")),
            ("ratelimit", format!("\"key\";r={left};t={reset}")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::caller;

    #[test]
    fn a_bucket_empties_and_fills_up_evenly() {
        let limits = Limits::default();
        let key = Caller { rate: Some(3), ..caller("acme", "p") };
        let other = Caller { id: "other".into(), ..key.clone() };
        let take = |caller: &Caller, now| limits.take(caller, 100, now).map(|quota| quota.unwrap().left);
        assert_eq!([0, 0, 1].map(|now| take(&key, now).unwrap()), [2, 1, 0]);
        let answer = take(&key, 2).unwrap_err().answer();
        let header =
            |name| answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(answer.status, 429);
        assert_eq!(header("retry-after"), Some("20"));
        assert_eq!(header("ratelimit-policy"), Some("\"key\";q=3;w=60"));
        assert_eq!(header("ratelimit"), Some("\"key\";r=0;t=60"));
        assert_eq!(header("x-ratelimit-remaining"), Some("0"));
        assert_eq!(take(&other, 2).unwrap(), 2);
        assert_eq!(take(&key, 20_001).unwrap(), 0);
        assert!(take(&key, 20_002).is_err());
        assert_eq!(take(&key, 200_000).unwrap(), 2, "not more than full");
        assert_eq!(take(&key, 0).unwrap(), 1, "a clock that was set back gives nothing");
    }

    #[test]
    fn tokens_of_the_deployment_have_no_limit_and_buckets_do_not_pile_up() {
        let limits = Limits::default();
        let root = Caller { is_root: true, ..caller("acme", "p") };
        assert_eq!(limits.take(&root, 1, 0), Ok(None));
        assert_eq!(limits.take(&caller("acme", "p"), 0, 0), Ok(None));
        for at in 0..2 * MOST {
            let key = Caller { id: at.to_string(), ..caller("acme", "p") };
            assert!(limits.take(&key, 5, 0).unwrap().is_some());
        }
        assert!(limits.0.borrow().len() <= MOST);
    }
}
