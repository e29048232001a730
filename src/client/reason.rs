//! What is behind an error, outside of the manager: its texts, because what
//! the platform throws belongs to one thread.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use wasm_bindgen::{JsCast, JsValue};

use super::document::member;

/// What the platform threw, or what the application's own function or storage
/// said.
#[derive(Clone, PartialEq)]
pub(super) struct Reason(Arc<Said>);

#[derive(PartialEq)]
struct Said {
    /// The name of an exception, such as `AbortError`.
    name: Option<String>,
    message: String,
    source: Option<Reason>,
    /// An error of ours that the application passed on.
    own: Option<super::error::Error>,
}

impl Reason {
    fn new(name: Option<String>, message: String, source: Option<Self>) -> Self {
        Self(Arc::new(Said {
            name,
            message,
            source,
            own: None,
        }))
    }

    pub fn own(&self) -> Option<&super::error::Error> {
        self.0.own.as_ref()
    }

    pub fn of_text(message: &str) -> Self {
        Self::new(None, message.to_owned(), None)
    }

    /// The texts of an error and of what is behind it.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let source = error.source().map(Self::of);
        Self(Arc::new(Said {
            name: None,
            message: error.to_string(),
            source,
            own: error.downcast_ref().cloned(),
        }))
    }

    pub fn is_named(&self, name: &str) -> bool {
        self.0.name.as_deref() == Some(name)
    }
}

impl From<JsValue> for Reason {
    fn from(thrown: JsValue) -> Self {
        let text = |name| member(&thrown, name).and_then(|found| found.as_string());
        let said = text("message").or_else(|| thrown.as_string());
        let name = text("name").filter(|_| thrown.is_object());
        let message = said.unwrap_or_else(|| match thrown.is_instance_of::<js_sys::Error>() {
            true => "an exception without a message".to_owned(),
            false => "something that is no error".to_owned(),
        });
        Self::new(name, message, None)
    }
}

impl From<Box<dyn Error>> for Reason {
    fn from(error: Box<dyn Error>) -> Self {
        Self::of(&*error)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.0.name {
            f.write_str(name)?;
            f.write_str(": ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Reason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.0.source.as_ref()?;
        Some(source)
    }
}
