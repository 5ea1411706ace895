//! The list of files in a backup: text that a person can read and `b3sum` can check.

use carbex_vocabulary::Sequence;

use crate::GroupHash;

/// The first line.
const TITLE: &str = "carbex-backup 1";

/// One file in a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ManifestFile {
    /// Its name within the directory ("archive/…" included).
    pub name: String,
    pub bytes: u64,
    /// blake3, in hexadecimal.
    pub hash: String,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The last record; 0 = none.
    pub last: Sequence,
    pub group_hash: GroupHash,
    pub files: Vec<ManifestFile>,
}

impl Manifest {
    /// The text; its last line is the hash of the lines before.
    pub fn to_text(&self) -> String {
        let mut text = format!("{TITLE}\nlast {}\nchain {}\n", self.last, self.group_hash);
        for file in &self.files {
            text.push_str(&format!("file {} {} {}\n", file.hash, file.bytes, file.name));
        }
        let hash = blake3::hash(text.as_bytes()).to_hex();
        text.push_str(&format!("end {hash}\n"));
        text
    }

    /// The manifest in `text`, or what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let end_at = text.rfind("end ").ok_or("the line `end` is missing: the backup was not finished")?;
        let hash = blake3::hash(&text.as_bytes()[..end_at]).to_hex();
        if text[end_at..] != format!("end {hash}\n") {
            return Err("the hash in the line `end` is not that of the lines before it".into());
        }
        let mut lines = text[..end_at].lines();
        if lines.next() != Some(TITLE) {
            return Err(format!("the first line is not `{TITLE}`"));
        }
        let last = lines
            .next()
            .and_then(|line| line.strip_prefix("last ")?.parse().ok())
            .ok_or("the line `last` is missing")?;
        let chain = lines
            .next()
            .and_then(|line| parse_hash(line.strip_prefix("chain ")?))
            .ok_or("the line `chain` is missing")?;
        let files = lines
            .map(|line| parse_file(line).ok_or_else(|| format!("not a file's line: {line}")))
            .collect::<Result<_, _>>()?;
        Ok(Self { last: Sequence::new(last), group_hash: chain, files })
    }
}

fn parse_hash(text: &str) -> Option<GroupHash> {
    Some(GroupHash::new(*blake3::Hash::from_hex(text).ok()?.as_bytes()))
}

fn parse_file(line: &str) -> Option<ManifestFile> {
    let mut words = line.strip_prefix("file ")?.splitn(3, ' ');
    let (hash, bytes, name) = (words.next()?, words.next()?, words.next()?);
    // A name that leads out of the directory is no backup of ours.
    let outside = name.starts_with('/') || name.split('/').any(|part| part == ".." || part.is_empty());
    (!outside).then_some(ManifestFile { name: name.to_owned(), bytes: bytes.parse().ok()?, hash: hash.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let file =
            |name: &str| ManifestFile { name: name.into(), bytes: 7, hash: blake3::hash(b"x").to_hex().to_string() };
        Manifest {
            last: Sequence::new(9),
            group_hash: GroupHash::new([3; 32]),
            files: vec![file("a.cxj"), file("archive/b c.cxj")],
        }
    }

    #[test]
    fn a_manifest_reads_back() {
        assert_eq!(Manifest::parse(&manifest().to_text()), Ok(manifest()));
    }

    #[test]
    fn any_changed_character_is_noticed() {
        let text = manifest().to_text();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).expect("ASCII stays ASCII");
            assert!(Manifest::parse(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_name_that_leads_out_of_the_directory_is_refused() {
        for name in ["../x", "/etc/x", "archive/../../x", "a//b"] {
            let mut manifest = manifest();
            manifest.files[0].name = name.into();
            assert!(Manifest::parse(&manifest.to_text()).is_err(), "{name}");
        }
    }
}
