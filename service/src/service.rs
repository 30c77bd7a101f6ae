//! From a request to its answer.

use std::cell::Cell;
use std::rc::Rc;

use edgemem::Memory;
use edgemem::host::Host;
use edgemem::store::ByteStore;
use serde_json::{Map, Value, json};

use crate::admin::{self, Errand};
use crate::auth::Caller;
use crate::body;
use crate::bounds::check_ids;
use crate::desk::Desk;
use crate::gate::{Gate, Noted, Visit};
use crate::http::{Answer, Head};
use crate::idempotency::{self, Claim, Ticket};
use crate::mcp::{self, Door};
use crate::mem0::{self, Asked};
use crate::named;
use crate::openapi;
use crate::problem::{Problem, Refusal};
use crate::query;
use crate::relay;
use crate::route::{Route, Want};
use crate::router;
use crate::routes::MCP;
use crate::settings::Settings;
use crate::tenant::Tenants;

/// The service: what the host's variables say, the memory that all requests share, and who may ask for what of it.
pub struct Service {
    settings: Result<Settings, Problem>,
    /// The memory of the default tenant, beside which keys are kept.
    memory: Result<Rc<Memory>, Problem>,
    gate: Gate,
}

impl Service {
    /// A service with the host's variables, or what is wrong with them, over a memory, or why there is none.
    pub fn new(
        settings: Result<Settings, Problem>,
        memory: Result<Memory, Problem>,
        host: Rc<dyn Host>,
        tenants: Rc<dyn Tenants>,
    ) -> Service {
        Service { settings, memory: memory.map(Rc::new), gate: Gate::new(host, tenants) }
    }

    /// Answers a request. `read` reads the body, up to the number of bytes it is given. The second part is a
    /// line for the log, if there is something to tell.
    pub async fn answer(
        &self,
        head: &Head,
        read: impl AsyncFnOnce(usize) -> Result<Vec<u8>, Problem>,
    ) -> (Answer, Option<String>) {
        let settings = match &self.settings {
            Ok(settings) => settings,
            Err(problem) => return (problem.answer(), problem.log()),
        };
        if head.method == "OPTIONS" {
            let answer = Answer::empty().with("allow", router::allow(&head.path));
            let answer = settings.origins.preflight(head, router::METHODS, answer);
            return (settings.origins.apply(head, answer), None);
        }
        let mut visit = self.gate.visit(head);
        let mut served = self.serve(settings, head, &mut visit, read).await;
        if let (Err(problem), Ok(root)) = (&served, &self.memory)
            && problem.code() == "STORE_CONFLICT"
            && let Err(error) = root.check_plain(true).await
        {
            // The store refuses what is written in plain since somebody began to encrypt it.
            served = Err(error.into());
        }
        let pattern = router::pattern(&head.path);
        let served = self.note(settings, head, &mut visit, &pattern, served).await;
        let (answer, line) = self.gate.leave(visit, settings.lines, &head.method, &pattern, served);
        (settings.origins.apply(head, answer), line)
    }

    /// Notes a request for the audit log. What an administrator did is stored now: if it cannot be, that is the answer.
    async fn note(
        &self,
        settings: &Settings,
        head: &Head,
        visit: &mut Visit,
        pattern: &str,
        served: Result<Answer, Problem>,
    ) -> Result<Answer, Problem> {
        let want = router::route(&head.method, &head.path).map(|(route, _)| route.want);
        let (writes, administers) = want.map_or((false, false), |it| (it.writes(), it.administers()));
        let status = match &served {
            Ok(answer) => answer.status,
            Err(problem) => problem.status(),
        };
        if visit.noted.is_none() && writes && (served.is_err() || administers) {
            visit.noted = Some(Noted::default());
        }
        let is_left_out = !administers && (!settings.audit || visit.is_root());
        if is_left_out {
            return served;
        }
        let Some(note) = self.gate.note(visit, &head.method, pattern, status, administers) else {
            return served;
        };
        match &self.memory {
            Ok(memory) if administers && served.is_ok() => {
                self.gate.audit.store_now(&*memory.store(), note).await.map_err(Problem::from)?;
            }
            _ => self.gate.audit.note(note),
        }
        served
    }

    /// Stores what was noted of requests that are answered. Hosts call it when an answer is out, so that nobody waits
    /// for it; it is harmless at any time. What it returns is a line for the log.
    pub async fn settle(&self) -> Option<String> {
        let memory = self.memory.as_ref().ok()?;
        memory.check_plain(false).await.ok()?;
        self.gate.settle(&*memory.store()).await
    }

