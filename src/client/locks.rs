//! The Web Lock that the tabs of one key share. Its name is the npm package's.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::AbortController;

use super::document::member;
use super::platform::{global, set};
use super::shell::Shell;
use crate::core::{Input, LockId};

// web-sys has these only under a flag that applications would have to set.
#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        granted: &Function,
    ) -> Result<Promise, JsValue>;
}

pub(super) struct Locks {
    name: String,
    shell: Weak<Shell>,
    asked: RefCell<Vec<(LockId, Rc<Lock>)>>,
}

/// A lock that was asked for.
struct Lock {
    waiting: AbortController,
    /// Gives it back, once it was granted.
    release: RefCell<Option<Function>>,
}

/// The platform's locks, if this page has any.
fn manager() -> Option<LockManager> {
    member(&global("navigator")?, "locks").map(JsCast::unchecked_into)
}

pub(super) fn are_there() -> bool {
    manager().is_some()
}

impl Locks {
    pub fn new(name: String, shell: Weak<Shell>) -> Self {
        Self {
            name,
            shell,
            asked: RefCell::default(),
        }
    }

    /// Reports once the lock is held, until `unlock`; then if another tab
    /// takes it away.
    pub fn lock(&self, id: LockId, steal: bool, shared: bool) {
        self.unlock(id);
        let (Some(manager), Ok(waiting)) = (manager(), AbortController::new()) else {
            return self.report(Input::LockUnavailable { lock: id });
        };
        let lock = Rc::new(Lock {
            waiting,
            release: RefCell::default(),
        });
        self.asked.borrow_mut().push((id, lock.clone()));
        let options = Object::new();
        let (name, value) = match steal {
            true => ("steal", JsValue::TRUE),
            false => ("signal", lock.waiting.signal().into()),
        };
        set(&options, name, value);
        if shared {
            set(&options, "mode", "shared");
        }
        let granted = {
            let (shell, lock) = (self.shell.clone(), lock.clone());
            Closure::once_into_js(move |_: JsValue| -> JsValue {
                let Some(shell) = shell.upgrade().filter(|shell| shell.locks.has(&lock)) else {
                    return JsValue::UNDEFINED;
                };
                let held = Promise::new(&mut |resolve, _| {
                    lock.release.replace(Some(resolve));
                });
                shell.feed(Input::Granted { lock: id });
                held.into()
            })
        };
        let asked = manager.request(&self.name, &options, granted.unchecked_ref());
        let shell = self.shell.clone();
        spawn_local(async move {
            let refused = match asked {
                Ok(asked) => JsFuture::from(asked).await.is_err(),
                Err(_) => true,
            };
            // Stolen, or refused to a page such as this; what was given back
            // is not there any more.
            let shell = shell.upgrade().filter(|shell| shell.locks.has(&lock));
            if let Some(shell) = shell.filter(|_| refused) {
                let was_granted = lock.release.borrow().is_some();
                shell.feed(match was_granted {
                    true => Input::Robbed { lock: id },
                    false => Input::LockUnavailable { lock: id },
                });
            }
        });
    }

    fn has(&self, lock: &Rc<Lock>) -> bool {
        let asked = self.asked.borrow();
        asked.iter().any(|(_, own)| Rc::ptr_eq(own, lock))
    }

    fn report(&self, input: Input<'_>) {
        if let Some(shell) = self.shell.upgrade() {
            shell.feed(input);
        }
    }

    pub fn unlock(&self, id: LockId) {
        let lock = {
            let mut asked = self.asked.borrow_mut();
            let at = asked.iter().position(|(own, _)| *own == id);
            at.map(|at| asked.swap_remove(at).1)
        };
        if let Some(lock) = lock {
            lock.waiting.abort();
            if let Some(release) = lock.release.take() {
                let _ = release.call0(&JsValue::UNDEFINED);
            }
        }
    }

    /// Gives everything back.
    pub fn leave(&self) {
        while let Some((id, _)) = { self.asked.borrow().last().cloned() } {
            self.unlock(id);
        }
    }
}
