//! Debian's packages, where they may be installed.

use std::process::Command;

use super::Tools;
use crate::{Result, announce, process};

impl Tools<'_> {
    /// Gives what `installed` finds, and installs `packages` first where it
    /// finds nothing. `by_hand` is for those who are not root on a Debian.
    pub fn apt<T>(
        &self,
        packages: &[&str],
        by_hand: &str,
        installed: impl Fn() -> Result<Option<T>>,
    ) -> Result<T> {
        if let Some(found) = installed()? {
            return Ok(found);
        }
        if process::find("apt-get").is_none() || !is_root() {
            return Err(by_hand.to_owned());
        }
        let _lock = self.lock("apt")?;
        if let Some(found) = installed()? {
            return Ok(found);
        }
        announce(&format!("installing {} with apt-get", packages.join(", ")));
        let apt = |arguments: &[&str], log| {
            process::logged(
                Command::new("apt-get")
                    .args(arguments)
                    .args(["-y", "-o", "DPkg::Lock::Timeout=600"])
                    .env("DEBIAN_FRONTEND", "noninteractive"),
                &self.log(log),
            )
        };
        // One source of many that cannot be reached fails the update, and need
        // not be the one with these packages.
        let updated = apt(&["update"], "apt-update");
        let install = [&["install", "--no-install-recommends"], packages].concat();
        apt(&install, "apt-install").map_err(|error| {
            format!("{error}\n{}\n{by_hand}", updated.err().unwrap_or_default())
        })?;
        installed()?.ok_or_else(|| by_hand.to_owned())
    }
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