    async fn serve(
        &self,
        settings: &Settings,
        head: &Head,
        visit: &mut Visit,
        read: impl AsyncFnOnce(usize) -> Result<Vec<u8>, Problem>,
    ) -> Result<Answer, Problem> {
        let found = router::route(&head.method, &head.path);
        if let Ok((Route { want: want @ (Want::Health | Want::Ready), .. }, _)) = found {
            if *want == Want::Ready {
                // Whoever asks again and again reads the store no more often than keys are read anyway.
                let root = self.memory.as_ref().map_err(Clone::clone)?;
                root.check_plain(false).await?;
                self.gate.keys.ready(&*root.store()).await?;
            }
            let version = env!("CARGO_PKG_VERSION");
            let health = json!({ "status": "ok", "version": version, "store": settings.store.name() });
            return Ok(Answer::ok(health));
        }
        if let Ok((Route { want: Want::OpenApi, .. }, _)) = found {
            return Ok(Answer::ok(openapi::description()));
        }
        // Keys, logs and batches are kept beside memories.
        if let Ok(root) = &self.memory {
            root.check_plain(false).await?;
        }
        let caller = self.gate.enter(settings, &self.memory, head, visit).await?;
        named::check_head(&caller, head)?;
        let (route, texts) = found?;
        if route.want == Want::Missing {
            let message =
                "this service has no such part of mem0's platform; docs/rest.md lists what there is";
            return Err(Problem::new(Refusal::NotImplemented, message));
        }
        if route.want == Want::Mcp {
            return self.mcp(settings, &caller, head, visit, read).await;
        }
        let asked = query::read(&head.query, route.query)?;
        let (mut bytes, mut options) = (Vec::new(), Map::new());
        if route.has_body() {
            // A batch cannot be split, so what limits it is not what limits the requests that people write.
            let limit = match route.want {
                Want::RelayAppend => relay::MAX_BODY.max(settings.body_limit),
                _ => settings.body_limit,
            };
            body::check_head(head, limit)?;
            bytes = read(limit).await?;
            options = body::parse(&bytes)?;
            query::check(route, &options)?;
        }
        // What stands in the address wins.
        options.extend(asked);
        query::check_lengths(&options)?;
        let root = self.memory.as_ref().map_err(Clone::clone)?;
        let store = root.store();
        if let Some(errand) = errand(route.want, &texts) {
            let (body, noted) =
                admin::run(&self.gate, &*store, &caller, &errand, &options, settings.rate).await?;
            visit.noted = noted;
            return Ok(Answer::ok(body));
        }
        named::check_options(&caller, &mut options)?;
        let desk = self.desk(&caller).await?;
        // A deletion names whose memories it means, also where there is only one answer.
        if route.takes("user_id") && route.want != Want::DeleteAll {
            desk.stand_in(&mut options);
        }
        // What is read is not kept beside the memories: it would outlive their erasure.
        let claim = match route.want.writes() {
            true => idempotency::claim(&*store, &caller, head, &bytes, &self.gate.host).await?,
            false => None,
        };
        drop(bytes);
        if let Some(Claim::Answered(answer)) = claim {
            return Ok(answer);
        }
        let status = if route.want == Want::Export { 201 } else { 200 };
        let served = mem0::answer(route.want, Asked { desk: &desk, head, texts: &texts, options }).await;
        let served = served.map(|body| Answer { status, ..Answer::ok(body) }).map_err(Problem::from);
        visit.noted = noted(&desk);
        if let Some(Claim::Do(ticket)) = claim {
            let answer = served.as_ref().map_or_else(Problem::answer, Clone::clone);
            self.keep(ticket, &*store, &answer).await;
        }
        served
    }

    /// Answers a message of MCP, or several.
    async fn mcp(
        &self,
        settings: &Settings,
        caller: &Rc<Caller>,
        head: &Head,
        visit: &mut Visit,
        read: impl AsyncFnOnce(usize) -> Result<Vec<u8>, Problem>,
    ) -> Result<Answer, Problem> {
        let mut named = query::read(&head.query, MCP)?;
        named::check_options(caller, &mut named)?;
        check_ids(caller, &named)?;
        let bounds = settings.mcp.bound(&caller.bounds)?.narrowed(&head.query)?;
        body::check_head(head, settings.body_limit)?;
        let message = read(settings.body_limit).await?;
        body::check_values(&message)?;
        let desk = self.desk(caller).await?;
        let store = self.memory.as_ref().map_err(Clone::clone)?.store();
        // Whoever sends a call again gives it another number, which is what the answer then has.
        let numbered = head.header(idempotency::HEADER).and_then(|_| mcp::unnumbered(&message));
        let said = numbered.as_ref().map_or(&message, |(said, _)| said);
        let claim = idempotency::claim(&*store, caller, head, said, &self.gate.host).await?;
        let ticket = match claim {
            Some(Claim::Answered(mut answer)) => {
                if let (Some(Value::Object(body)), Some((_, id))) = (&mut answer.body, numbered) {
                    body.insert("id".to_owned(), id);
                }
                return Ok(answer);
            }
            Some(Claim::Do(ticket)) => Some(ticket),
            None => None,
        };
        let left = Cell::new(visit.quota);
        let count = || self.gate.count(settings, caller).map(|quota| left.set(quota));
        let door = Door::new(&desk, &bounds, head);
        let answer = mcp::answer(&door, &message, &count).await;
        visit.quota = left.get();
        visit.noted = noted(&desk);
        visit.failure = door.failure.take();
        if let Some(ticket) = ticket {
            let kept =
                Answer { status: if door.passing.get() { 503 } else { answer.status }, ..answer.clone() };
            self.keep(ticket, &*store, &kept).await;
        }
        Ok(answer)
    }

