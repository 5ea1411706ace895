//! Whether this system gives huge pages to those who ask, and what to do if it does not.

use std::fs;

/// Where Linux says who gets transparent huge pages.
const SETTING: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

/// Why tables lie on ordinary pages, and what the operator can do. Everything works; random access costs about twice as much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoHugePages(String);

impl core::fmt::Display for NoHugePages {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for NoHugePages {}

/// Whether tables get huge pages on this system.
///
/// # Errors
/// [`NoHugePages`] with the setting found and the command that changes it.
pub fn huge_pages() -> Result<(), NoHugePages> {
    let setting = fs::read_to_string(SETTING).map_err(|error| {
        NoHugePages(format!("{SETTING} cannot be read ({error}): this system gives no transparent huge pages"))
    })?;
    judge(&setting)
}

/// The setting lists the choices, the one in force in brackets: `always [madvise] never`.
fn judge(setting: &str) -> Result<(), NoHugePages> {
    match setting.split_once('[').and_then(|(_, rest)| rest.split_once(']')) {
        Some(("always" | "madvise", _)) => Ok(()),
        Some((other, _)) => Err(NoHugePages(format!(
            "{SETTING} says '{other}': as root, `echo madvise > {SETTING}` gives huge pages to programs that ask for them"
        ))),
        None => Err(NoHugePages(format!("{SETTING} says '{}', which is not understood", setting.trim()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_in_force_decides() {
        assert_eq!(judge("always [madvise] never\n"), Ok(()));
        assert_eq!(judge("[always] madvise never\n"), Ok(()));
        let refused = judge("always madvise [never]\n").unwrap_err().to_string();
        assert!(refused.contains("'never'") && refused.contains("echo madvise"), "{refused}");
        assert!(judge("").is_err());
    }
}
