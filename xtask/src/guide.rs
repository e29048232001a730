//! `cargo xtask guide`: the pages of the guide, in www/guide/.

use std::process::Command;

use crate::project::Project;
use crate::tools::Tools;
use crate::{Result, announce, process};

/// Renders the Markdown of the guide. The reference of the options is made of
/// the package's types, so that it cannot fall behind them.
pub fn build(project: &Project) -> Result {
    Tools::new(project)?.node_modules(&project.build_scripts())?;
    announce("rendering the guide");
    process::run(
        Command::new("node")
            .arg(project.build_scripts().join("guide.mjs"))
            .arg(project.root.join("www/guide"))
            .arg(project.template().join("index.d.ts"))
            .arg(project.root.join("tests/README.md")),
    )
}
