//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::origin::Origin;

/// What `--help` prints.
pub const HELP: &str = "\
evertoken-demo-server: the backend of the evertoken page

USAGE: evertoken-demo-server [OPTIONS]

  --port PORT            default 8787; 0 takes any that is free
  --root DIR             the page's folder, default www
  --pkg DIR              the npm package's folder, default pkg
  --db PATH              default: a temporary file, removed at the end
  --access-ttl TIME      lifetime of access tokens, default 20s
  --refresh-ttl TIME     lifetime of refresh tokens, default 14d
  --replay-grace TIME    how long an answered refresh token is taken again
                         while its successor is unused, default 0s
  --origin URL           allows this origin by CORS with credentials, and to
                         the panel; may be repeated
  --bff                  also serves /bff/, a backend for a frontend: the
                         browser has a session cookie and no token
  --no-seed              begins a new database without users and posts
  -h, --help             prints this

TIME is a whole number with a unit: 500ms, 20s, 6m, 1h, 14d.
Once it listens it prints one line: READY http://127.0.0.1:PORT
";

/// How a server is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// 0 takes any that is free.
    pub port: u16,
    /// The page's folder.
    pub root: PathBuf,
    /// The npm package's folder.
    pub pkg: PathBuf,
    /// The database; without one, a temporary file.
    pub db: Option<PathBuf>,
    /// The lifetime of access tokens.
    pub access_ttl: Duration,
    /// The lifetime of refresh tokens.
    pub refresh_ttl: Duration,
    /// How long an answered token is taken again while its successor is unused.
    pub replay_grace: Duration,
    /// The origins of other pages.
    pub origins: Vec<Origin>,
    /// Whether there is a backend for a frontend, below `/bff/`.
    pub bff: bool,
    /// Whether a new database begins with alice, bob and posts.
    pub seed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 8787,
            root: "www".into(),
            pkg: "pkg".into(),
            db: None,
            access_ttl: Duration::from_secs(20),
            refresh_ttl: Duration::from_secs(14 * 24 * 60 * 60),
            replay_grace: Duration::ZERO,
            origins: Vec::new(),
            bff: false,
            seed: true,
        }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// A server.
    Serve(Options),
    /// The help.
    Help,
}

/// Reads the command line, without the program's name.
pub fn parse<I>(arguments: I) -> Result<Command, lexopt::Error>
where
    I: IntoIterator,
    I::Item: Into<OsString>,
{
    use lexopt::prelude::*;

    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => options.port = parser.value()?.parse()?,
            Long("root") => options.root = parser.value()?.into(),
            Long("pkg") => options.pkg = parser.value()?.into(),
            Long("db") => options.db = Some(parser.value()?.into()),
            Long("access-ttl") => options.access_ttl = parser.value()?.parse_with(duration)?,
            Long("refresh-ttl") => options.refresh_ttl = parser.value()?.parse_with(duration)?,
            Long("replay-grace") => options.replay_grace = parser.value()?.parse_with(duration)?,
            Long("origin") => options.origins.push(parser.value()?.parse()?),
            Long("bff") => options.bff = true,
            Long("no-seed") => options.seed = false,
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Serve(options))
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a whole number with a unit, such as 500ms, 20s, 6m, 1h or 14d";
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => return Err(wrong().into()),
    };
    number
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(|| wrong().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(line: &str) -> Result<Options, String> {
        match parse(line.split_whitespace()) {
            Ok(Command::Serve(options)) => Ok(options),
            Ok(Command::Help) => Err("help".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn reads_every_option() {
        let options = serve(
            "--port 0 --root a --pkg b --db c --access-ttl 500ms --refresh-ttl 6m \
             --replay-grace 10s --origin http://127.0.0.1:3000 --origin http://localhost:1 \
             --bff --no-seed",
        )
        .expect("options");
        assert_eq!(options.port, 0);
        assert_eq!(options.access_ttl, Duration::from_millis(500));
        assert_eq!(options.refresh_ttl, Duration::from_secs(360));
        assert_eq!(options.replay_grace, Duration::from_secs(10));
        assert_eq!(options.origins.len(), 2);
        assert!(options.bff);
        assert!(!options.seed);
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, expected) in [
            ("--access-ttl 20", "20s"),
            ("--access-ttl -1s", "whole number"),
            ("--refresh-ttl 99999999999999999999d", "whole number"),
            ("--origin *", "http://127.0.0.1:3000"),
            ("--origin http://a.example/", "http://127.0.0.1:3000"),
            ("--port 70000", "70000"),
            ("--verbose", "--verbose"),
        ] {
            let error = serve(line).expect_err(line);
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
