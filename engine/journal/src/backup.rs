//! Backup and restore: whole files, verified on the way, with a manifest.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use carbex_vocabulary::Sequence;

use crate::manifest::{Manifest, ManifestFile};
use crate::names::{ARCHIVE, MANIFEST, segments, snapshot_name};
use crate::snapshot::list_snapshots_in;
use crate::storage::{DiskDirectory, Storage, disk_fault, read_up_to, sync_directory, write_all_at};
use crate::survey::{Survey, Surveyor};
use crate::verify::{require_journal, verify_in};
use crate::{GroupHash, JournalFault, Progress, Verification};

/// How much is copied at a time.
const COPY_BYTES: usize = 1024 * 1024;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// Files copied, the manifest not counted.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The last record in it.
    pub last: Option<Sequence>,
    /// The end of the chain in it.
    pub group_hash: GroupHash,
    /// Snapshots left out because they are damaged, and how.
    pub snapshots_damaged: Vec<String>,
}

/// What was put back.
pub type RestoreReport = BackupReport;

/// Copies the journal in `directory` (snapshots, segments, archive) into the new directory `to`; everything is verified
/// before it is copied, and the whole copy is read back. Beside a running writer pass the last durable sequence: nothing
/// after the group that holds it is copied.
pub fn backup(
    directory: &Path,
    to: &Path,
    durable: Option<Sequence>,
    progress: &mut dyn FnMut(Progress),
) -> Result<BackupReport, JournalFault> {
    refuse_occupied(to)?;
    let source: Arc<dyn Storage> = Arc::new(DiskDirectory::new(directory));
    let target: Arc<dyn Storage> = Arc::new(DiskDirectory::new(to));
    require_journal(&*source)?;
    let survey = survey(&source, durable, progress)?;
    let last = Sequence::new(survey.chain.next - 1);
    target.create_folder("").map_err(disk_fault(&*target, "", "create"))?;
    if survey.segments.iter().any(|(segment, _)| segment.archived) {
        target.create_folder(ARCHIVE).map_err(disk_fault(&*target, ARCHIVE, "create"))?;
    }
    let mut wanted: Vec<(String, u64)> = Vec::new();
    let mut snapshots_damaged = Vec::new();
    for snapshot in list_snapshots_in(&*source)? {
        match snapshot.head {
            Ok(head) if head.sequence <= last => wanted.push((snapshot_name(head.sequence.number()), snapshot.bytes)),
            Ok(_) => {}
            Err(fault) => snapshots_damaged.push(fault.to_string()),
        }
    }
    wanted.extend(survey.segments.iter().map(|(segment, description)| (segment.file(), description.used_bytes)));
    let files = copy_files(&*source, &*target, &wanted, progress)?;
    let verification = verify_copy(&target, last, survey.chain.hash)?;
    snapshots_damaged.extend(verification.snapshots_damaged);
    let manifest = Manifest { last, group_hash: survey.chain.hash, files };
    write_manifest(&*target, &manifest)?;
    Ok(report(&manifest, snapshots_damaged))
}

