//! Starts the server and waits until it is told to end.

use std::io::Write;
use std::process::ExitCode;

use evertoken_demo_server::Server;
use evertoken_demo_server::options::{self, Command};

fn main() -> ExitCode {
    let options = match options::parse(std::env::args_os().skip(1)) {
        Ok(Command::Serve(options)) => options,
        Ok(Command::Help) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("evertoken-demo-server: {error}\n\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evertoken-demo-server: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: options::Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut told = Signals::listen()?;
    let server = Server::start(options).await?;
    let mut out = std::io::stdout();
    writeln!(out, "READY http://{}", server.address())?;
    out.flush()?;
    told.wait().await;
    server.shutdown().await;
    Ok(())
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ))
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn wait(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
