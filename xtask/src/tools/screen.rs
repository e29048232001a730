//! A screen that nobody sees, for a browser that does not start without one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Result;

/// Ends with the value.
pub struct Screen {
    server: Child,
    name: String,
}

impl Screen {
    /// Starts an X server that finds a free number by itself.
    pub fn start(program: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| format!("{}: {error}", program.display());
        let mut server = Command::new(program)
            .args(["-displayfd", "1", "-nolisten", "tcp"])
            .args(["-screen", "0", "1024x768x24"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let mut number = String::new();
        let read = match server.stdout.take() {
            Some(stdout) => BufReader::new(stdout).read_line(&mut number),
            None => Ok(0),
        };
        let screen = Self {
            server,
            name: format!(":{}", number.trim()),
        };
        match read.map_err(failed)? {
            0 => Err(format!("{} ended without a screen", program.display())),
            _ => Ok(screen),
        }
    }

    /// The value of `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