/// Puts a backup back into `directory`, which must be empty or absent, after verifying its manifest and its chain. A restore
/// that fails leaves everything as it was; one that is interrupted leaves a directory beside it that may be deleted.
pub fn restore(
    from: &Path,
    directory: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<RestoreReport, JournalFault> {
    refuse_occupied(directory)?;
    let restored = restore_beside(from, directory, progress);
    if restored.is_err() {
        // What was made ready is of no use; the fault that is told matters more than one of clearing up.
        let _ = fs::remove_dir_all(beside(directory));
    }
    restored
}

fn restore_beside(
    from: &Path,
    directory: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<RestoreReport, JournalFault> {
    let source = DiskDirectory::new(from);
    let path = source.path(MANIFEST);
    if !path.exists() {
        return Err(JournalFault::Misuse(format!(
            "{}: no backup here (it has no {MANIFEST}): name a directory that a backup was made into",
            from.display()
        )));
    }
    let text = fs::read_to_string(&path).map_err(disk_fault(&source, MANIFEST, "read"))?;
    let corrupt = |file: PathBuf, reason: String| JournalFault::Corruption { file, offset: 0, reason };
    let manifest = Manifest::parse(&text).map_err(|reason| corrupt(path.clone(), reason))?;
    for (folder, prefix) in [("", ""), (ARCHIVE, "archive/")] {
        for (name, _) in source.list(folder).map_err(disk_fault(&source, folder, "list"))? {
            let name = format!("{prefix}{name}");
            if name != MANIFEST && !manifest.files.iter().any(|file| file.name == name) {
                return Err(corrupt(source.path(&name), "this file is not in the backup's manifest".into()));
            }
        }
    }

    let beside = beside(directory);
    if beside.exists() {
        fs::remove_dir_all(&beside).map_err(|error| JournalFault::Disk {
            file: beside.clone(),
            operation: "remove",
            source: error,
        })?;
    }
    let target: Arc<dyn Storage> = Arc::new(DiskDirectory::new(beside.clone()));
    target.create_folder("").map_err(disk_fault(&*target, "", "create"))?;
    target.create_folder(ARCHIVE).map_err(disk_fault(&*target, ARCHIVE, "create"))?;
    let wanted: Vec<(String, u64)> = manifest.files.iter().map(|file| (file.name.clone(), file.bytes)).collect();
    let copied = copy_files(&source, &*target, &wanted, progress)?;
    for (copied, listed) in copied.iter().zip(&manifest.files) {
        if copied != listed {
            let reason = format!(
                "the manifest lists {} bytes with blake3 {}, the file has {} bytes with {}",
                listed.bytes, listed.hash, copied.bytes, copied.hash
            );
            return Err(corrupt(source.path(&listed.name), reason));
        }
    }
    let verification = verify_copy(&target, manifest.last, manifest.group_hash)?;
    let moved = fs::rename(&beside, directory).and_then(|()| sync_directory(parent(directory)));
    moved.map_err(|error| JournalFault::Disk {
        file: directory.to_owned(),
        operation: "move the restored journal to",
        source: error,
    })?;
    Ok(report(&manifest, verification.snapshots_damaged))
}

fn report(manifest: &Manifest, snapshots_damaged: Vec<String>) -> BackupReport {
    BackupReport {
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().map(|file| file.bytes).sum(),
        last: (manifest.last.number() > 0).then_some(manifest.last),
        group_hash: manifest.group_hash,
        snapshots_damaged,
    }
}

fn survey(
    source: &Arc<dyn Storage>,
    durable: Option<Sequence>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Survey, JournalFault> {
    let mut surveyor = Surveyor { storage: Arc::clone(source), durable, wanted: Vec::new(), progress };
    let mut survey = surveyor.survey()?;
    match survey.damage.is_empty() {
        true => Ok(survey),
        false => Err(survey.damage.remove(0)),
    }
}

/// Reads the copy back whole: it must end where the original was seen to end.
fn verify_copy(target: &Arc<dyn Storage>, last: Sequence, hash: GroupHash) -> Result<Verification, JournalFault> {
    let verification = verify_in(Arc::clone(target), &mut |_| {})?;
    let ends = (verification.last.map_or(0, Sequence::number), verification.group_hash);
    if ends != (last.number(), hash) || verification.torn.is_some() {
        let found = segments(&**target).map_err(disk_fault(&**target, "", "list"))?;
        let file = found.last().map_or_else(String::new, |segment| segment.file());
        let reason =
            format!("the copy ends with record {} and hash {}, expected record {last} and hash {hash}", ends.0, ends.1);
        return Err(JournalFault::Corruption { file: target.path(&file), offset: 0, reason });
    }
    Ok(verification)
}

/// Copies that many bytes of each file; answers what was copied, with hashes. Everything is durable afterwards.
fn copy_files(
    source: &dyn Storage,
    target: &dyn Storage,
    wanted: &[(String, u64)],
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<ManifestFile>, JournalFault> {
    let mut done = Progress { bytes_total: wanted.iter().map(|(_, bytes)| bytes).sum(), ..Progress::default() };
    let mut buffer = vec![0; COPY_BYTES];
    let mut files = Vec::new();
    for (name, bytes) in wanted {
        let from = source.open_to_read(name).map_err(disk_fault(
            source,
            name,
            "open (if a writer has just put it away, try again)",
        ))?;
        let to = target.create(name).map_err(disk_fault(target, name, "create"))?;
        let mut hasher = blake3::Hasher::new();
        let mut at = 0;
        while at < *bytes {
            let count = buffer.len().min((bytes - at) as usize);
            let read = read_up_to(&*from, &mut buffer[..count], at).map_err(disk_fault(source, name, "read"))?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            write_all_at(&*to, &buffer[..read], at).map_err(disk_fault(target, name, "write"))?;
            at += read as u64;
            done.bytes_done += read as u64;
            progress(done);
        }
        to.sync_all().map_err(disk_fault(target, name, "sync"))?;
        files.push(ManifestFile { name: name.clone(), bytes: at, hash: hasher.finalize().to_hex().to_string() });
    }
    target.sync_folder("").map_err(disk_fault(target, "", "sync"))?;
    if files.iter().any(|file| file.name.starts_with(ARCHIVE)) {
        target.sync_folder(ARCHIVE).map_err(disk_fault(target, ARCHIVE, "sync"))?;
    }
    Ok(files)
}

fn write_manifest(target: &dyn Storage, manifest: &Manifest) -> Result<(), JournalFault> {
    let file = target.create(MANIFEST).map_err(disk_fault(target, MANIFEST, "create"))?;
    write_all_at(&*file, manifest.to_text().as_bytes(), 0).map_err(disk_fault(target, MANIFEST, "write"))?;
    file.sync_all().map_err(disk_fault(target, MANIFEST, "sync"))?;
    target.sync_folder("").map_err(disk_fault(target, "", "sync"))
}

/// A directory that holds anything is not written into.
fn refuse_occupied(directory: &Path) -> Result<(), JournalFault> {
    let mut entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(JournalFault::Disk { file: directory.to_owned(), operation: "list", source }),
    };
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(JournalFault::Misuse(format!(
            "{}: not empty: name a new directory, or move this one aside",
            directory.display()
        ))),
    }
}

fn parent(directory: &Path) -> &Path {
    directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a restore is made ready: in the same parent, so that one rename puts it in place.
fn beside(directory: &Path) -> PathBuf {
    let mut name = directory.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".restoring");
    parent(directory).join(name)
}
