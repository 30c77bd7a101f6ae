//! Real HTTP for tests of models: a server with scripted replies, and a [`Fetch`] over plain sockets.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{ErrorKind as IoKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use edgemem::host::fetch::{Fetch, FetchError, HttpRequest, HttpResponse};
use edgemem::host::{Gate, Host, LocalFuture};
use serde_json::{Value, json};

/// One request as the server saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A server that answers its n-th request with the n-th reply of its script, and then keeps to the last.
pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server that speaks OpenAI's protocol.
    pub fn start(script: Vec<Value>) -> Server {
        Server::speaking(openai(), script)
    }

    /// A server that speaks a protocol of `tests/cases/providers.json`.
    pub fn speaking(protocol: Value, script: Vec<Value>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, script, protocol) = (Arc::clone(&log), script.clone(), protocol.clone());
                // A client that hangs up early is part of several cases.
                thread::spawn(move || answer(stream, &script, &protocol, &log).unwrap_or(()));
            }
        });
        Server { url, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no poisoned server").clone()
    }
}

fn openai() -> Value {
    json!({ "texts": "/input", "text": "", "list": "/data", "numbers": "/embedding", "indexed": true })
}

fn answer(
    mut stream: TcpStream,
    script: &[Value],
    protocol: &Value,
    log: &Mutex<Vec<Seen>>,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut piece = [0; 65536];
    let head = loop {
        let n = stream.read(&mut piece)?;
        bytes.extend_from_slice(&piece[..n]);
        match bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(end) => break end,
            None if n == 0 => return Ok(()),
            None => {}
        }
    };
    let (first, headers) = parse_head(&bytes[..head]);
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap_or(0));
    while bytes.len() < head + 4 + length {
        let n = stream.read(&mut piece)?;
        bytes.extend_from_slice(&piece[..n]);
    }
    let body: Value = serde_json::from_slice(&bytes[head + 4..]).expect("requests are JSON");
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let number = {
        let mut log = log.lock().expect("no poisoned log");
        log.push(Seen { path, headers, body: body.clone() });
        log.len()
    };
    write_reply(&mut stream, &script[(number - 1).min(script.len() - 1)], &body, protocol)
}

