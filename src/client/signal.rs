//! A value that is set once and awaited by many.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

struct State<T> {
    value: Option<T>,
    /// The tasks that wait; the place of one that does not any more is empty.
    wakers: Vec<Option<Waker>>,
}

/// Clones share the value.
pub(super) struct Signal<T>(Rc<RefCell<State<T>>>);

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Signal<T> {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(State {
            value: None,
            wakers: Vec::new(),
        })))
    }
}

impl<T> Signal<T> {
    /// Sets the value; the first one stays.
    pub fn set(&self, value: T) {
        let wakers = {
            let mut state = self.0.borrow_mut();
            if state.value.is_some() {
                return;
            }
            state.value = Some(value);
            std::mem::take(&mut state.wakers)
        };
        for waker in wakers.into_iter().flatten() {
            waker.wake();
        }
    }

    /// Waits for the value. Dropped before, it leaves nothing behind.
    pub fn wait(&self) -> Waiting<T> {
        Waiting {
            signal: self.clone(),
            place: None,
        }
    }
}

/// Waits for a signal.
pub(super) struct Waiting<T> {
    signal: Signal<T>,
    place: Option<usize>,
}

impl<T: Clone> Future for Waiting<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let signal = self.signal.clone();
        let mut state = signal.0.borrow_mut();
        if let Some(value) = &state.value {
            return Poll::Ready(value.clone());
        }
        let waker = Some(context.waker().clone());
        match self.place.and_then(|place| state.wakers.get_mut(place)) {
            Some(own) => *own = waker,
            None => {
                self.place = Some(state.wakers.len());
                state.wakers.push(waker);
            }
        }
        Poll::Pending
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut state = self.signal.0.borrow_mut();
        if let Some(own) = state.wakers.get_mut(place) {
            *own = None;
        }
        while state.wakers.last().is_some_and(Option::is_none) {
            state.wakers.pop();
        }
    }
}

/// Which of two futures was ready first; of two that are, the first counts.
pub(super) enum First<A, B> {
    One(A),
    Other(B),
}

pub(super) async fn first<A: Future, B: Future>(one: A, other: B) -> First<A::Output, B::Output> {
    let mut one = pin!(one);
    let mut other = pin!(other);
    std::future::poll_fn(move |context| {
        if let Poll::Ready(value) = one.as_mut().poll(context) {
            return Poll::Ready(First::One(value));
        }
        match other.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(First::Other(value)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
