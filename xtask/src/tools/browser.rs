//! Browsers and the programs that drive them.

use std::path::PathBuf;

use super::Tools;
use crate::{Result, process};

/// A browser that tests can run in. Another one is another constant.
pub struct Browser {
    pub name: &'static str,
    /// The option of `wasm-pack test` that chooses it.
    pub wasm_pack: &'static str,
    executable: Program,
    driver: Program,
    /// Debian's packages with both programs and what they need to be of use.
    packages: &'static [&'static str],
}

/// A program that a variable of the environment may name.
struct Program {
    variable: &'static str,
    names: &'static [&'static str],
}

/// Where a browser and its driver are.
pub struct Installed {
    pub executable: PathBuf,
    pub driver: PathBuf,
}

pub const CHROMIUM: Browser = Browser {
    name: "Chromium",
    wasm_pack: "--chrome",
    executable: Program {
        variable: "CHROMIUM",
        names: &[
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
        ],
    },
    driver: Program {
        variable: "CHROMEDRIVER",
        names: &["chromedriver"],
    },
    // Without a font of its own a bare machine shows pages without text.
    packages: &["chromium", "chromium-driver", "fonts-liberation"],
};

impl Tools<'_> {
    pub fn browser(&self, browser: &Browser) -> Result<Installed> {
        let by_hand = format!(
            "{} or its driver is missing: install {} and {} (Debian's packages: {}), \
             or name them in {} and {}",
            browser.name,
            browser.executable.names[0],
            browser.driver.names[0],
            browser.packages.join(" "),
            browser.executable.variable,
            browser.driver.variable,
        );
        self.apt(browser.packages, &by_hand, || browser.installed())
    }
}

impl Browser {
    fn installed(&self) -> Result<Option<Installed>> {
        Ok(match (self.executable.path()?, self.driver.path()?) {
            (Some(executable), Some(driver)) => Some(Installed { executable, driver }),
            _ => None,
        })
    }
}

impl Program {
    fn path(&self) -> Result<Option<PathBuf>> {
        match std::env::var_os(self.variable).map(PathBuf::from) {
            Some(path) if path.is_file() => Ok(Some(path)),
            Some(path) => Err(format!(
                "{} names {}, which is no file",
                self.variable,
                path.display()
            )),
            None => Ok(self.names.iter().find_map(|name| process::find(name))),
        }
    }
}
