//! What the core says once and for all, as the module `core.js` that the
//! JavaScript half of the shell imports: texts that every visitor would pay
//! for twice if the WebAssembly module had them.

use evertoken::internals::Fault;
use evertoken::internals::answer::USUAL;
use evertoken::internals::policy::{HEADER, KEY, METHOD, PREFIX};
use evertoken::internals::presets::PRESETS;

/// Writes the module.
pub fn module() -> String {
    let faults = Fault::ALL.iter().map(|fault| {
        let retryable = if fault.retryable() { ", 1" } else { "" };
        format!(
            "  [{:?}, {:?}{retryable}],\n",
            fault.kind().code(),
            fault.message()
        )
    });
    let presets = PRESETS.iter().map(|(name, options)| {
        let options = options
            .iter()
            .map(|(path, value)| format!("    {path:?}: {value:?},\n"));
        format!("  {name:?}: {{\n{}  }},\n", options.collect::<String>())
    });
    format!(
        "export const FAULTS = [\n{}];\n\
         export const NOTHING_FOUND = {};\n\
         export const PRESETS = {{\n{}}};\n\
         export const USUAL = {USUAL:?};\n\
         export const METHOD = {METHOD:?};\n\
         export const HEADER = {HEADER:?};\n\
         export const PREFIX = {PREFIX:?};\n\
         export const KEY = {KEY:?};\n",
        faults.collect::<String>(),
        Fault::NothingFound as u32,
        presets.collect::<String>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_row() {
        let module = module();
        assert!(module.contains("[\"disposed\", \"this token manager has been disposed of\"],"));
        assert_eq!(module.matches("\n  [").count(), Fault::ALL.len());
        for (at, fault) in Fault::ALL.iter().enumerate() {
            assert_eq!(*fault as usize, at);
        }
    }
}
