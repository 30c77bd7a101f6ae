//! The JavaScript host: awaiting promises, a queue made of promises, the clock, randomness.
//!
//! A call from the npm package is a [`Task`] that JavaScript itself drives: it steps the task, awaits the
//! promise that the task is waiting for, and steps it again. So no Rust waker ever crosses from one
//! request of a Worker to another, and a trap surfaces in the very call that caused it, as an exception
//! of `step`. Under any other executor (workers-rs) the same futures fall back to `JsFuture`.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::{Date, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{Gate, Host, LocalFuture, Permit};

thread_local! {
    /// The mailbox of the task that is being stepped right now, if JavaScript is driving.
    static DRIVEN: RefCell<Option<Rc<Mailbox>>> = const { RefCell::new(None) };
}

/// What passes between a task and its driver: the promise waited for, and how it settled.
#[derive(Default)]
struct Mailbox {
    awaiting: RefCell<Option<Promise>>,
    settled: RefCell<Option<Result<JsValue, JsValue>>>,
}

/// A future that JavaScript drives to its end.
pub struct Task {
    future: RefCell<Option<LocalFuture<'static, ()>>>,
    mailbox: Rc<Mailbox>,
}

impl Task {
    /// A task around this future, not yet started.
    pub fn new(future: LocalFuture<'static, ()>) -> Task {
        Task { future: RefCell::new(Some(future)), mailbox: Rc::default() }
    }

    /// Runs until the future has to wait, and returns the promise it waits for; `None` when it is done.
    /// From the second step on, `settled` tells how that promise ended.
    pub fn step(&self, settled: Option<Result<JsValue, JsValue>>) -> Option<Promise> {
        *self.mailbox.settled.borrow_mut() = settled;
        let mut future = self.future.borrow_mut().take()?;
        loop {
            let outer = DRIVEN.replace(Some(Rc::clone(&self.mailbox)));
            let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            DRIVEN.set(outer);
            match polled {
                Poll::Ready(()) => return None,
                Poll::Pending => {
                    if let Some(promise) = self.mailbox.awaiting.borrow_mut().take() {
                        *self.future.borrow_mut() = Some(future);
                        return Some(promise);
                    }
                    // Pending without a promise: a combinator that wakes itself. Poll it again.
                }
            }
        }
    }
}

/// Awaits a JavaScript promise, under our driver or under anyone else's executor.
pub fn wait(promise: Promise) -> impl Future<Output = Result<JsValue, JsValue>> {
    Wait { promise: Some(promise), fallback: None, driven: Cell::new(false) }
}

struct Wait {
    promise: Option<Promise>,
    fallback: Option<JsFuture<JsValue>>,
    driven: Cell<bool>,
}

impl Future for Wait {
    type Output = Result<JsValue, JsValue>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(promise) = self.promise.take() {
            let mailbox = DRIVEN.with_borrow(Clone::clone);
            match mailbox {
                Some(mailbox) => {
                    self.driven.set(true);
                    *mailbox.awaiting.borrow_mut() = Some(promise);
                    return Poll::Pending;
                }
                None => self.fallback = Some(JsFuture::from(promise)),
            }
        }
        if self.driven.get() {
            let mailbox = DRIVEN.with_borrow(Clone::clone);
            let settled = mailbox.and_then(|mailbox| mailbox.settled.borrow_mut().take());
            return settled.map_or(Poll::Pending, Poll::Ready);
        }
        match &mut self.fallback {
            Some(future) => Pin::new(future).poll(context),
            None => Poll::Pending,
        }
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_random(bytes: &js_sys::Uint8Array);

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, ms: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// The host of the npm package and of Workers.
#[derive(Default)]
pub struct JsHost;

impl Host for JsHost {
    fn now(&self) -> i64 {
        Date::now() as i64
    }

    fn monotonic(&self) -> f64 {
        performance_now()
    }

    fn random(&self) -> u64 {
        let bytes = js_sys::Uint8Array::new_with_length(8);
        fill_random(&bytes);
        let mut out = [0; 8];
        bytes.copy_to(&mut out);
        u64::from_le_bytes(out)
    }

    fn gate(&self) -> Rc<dyn Gate> {
        Rc::new(PromiseGate { tail: RefCell::new(None) })
    }
}

/// How long a queued call waits for the one before it, in ms. A Worker can cancel a request whose client
/// went away in the middle of a commit; its successor must not wait for ever. The store's version check
/// still keeps the two apart.
const ABANDONED_AFTER: f64 = 30_000.0;

struct PromiseGate {
    tail: RefCell<Option<Promise>>,
}

impl Gate for PromiseGate {
    fn enter(&self) -> LocalFuture<'_, Permit> {
        let mut release = None;
        let mine = Promise::new(&mut |resolve: Function, _reject: Function| {
            release = Some(resolve);
        });
        let before = self.tail.borrow_mut().replace(mine);
        // A call that is dropped while it waits passes its turn on: its promise then follows the one before.
        let turn = Rc::new(RefCell::new(before.clone().map_or(JsValue::UNDEFINED, JsValue::from)));
        let permit = Permit::new({
            let turn = Rc::clone(&turn);
            move || {
                if let Some(release) = release {
                    // Resolving a promise cannot fail.
                    let _ = release.call1(&JsValue::UNDEFINED, &turn.borrow());
                }
            }
        });
        Box::pin(async move {
            if let Some(before) = before {
                let mut timer = JsValue::UNDEFINED;
                let timeout = Promise::new(&mut |resolve: Function, _reject: Function| {
                    timer = set_timeout(&resolve, ABANDONED_AFTER);
                });
                let _ = wait(Promise::race(&js_sys::Array::of2(&before, &timeout))).await;
                clear_timeout(&timer);
            }
            *turn.borrow_mut() = JsValue::UNDEFINED;
            permit
        })
    }
}

/// Resolves after `ms`.
pub async fn sleep(ms: f64) {
    let promise = Promise::new(&mut |resolve: Function, _reject: Function| {
        set_timeout(&resolve, ms);
    });
    let _ = wait(promise).await;
}
