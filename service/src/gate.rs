//! What a request passes before it is served and after it: who asks, how often, under which id, and what is noted of it.

use std::rc::Rc;

use edgemem::Memory;
use edgemem::host::Host;
use edgemem::store::ByteStore;
use edgemem::time::Timestamp;
use serde_json::{Value, json};

use crate::audit::{Audit, Note};
use crate::auth::{self, Caller};
use crate::beside::random_hex;
use crate::http::{Answer, Head};
use crate::keys::{PREFIX, Right};
use crate::limits::{Limits, Quota};
use crate::problem::Problem;
use crate::registry::Registry;
use crate::settings::{Lines, Settings};
use crate::tenant::{Open, Tenants};

/// The header of a request's id, in small letters.
pub const REQUEST_ID: &str = "x-request-id";
/// The longest id that is taken over from a request.
const MAX_REQUEST_ID: usize = 128;

/// What an instance knows of keys, tenants and limits.
pub struct Gate {
    /// Time and randomness.
    pub host: Rc<dyn Host>,
    /// The keys.
    pub keys: Registry,
    /// The tenants that are open.
    pub tenants: Open,
    /// Who wrote.
    pub audit: Audit,
    limits: Limits,
}

/// One request on its way through.
pub struct Visit {
    id: String,
    started: f64,
    caller: Option<Rc<Caller>>,
    /// What is left to its key.
    pub quota: Option<Quota>,
    /// What is noted in the audit log, if anything.
    pub noted: Option<Noted>,
    /// What failed of a request that was answered all the same.
    pub failure: Option<String>,
}

/// What is noted of a request beside what every note tells.
#[derive(Default)]
pub struct Noted {
    /// The organisation and the project that it is about, if they are not the caller's.
    pub tenant: Option<(String, String)>,
    /// [`Note::subject`].
    pub subject: Value,
    /// With which status a part of it was refused, if the answer has another.
    pub refused: Option<u16>,
}

impl Visit {
    /// Whether it is one of a token of the deployment.
    pub fn is_root(&self) -> bool {
        self.caller.as_ref().is_some_and(|caller| caller.is_root)
    }
}

impl Gate {
    /// Time and randomness are the host's, and so are the places of tenants.
    pub fn new(host: Rc<dyn Host>, tenants: Rc<dyn Tenants>) -> Gate {
        Gate {
            keys: Registry::new(Rc::clone(&host)),
            audit: Audit::new(Rc::clone(&host)),
            tenants: Open::new(tenants),
            limits: Limits::default(),
            host,
        }
    }

    /// Begins a visit. A request keeps the id that it came with, if that is a plain one.
    pub fn visit(&self, head: &Head) -> Visit {
        let plain = |id: &&str| {
            (1..=MAX_REQUEST_ID).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        };
        let id = head.header(REQUEST_ID).map(str::trim).filter(plain);
        let id = id.map_or_else(|| random_hex(&self.host, 32), str::to_owned);
        let started = self.host.monotonic();
        Visit { id, started, caller: None, quota: None, noted: None, failure: None }
    }

    /// Finds out who asks. `root` is the memory beside which keys are kept. What begins as a key does is a key, whatever
    /// else the deployment lets in.
    pub async fn enter(
        &self,
        settings: &Settings,
        root: &Result<Rc<Memory>, Problem>,
        head: &Head,
        visit: &mut Visit,
    ) -> Result<Rc<Caller>, Problem> {
        let caller = match auth::token(head).filter(|token| token.starts_with(PREFIX)) {
            Some(token) => {
                let store = root.as_ref().map_err(Clone::clone)?.store();
                self.keys.find(&*store, token).await?.into()
            }
            None => settings.access.check(head)?,
        };
        let caller = Rc::new(caller);
        visit.caller = Some(Rc::clone(&caller));
        visit.quota = self.count(settings, &caller)?;
        Ok(caller)
    }

    /// Counts a request, or a message of several in one request, and returns what is left. `RATE_LIMITED` beyond the limit.
    pub fn count(&self, settings: &Settings, caller: &Caller) -> Result<Option<Quota>, Problem> {
        self.limits.take(caller, settings.rate, self.host.now())
    }

    /// The note of a visit that ends with this status, if it is to be noted. `route` is the path's pattern; `errand`, whether
    /// it asks for what administrators do.
    pub fn note(
        &self,
        visit: &mut Visit,
        method: &str,
        route: &str,
        status: u16,
        errand: bool,
    ) -> Option<Note> {
        let (noted, caller) = (visit.noted.take()?, visit.caller.as_ref()?);
        // Who asks on and on beyond the limit must not fill the log: of such refusals in a row the first is noted.
        if status == 429 && self.limits.refusals(caller) > 1 {
            return None;
        }
        let own = || (caller.org.clone(), caller.project.clone());
        let (org, project) = noted.tenant.unwrap_or_else(own);
        Some(Note {
            at: self.host.now(),
            request: visit.id.clone(),
            caller: caller.id.clone(),
            org,
            project,
            method: method.to_owned(),
            route: route.to_owned(),
            status: noted.refused.unwrap_or(status),
            subject: noted.subject,
            mark: String::new(),
            // What others are refused is noted among writes, or else they could fill the log of administrators.
            administers: errand && caller.right == Right::Admin,
        })
    }

    /// Ends a visit: adds what every answer has, and returns a line for the log if there is something to tell. `route` is
    /// the path's pattern.
    pub fn leave(
        &self,
        visit: Visit,
        lines: Lines,
        method: &str,
        route: &str,
        served: Result<Answer, Problem>,
    ) -> (Answer, Option<String>) {
        let Visit { id, started, caller, quota, failure, .. } = visit;
        let (answer, problem) = match served {
            Ok(answer) => (answer, None),
            Err(problem) => (problem.answer(), Some(problem)),
        };
        // A refusal for too many requests, which leaves no quota, tells by itself.
        let answer = match quota {
            Some(quota) => quota.tell(answer),
            None => answer,
        };
        let answer = answer.with(REQUEST_ID, id.as_str());
        let (failed, now) = (answer.status >= 500 || failure.is_some(), self.host.now());
        if lines == Lines::None || (lines == Lines::Failures && !failed) {
            return (answer, None);
        }
        let ms = ((self.host.monotonic() - started) * 10.0).round() / 10.0;
        let mut line = json!({
            "time": Timestamp::clamped(now).to_string(), "level": if failed { "error" } else { "info" },
            "request_id": id, "method": method, "route": route, "status": answer.status, "ms": ms,
        });
        if let Some(caller) = &caller {
            line["key"] = caller.id.as_str().into();
            line["org_id"] = caller.org.as_str().into();
            line["project_id"] = caller.project.as_str().into();
        }
        if let Some(problem) = &problem {
            line["code"] = problem.code().into();
            // What lies beneath a failure is told; what is wrong with a request may quote it.
            if let Some(told) = problem.log() {
                line["message"] = told.into();
            }
        }
        if let Some(told) = failure {
            line["message"] = told.into();
        }
        (answer, Some(line.to_string()))
    }

    /// Stores what was noted. Hosts call it once an answer is out; what it returns is a line for the log.
    pub async fn settle(&self, store: &dyn ByteStore) -> Option<String> {
        let error = self.audit.store(store).await.err()?;
        let line = json!({
            "time": Timestamp::clamped(self.host.now()).to_string(), "level": "error", "code": error.code(),
            "message": "the audit log cannot be stored and waits", "cause": error.cause_text(),
        });
        Some(line.to_string())
    }
}
