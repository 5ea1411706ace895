//! Where a measurement's figures go: standard output for people, and a JSON file for machines.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::Serialize;

/// Opened before the measurement: minutes are not lost to a wrong name.
pub struct Figures {
    json: Option<(PathBuf, BufWriter<File>)>,
}

impl Figures {
    /// Creates the JSON file, if one is asked for.
    pub fn create(json: Option<&Path>) -> anyhow::Result<Self> {
        let json = json.map(|path| create(path).map(|out| (path.to_path_buf(), out))).transpose()?;
        Ok(Self { json })
    }

    /// Writes them.
    pub fn write(self, report: &(impl Serialize + Display)) -> anyhow::Result<()> {
        if let Some((path, mut out)) = self.json {
            serde_json::to_writer_pretty(&mut out, report)
                .map_err(anyhow::Error::from)
                .and_then(|()| Ok(writeln!(out).and_then(|()| out.flush())?))
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        write!(std::io::stdout(), "{report}").context("the figures cannot be written to standard output")
    }
}

/// Creates a file that results go into.
pub fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path)
        .map_err(|fault| anyhow!("{} cannot be written: {fault}: check the folder and your rights", path.display()))?;
    Ok(BufWriter::new(file))
}

/// Says why the tables lie on ordinary pages, if they do.
pub fn tell_about_pages() {
    if let Err(why) = carbex_memory::huge_pages() {
        eprintln!("the tables lie on ordinary pages, which costs speed: {why}");
    }
}
