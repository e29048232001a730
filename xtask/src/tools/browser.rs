//! Browsers and the programs that drive them.

use std::fs;
use std::path::{Path, PathBuf};

use super::Tools;
use super::cargo::QUICK;
use crate::{Result, process};

/// A browser that tests can run in. Another one is another constant.
pub struct Browser {
    pub name: &'static str,
    pub wasm_pack: Options,
    executable: Program,
    driver: Program,
    /// What a browser without a mode for machines without a screen is shown on.
    screen: Option<Program>,
    /// Debian's packages with these programs and what they need to be of use.
    packages: &'static [&'static str],
    /// The crate and the version of a driver that is in no package.
    driver_crate: Option<(&'static str, &'static str)>,
}

/// The options of `wasm-pack test` that choose a browser and its driver.
pub struct Options {
    pub browser: &'static str,
    pub driver: &'static str,
}

/// A program that a variable of the environment may name.
struct Program {
    variable: &'static str,
    names: &'static [&'static str],
    /// Where it is if not in PATH: the parts before and after the one folder
    /// whose name depends on the machine.
    elsewhere: Option<(&'static str, &'static str)>,
}

/// Where a browser and its driver are.
pub struct Installed {
    pub executable: PathBuf,
    pub driver: PathBuf,
    pub screen: Option<PathBuf>,
}

pub const CHROMIUM: Browser = Browser {
    name: "Chromium",
    wasm_pack: Options {
        browser: "--chrome",
        driver: "--chromedriver",
    },
    executable: Program {
        variable: "CHROMIUM",
        names: &[
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
        ],
        elsewhere: None,
    },
    driver: Program::named("CHROMEDRIVER", &["chromedriver"]),
    screen: None,
    // Without a font of its own a bare machine shows pages without text.
    packages: &["chromium", "chromium-driver", "fonts-liberation"],
    driver_crate: None,
};

pub const FIREFOX: Browser = Browser {
    name: "Firefox",
    wasm_pack: Options {
        browser: "--firefox",
        driver: "--geckodriver",
    },
    executable: Program::named("FIREFOX", &["firefox-esr", "firefox"]),
    driver: Program::named("GECKODRIVER", &["geckodriver"]),
    screen: None,
    packages: &["firefox-esr"],
    driver_crate: Some(("geckodriver", "0.37.1")),
};

/// The engine of Safari, as near to it as there is outside of macOS.
pub const WEBKIT: Browser = Browser {
    name: "WebKitGTK",
    wasm_pack: Options {
        browser: "--safari",
        driver: "--safaridriver",
    },
    executable: Program {
        variable: "MINIBROWSER",
        names: &["MiniBrowser"],
        elsewhere: Some(("/usr/lib", "webkit2gtk-4.1/MiniBrowser")),
    },
    driver: Program::named("WEBKITWEBDRIVER", &["WebKitWebDriver"]),
    screen: Some(Program::named("XVFB", &["Xvfb"])),
    packages: &["webkit2gtk-driver", "xvfb"],
    driver_crate: None,
};

pub const BROWSERS: [&Browser; 3] = [&CHROMIUM, &FIREFOX, &WEBKIT];

impl Tools<'_> {
    pub fn browser(&self, browser: &Browser) -> Result<Installed> {
        let programs = browser.programs();
        let list = |of: fn(&Program) -> &'static str| {
            let parts: Vec<_> = programs.iter().map(|program| of(program)).collect();
            parts.join(" and ")
        };
        let by_hand = format!(
            "{} or what drives it is missing: install {} (Debian's packages: {}), or name them in {}",
            browser.name,
            list(|program| program.names[0]),
            browser.packages.join(" "),
            list(|program| program.variable),
        );
        let executable = self.apt(browser.packages, &by_hand, || browser.packaged())?;
        let driver = match (browser.driver.path()?, browser.driver_crate) {
            (Some(driver), _) => driver,
            (None, Some((krate, version))) => self
                .program(krate, version, krate, QUICK, "a minute")?
                .join(krate),
            (None, None) => return Err(by_hand),
        };
        let screen = match &browser.screen {
            Some(screen) => screen.path()?,
            None => None,
        };
        Ok(Installed {
            executable,
            driver,
            screen,
        })
    }
}

impl Installed {
    /// The programs under the names of the variables that name them.
    pub fn named(self, browser: &Browser) -> Vec<(&'static str, PathBuf)> {
        let variables = browser
            .programs()
            .into_iter()
            .map(|program| program.variable);
        let places = [self.executable, self.driver]
            .into_iter()
            .chain(self.screen);
        variables.zip(places).collect()
    }
}

impl Browser {
    fn programs(&self) -> Vec<&Program> {
        let screen = self.screen.as_ref();
        [&self.executable, &self.driver]
            .into_iter()
            .chain(screen)
            .collect()
    }

    /// The browser, if all that the packages bring is there.
    fn packaged(&self) -> Result<Option<PathBuf>> {
        let own = |program: &&Program| {
            self.driver_crate.is_none() || program.variable != self.driver.variable
        };
        for program in self.programs().into_iter().filter(own) {
            if program.path()?.is_none() {
                return Ok(None);
            }
        }
        self.executable.path()
    }
}

impl Program {
    const fn named(variable: &'static str, names: &'static [&'static str]) -> Self {
        Self {
            variable,
            names,
            elsewhere: None,
        }
    }

    fn path(&self) -> Result<Option<PathBuf>> {
        match std::env::var_os(self.variable).map(PathBuf::from) {
            Some(path) if path.is_file() => Ok(Some(path)),
            Some(path) => Err(format!(
                "{} names {}, which is no file",
                self.variable,
                path.display()
            )),
            None => Ok(self
                .names
                .iter()
                .find_map(|name| process::find(name))
                .or_else(|| below(self.elsewhere?))),
        }
    }
}

/// Finds a file one folder further down than is known.
fn below((folder, file): (&str, &str)) -> Option<PathBuf> {
    let entries = fs::read_dir(Path::new(folder)).ok()?.flatten();
    entries
        .map(|entry| entry.path().join(file))
        .find(|path| path.is_file())
}