/// Writes one reply of a script; `tests/cases/models.json` and `providers.json` say what a reply can hold.
fn write_reply(
    stream: &mut TcpStream,
    reply: &Value,
    request: &Value,
    protocol: &Value,
) -> std::io::Result<()> {
    thread::sleep(Duration::from_millis(reply["delay"].as_u64().unwrap_or(0)));
    let body = match reply["text"].as_str() {
        Some(text) => text.to_owned(),
        None => content(reply, request, protocol).to_string(),
    };
    let endless = reply["endless"] == true;
    let mut head =
        format!("HTTP/1.1 {} Scripted\r\nconnection: close\r\n", reply["status"].as_u64().unwrap_or(200));
    if !endless {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for (name, value) in reply["headers"].as_object().into_iter().flatten() {
        head.push_str(&format!("{name}: {}\r\n", value.as_str().unwrap_or_default()));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    if endless {
        loop {
            stream.write_all(&[b' '; 65536])?;
        }
    }
    let cut = reply["drop"].as_u64().map_or(body.len(), |n| n as usize);
    stream.write_all(&body.as_bytes()[..cut.min(body.len())])
}

/// The vector that the scripted server gives a text: its characters, its first one, and a half.
pub fn vector_of(text: &str) -> Vec<f32> {
    vec![text.chars().count() as f32, text.chars().next().map_or(0, u32::from) as f32, 0.5]
}

/// The score that the scripted server gives a text: a hundredth for each of its characters.
pub fn score_of(text: &str) -> f32 {
    text.chars().count() as f32 / 100.0
}

/// What a reply says, in the form of the protocol.
fn content(reply: &Value, request: &Value, protocol: &Value) -> Value {
    let field = |name: &str| protocol[name].as_str().unwrap_or_default();
    let texts = || -> Vec<String> {
        let list = request.pointer(field("texts")).and_then(Value::as_array).expect("texts in the request");
        list.iter()
            .map(|item| item.pointer(field("text")).and_then(Value::as_str).expect("a text").to_owned())
            .collect()
    };
    let scoring = |scores: Vec<Value>| {
        let item = |pair: &Value| json!({ "index": pair[0], "relevance_score": pair[1] });
        put(field("list"), scores.iter().map(item).collect())
    };
    if let Some(said) = reply["refusal"].as_str() {
        let said = json!(said).to_string();
        let refusal = protocol["refusal"].to_string().replace("{said}", said.trim_matches('"'));
        return serde_json::from_str(&refusal).expect("a refusal is JSON");
    }
    if let Some(answer) = reply.get("answer") {
        let finish = &protocol["finish"][reply["finish"].as_str().unwrap_or("stop")];
        let filled = protocol["reply"].to_string().replace("\"{answer}\"", &answer.to_string());
        let filled = filled.replace("\"{finish}\"", &finish.to_string());
        return serde_json::from_str(&filled).expect("an answer is JSON");
    }
    if reply["rank"] == true {
        let mut scores: Vec<(usize, f32)> = texts().iter().map(|text| score_of(text)).enumerate().collect();
        scores.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        return scoring(scores.iter().map(|(index, score)| json!([index, score])).collect());
    }
    if let Some(scores) = reply["scores"].as_array() {
        return scoring(scores.clone());
    }
    let vectors: Vec<Value> = match (&reply["vectors"], &reply["embed"]) {
        (Value::Array(vectors), _) => vectors.clone(),
        (_, Value::String(_)) => texts().iter().map(|text| json!(vector_of(text))).collect(),
        _ => return reply["json"].clone(),
    };
    let indexed = protocol["indexed"] == true;
    let item = |(index, vector): (usize, Value)| {
        let mut item = put(field("numbers"), vector);
        if indexed {
            item["index"] = json!(index);
        }
        item
    };
    let mut items: Vec<Value> = vectors.into_iter().enumerate().map(item).collect();
    if indexed && reply["embed"] == "shuffled" {
        items.reverse();
    }
    put(field("list"), Value::Array(items))
}

/// The object that has `value` at a JSON pointer; at the empty one, the value itself.
fn put(pointer: &str, value: Value) -> Value {
    pointer
        .split('/')
        .skip(1)
        .collect::<Vec<_>>()
        .into_iter()
        .rfold(value, |inner, key| json!({ key: inner }))
}

fn parse_head(head: &[u8]) -> (String, Vec<(String, String)>) {
    let head = String::from_utf8_lossy(head).into_owned();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    (first, headers)
}

/// HTTP/1.1 over a socket per request. Pauses are not slept but noted, and move the clock that it shares
/// with [`TestHost`].
#[derive(Default)]
pub struct SocketFetch {
    pub clock: Rc<Cell<f64>>,
    pub pauses: RefCell<Vec<f64>>,
    pub aborted: Cell<bool>,
    /// Aborts in the n-th pause.
    pub abort_in_pause: Option<usize>,
    /// How far the clock moves with every request, in ms.
    pub request_takes: f64,
}

impl SocketFetch {
    fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, FetchError> {
        let started = Instant::now();
        let rest = request.url.strip_prefix("http://").expect("tests speak plain http");
        let (authority, path) = rest.split_once('/').expect("addresses have a path");
        let mut stream = TcpStream::connect(authority).map_err(network)?;
        let mut head = format!("{} /{path} HTTP/1.1\r\nhost: {authority}\r\n", request.method);
        for (name, value) in &request.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", request.body.len()));
        stream.write_all(head.as_bytes()).map_err(network)?;
        stream.write_all(&request.body).map_err(network)?;
        let mut bytes = Vec::new();
        let mut piece = vec![0; 65536];
        loop {
            let left = request.timeout_ms - started.elapsed().as_secs_f64() * 1000.0;
            if left < 1.0 {
                return Err(FetchError::Timeout);
            }
            stream.set_read_timeout(Some(Duration::from_millis(left as u64))).map_err(network)?;
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => bytes.extend_from_slice(&piece[..n]),
                Err(error) if matches!(error.kind(), IoKind::WouldBlock | IoKind::TimedOut) => {
                    return Err(FetchError::Timeout);
                }
                Err(error) => return Err(network(error)),
            }
            if bytes.len() > request.max_response + 65536 {
                return Err(FetchError::TooLarge);
            }
        }
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(|| network("no response"))?;
        let (first, headers) = parse_head(&bytes[..end]);
        let status =
            first.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| network("no status"))?;
        let response = HttpResponse { status, headers, body: bytes.split_off(end + 4) };
        match response.header("content-length").and_then(|n| n.parse::<usize>().ok()) {
            Some(length) if length != response.body.len() => Err(network("connection closed mid-body")),
            _ => Ok(response),
        }
    }
}

fn network(error: impl ToString) -> FetchError {
    FetchError::Network(error.to_string())
}

impl Fetch for SocketFetch {
    fn send(&self, request: HttpRequest) -> LocalFuture<'_, Result<HttpResponse, FetchError>> {
        Box::pin(async move {
            self.clock.set(self.clock.get() + self.request_takes);
            self.exchange(&request)
        })
    }

    fn sleep(&self, ms: f64) -> LocalFuture<'_, ()> {
        Box::pin(async move {
            self.pauses.borrow_mut().push(ms);
            self.clock.set(self.clock.get() + ms);
            if self.abort_in_pause == Some(self.pauses.borrow().len()) {
                self.aborted.set(true);
            }
        })
    }

    fn aborted(&self) -> bool {
        self.aborted.get()
    }
}

/// A host whose clock only moves with the pauses and requests of a [`SocketFetch`].
pub struct TestHost {
    pub clock: Rc<Cell<f64>>,
    pub random: u64,
}

impl Host for TestHost {
    fn now(&self) -> i64 {
        784_111_777_000 + self.clock.get() as i64
    }

    fn monotonic(&self) -> f64 {
        self.clock.get()
    }

    fn random(&self) -> u64 {
        self.random
    }

    fn gate(&self) -> Rc<dyn Gate> {
        unreachable!("models do not queue")
    }
}

/// Runs a future that never really waits.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}