    /// Keeps the answer of a request with an idempotency key. The request was done, so it is answered as done also if its
    /// answer cannot be kept: whoever sends it again is told to wait for a minute, and then it is done anew.
    async fn keep(&self, ticket: Ticket, store: &dyn ByteStore, answer: &Answer) {
        drop(ticket.settle(store, answer, self.gate.host.now()).await);
    }

    /// The caller before the memory of its tenant.
    async fn desk(&self, caller: &Rc<Caller>) -> Result<Desk, Problem> {
        let root = self.memory.as_ref().map_err(Clone::clone)?;
        Ok(Desk::new(self.gate.tenants.of(caller, root).await?, Rc::clone(caller)))
    }
}

/// What is noted of what was written, if anything was.
fn noted(desk: &Desk) -> Option<Noted> {
    let noted = || Noted { tenant: None, subject: desk.touched().into(), refused: desk.refusal() };
    desk.writes().then(noted)
}

/// What an administrator wants, if it is for one.
fn errand(want: Want, texts: &[String]) -> Option<Errand> {
    Some(match want {
        Want::Keys => Errand::Keys,
        Want::MakeKey => Errand::Make,
        Want::RevokeKey => Errand::Revoke(texts.first().cloned().unwrap_or_default()),
        Want::Audit => Errand::Audit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::InProcess;
    use edgemem::host::native::NativeHost;
    use edgemem::store::{Commit, Entry, MemoryStore, RING_PARTITION};
    use futures_executor::block_on;

    fn service(pairs: &[(&str, &str)]) -> Service {
        let find = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|it| it.1.to_owned());
        let host = Rc::new(NativeHost::new());
        Service::new(Settings::read(find), Ok(Memory::in_process()), host, Rc::new(InProcess::default()))
    }

    fn ask(service: &Service, method: &str, path: &str, body: &str) -> (u16, Value) {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let head = Head::new(method, &format!("http://localhost:80{path}"), headers);
        let read = async |limit| {
            if body.len() > limit { Err(body::too_large(limit)) } else { Ok(body.as_bytes().to_vec()) }
        };
        let (answer, _) = block_on(service.answer(&head, read));
        (answer.status, answer.body.unwrap_or_default())
    }

    #[test]
    fn a_memory_lives_its_life() {
        let service = service(&[("EDGEMEM_DEV", "1")]);
        let body = r#"{"messages":"I moved to Lisbon","user_id":"alice","metadata":{"myKey":{"aB":1}}}"#;
        let (status, added) = ask(&service, "POST", "/v1/memories", body);
        assert_eq!((status, &added["results"][0]["event"]), (200, &json!("ADD")), "{added}");
        let id = added["results"][0]["id"].as_str().unwrap().to_owned();

        let (_, item) = ask(&service, "GET", &format!("/v1/memories/{id}/"), "");
        assert_eq!(item["memory"], "I moved to Lisbon");
        assert_eq!(item["metadata"], json!({ "myKey": { "aB": 1 } }));
        assert!(item["created_at"].is_string() && item["createdAt"].is_null(), "{item}");

        let (_, found) =
            ask(&service, "POST", "/v1/search", r#"{"query":"Lisbon","user_id":"alice","explain":true}"#);
        assert!(found["results"][0]["score_details"]["final_score"].is_number(), "{found}");
        let (_, context) = ask(&service, "POST", "/v1/context", r#"{"query":"Lisbon","user_id":"alice"}"#);
        assert!(context["text"].as_str().unwrap().contains("Lisbon"));
        let (_, list) = ask(&service, "GET", "/v1/memories?user_id=alice&top_k=5", "");
        let filters = r#"{"filters":{"user_id":"alice"}}"#;
        let listed = ask(&service, "POST", "/v1/memories/list", filters).1;
        assert_eq!(listed["results"], list["results"]);
        assert_eq!(ask(&service, "POST", "/v3/memories/", filters).1["results"], list["results"]);
        assert_eq!(list["results"].as_array().map(Vec::len), Some(1));

        let (status, item) =
            ask(&service, "PUT", &format!("/v1/memories/{id}"), r#"{"text":"I moved to Porto"}"#);
        assert_eq!((status, &item["memory"]), (200, &json!("I moved to Porto")));
        let (_, history) = ask(&service, "GET", &format!("/v1/memories/{id}/history"), "");
        assert_eq!(history.as_array().map(Vec::len), Some(2));
        assert_eq!(ask(&service, "GET", "/v1/stats", "").1["loaded_partitions"], 1);
        assert_eq!(ask(&service, "DELETE", &format!("/v1/memories/{id}"), "").0, 200);
        assert_eq!(ask(&service, "GET", &format!("/v1/memories/{id}"), "").1["code"], "NOT_FOUND");
        assert_eq!(ask(&service, "DELETE", "/v1/memories?user_id=alice", "").0, 200);
    }

    #[test]
    fn nothing_is_written_beside_an_encrypted_memory_without_its_key() {
        let store = Rc::new(MemoryStore::default());
        let append = vec![Entry { key: "0000".repeat(8), bytes: vec![1] }];
        let ring = Commit { partition: RING_PARTITION.to_owned(), append, ..Commit::default() };
        block_on(store.commit(&ring)).unwrap();
        let host = Rc::new(NativeHost::new());
        let memory = Memory::new(Rc::clone(&store) as Rc<dyn ByteStore>, Rc::clone(&host) as Rc<dyn Host>);
        let settings = Settings::read(|name: &str| (name == "EDGEMEM_DEV").then(|| "1".to_owned()));
        let service = Service::new(settings, Ok(memory), host, Rc::new(InProcess::default()));
        for (method, path, body) in [
            ("GET", "/v1/admin/keys", ""),
            ("POST", "/v1/admin/keys", "{}"),
            ("POST", "/v1/relay/ann", r#"{"after":0,"label":"","data":"AAAA"}"#),
        ] {
            assert_eq!(ask(&service, method, path, body).1["code"], "KEY_REQUIRED", "{method} {path}");
        }
        assert_eq!(block_on(store.list("")).unwrap(), [RING_PARTITION]);
    }

    #[test]
    fn metadata_that_an_answer_could_not_hold_is_refused() {
        let service = service(&[("EDGEMEM_DEV", "1")]);
        for (levels, expected) in [(64, 200), (65, 400), (120, 400)] {
            let deep = "[".repeat(levels) + &"]".repeat(levels);
            let body = format!(r#"{{"messages":"tea","user_id":"alice","metadata":{{"deep":{deep}}}}}"#);
            assert_eq!(ask(&service, "POST", "/v1/memories", &body).0, expected, "{levels} levels");
        }
    }

    #[test]
    fn deletion_without_a_scope_deletes_nothing() {
        let service = service(&[("EDGEMEM_DEV", "1")]);
        ask(&service, "POST", "/v1/memories", r#"{"messages":"tea","user_id":"alice"}"#);
        for query in ["", "?", "?user_id=", "?userId=alice", "?filters=%7B%27user_id%27%7D", "?user_id=*"] {
            assert_eq!(ask(&service, "DELETE", &format!("/v1/memories/{query}"), "").0, 400, "{query}");
        }
        assert_eq!(ask(&service, "GET", "/v1/stats", "").1["memories"], 1);
    }

    #[test]
    fn a_batch_may_be_longer_than_other_bodies() {
        let service = service(&[("EDGEMEM_DEV", "1"), ("EDGEMEM_BODY_LIMIT", "1000")]);
        let batch =
            |length: usize| json!({ "after": 0, "label": "", "data": "a".repeat(length) }).to_string();
        assert_eq!(ask(&service, "POST", "/v1/memories", &batch(2000)).0, 413);
        assert_eq!(ask(&service, "POST", "/v1/relay/ann", &batch(relay::MAX_BODY)).0, 413);
        assert_eq!(ask(&service, "POST", "/v1/relay/ann", &batch(7_000_000)).1["sequence"], 1);
    }

    #[test]
    fn only_health_is_public() {
        let service = service(&[]);
        assert_eq!(ask(&service, "GET", "/health", "").1["store"], "durable-object");
        for path in ["/", "/v1/stats", "/v1/memories"] {
            assert_eq!(ask(&service, "GET", path, "").1["code"], "AUTH_NOT_CONFIGURED", "{path}");
        }
    }
}
