//! Many changes, each asked of the object that holds its memory: one request for all of an object.

use serde_json::Value;

use super::router::Router;
use super::{call_request, read_answer, wire};
use crate::error::{ErrorKind, Result};
use crate::record::MemoryId;

impl Router {
    /// Changes memories, as [`Memory::change_all`](super::super::Memory::change_all) does, one object after the other.
    pub(super) async fn change_all(&self, arguments: &[Value]) -> Result<Value> {
        // The empty memory says what is wrong with a change, before any object is asked, and knows none of the ids.
        let mut total = wire::local(self.blank(), "changeAll", arguments).await?;
        let mut parts: Vec<(String, Vec<Value>)> = Vec::new();
        for change in arguments[0].as_array().map_or(&[][..], Vec::as_slice) {
            let prefix = change["id"].as_str().and_then(MemoryId::parse).and_then(MemoryId::partition_prefix);
            for object in prefix.map(|prefix| self.routing.objects(&prefix)).unwrap_or_default() {
                match parts.iter_mut().find(|(known, _)| *known == object) {
                    Some((_, part)) => part.push(change.clone()),
                    None => parts.push((object, vec![change.clone()])),
                }
            }
        }
        let options = arguments.get(1).cloned().unwrap_or_default();
        for (object, part) in parts {
            let request = call_request("changeAll", &[part.into(), options.clone()]);
            let Some(answer) = self.ask(&[object], &request).await.pop() else { continue };
            let mut told = match answer.and_then(|answer| read_answer(&answer)) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => object!({ "failure": wire::error(&error) }),
                Ok(told) => told,
            };
            for name in ["done", "gone"] {
                if let (Value::Array(total), Value::Array(ids)) = (&mut total[name], told[name].take()) {
                    total.extend(ids);
                }
            }
            if !told["failure"].is_null() {
                total["failure"] = told["failure"].take();
                break;
            }
        }
        Ok(total)
    }
}
