//! A value that is set once and awaited by many.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

struct State<T> {
    value: Option<T>,
    wakers: Vec<Waker>,
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
        for waker in wakers {
            waker.wake();
        }
    }

    pub fn is_set(&self) -> bool {
        self.0.borrow().value.is_some()
    }

    /// Whether both are the same signal.
    pub fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Clone> Future for Signal<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.borrow_mut();
        if let Some(value) = &state.value {
            return Poll::Ready(value.clone());
        }
        let waker = context.waker();
        if !state.wakers.iter().any(|known| known.will_wake(waker)) {
            state.wakers.push(waker.clone());
        }
        Poll::Pending
    }
}

/// Which of two futures was ready first; of two that are, the first counts.
pub(super) enum First<A, B> {
    One(A),
    Other(B),
}

pub(super) async fn first<A: Future, B: Future>(one: A, other: B) -> First<A::Output, B::Output> {
    let mut one = std::pin::pin!(one);
    let mut other = std::pin::pin!(other);
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
