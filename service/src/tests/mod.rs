//! Tests through the whole service, by subject, and the host that they share.

mod audit;
mod batch;
mod keys;
mod mcp;
mod passing;
mod tenants;

use std::rc::Rc;

use edgemem::Memory;
use edgemem::store::{ByteStore, RESERVED};
use futures_executor::block_on;
use serde_json::{Value, json};

use crate::http::{Answer, Head};
use crate::service::Service;
use crate::settings::Settings;
use crate::testing::{Clock, InProcess, Slow, started};

/// A service whose deployment knows the token `root`.
struct Host {
    service: Service,
    clock: Rc<Clock>,
}

const ROOT: &str = "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2";

impl Host {
    fn new(variables: &[(&str, &str)]) -> Host {
        let find = |name: &str| match variables.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Some((*value).to_owned()),
            None => (name == "EDGEMEM_TOKEN_HASHES").then(|| ROOT.to_owned()),
        };
        Host::over(Memory::in_process(), Clock::new(), find)
    }

    /// Over this memory, whose clock it is.
    fn over(memory: Memory, clock: Rc<Clock>, variables: impl Fn(&str) -> Option<String>) -> Host {
        let tenants = Rc::new(InProcess::default());
        Host { service: Service::new(Settings::read(variables), Ok(memory), clock.clone(), tenants), clock }
    }

    fn send(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Value,
        more: &[(&str, &str)],
    ) -> (Answer, Option<String>) {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let head = Head::new(method, &format!("https://memory.example{path}"), headers);
        let read = async |_| Ok(body.to_string().into_bytes());
        let answered = block_on(self.service.answer(&head, read));
        assert_eq!(block_on(self.service.settle()), None);
        answered
    }

    fn ask(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (answer, _) = self.send(token, method, path, body, &[]);
        (answer.status, answer.body.unwrap())
    }

    /// What a tool answers over MCP, and the status of the request.
    fn tool(&self, token: &str, query: &str, name: &str, arguments: Value) -> (u16, Value) {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": name, "arguments": arguments },
        });
        let (status, answer) = self.ask(token, "POST", &format!("/mcp{query}"), call);
        let text = answer["result"]["content"][0]["text"].as_str();
        let told = text.map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into()));
        (status, told.unwrap_or(answer))
    }

    /// The audit log, newest first: method, route, status and subject.
    fn log(&self, org: &str) -> Vec<String> {
        let (_, log) = self.ask("root", "GET", &format!("/v1/admin/audit?org_id={org}"), json!({}));
        let told = |note: &Value| {
            let text = |name: &str| note[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {} {}", text("method"), text("route"), note["status"], note["subject"])
        };
        log["results"].as_array().unwrap().iter().map(told).collect()
    }

    /// The code of a refusal.
    fn code(&self, token: &str, method: &str, path: &str, body: Value) -> String {
        let (status, body) = self.ask(token, method, path, body);
        format!("{status} {}", body["code"].as_str().unwrap_or_default())
    }

    fn key(&self, wish: Value) -> String {
        let (status, made) = self.ask("root", "POST", "/v1/admin/keys", wish);
        assert_eq!(status, 200, "{made}");
        made["key"].as_str().unwrap().to_owned()
    }

    fn remember(&self, token: &str, text: &str) -> String {
        let (_, added) =
            self.ask(token, "POST", "/v1/memories", json!({ "messages": text, "user_id": "ann" }));
        added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}")).to_owned()
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}
