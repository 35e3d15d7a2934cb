//! The new file takes the place of the old one, and nobody ever finds none there.
//!
//! ```text
//! prepare        owner, rights and attributes of the source; durable
//! keep_source    the source gets its second name; a copy where that is on another file system
//! put_in_place   the new file is renamed over the source; copied beside it first where it is on another file system
//! ```
//!
//! Invariant: behind every step the source's name has a whole database, the old one or the new one, and no database has
//! lost its last name.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// The files of a swap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swap<'a> {
    /// The database that is replaced.
    pub source: &'a Path,
    /// The new file.
    pub target: &'a Path,
    /// The name the old database keeps, if any.
    pub backup: Option<&'a Path>,
}

/// Is asked before each step that changes a folder; tests stop there.
pub(super) trait Watch {
    /// The next step.
    ///
    /// # Errors
    /// What ends the swap there.
    fn step(&mut self, what: &'static str) -> io::Result<()>;
}

/// Nobody watches.
pub(super) struct NoWatch;

impl Watch for NoWatch {
    fn step(&mut self, _: &'static str) -> io::Result<()> {
        Ok(())
    }
}

/// Extended attributes are copied up to this size each, and up to this many bytes of names.
const ATTRIBUTE_BYTES_MAX: usize = 64 << 10;

impl Swap<'_> {
    /// Gives the new file what the old one has besides its content, and makes it durable.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn prepare(&self) -> io::Result<()> {
        dress(self.source, self.target)?;
        File::open(self.target)?.sync_all()?;
        sync_folder(self.target)
    }

    /// Gives the old database its second name, which must be free.
    ///
    /// # Errors
    /// `AlreadyExists`, `NotFound` without the folder, those of the file system. The source is where it was.
    pub(super) fn keep_source(&self, watch: &mut dyn Watch) -> io::Result<()> {
        let Some(backup) = self.backup else { return Ok(()) };
        watch.step("link the source")?;
        match fs::hard_link(self.source, backup) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
                return Err(error);
            }
            // Another file system, or one without links.
            Err(_) => copy_durably(self.source, backup, watch)?,
        }
        watch.step("sync the folder of the backup")?;
        sync_folder(backup)
    }

    /// Renames the new file over the source, and takes away the flush map that was the old file's.
    ///
    /// # Errors
    /// Those of the file system: the new file is still under its own name then, or under the source's.
    pub(super) fn put_in_place(&self, watch: &mut dyn Watch) -> io::Result<()> {
        watch.step("rename the new file")?;
        match fs::rename(self.target, self.source) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                let hidden = hidden_beside(self.source);
                let _ = fs::remove_file(&hidden);
                let copied = copy_durably(self.target, &hidden, watch)
                    .and_then(|()| watch.step("rename the copy"))
                    .and_then(|()| fs::rename(&hidden, self.source));
                if let Err(error) = copied {
                    let _ = fs::remove_file(&hidden);
                    return Err(error);
                }
                watch.step("sync the folder of the source")?;
                sync_folder(self.source)?;
                watch.step("remove the new file")?;
                // The database is in its place, and stays there: a copy that stays too is no failure.
                let _ = fs::remove_file(self.target);
            }
            renamed => {
                renamed?;
                watch.step("sync the folder of the source")?;
                sync_folder(self.source)?;
            }
        }
        let map = self.source.with_extension("jfm");
        if map != self.source && map.is_file() {
            watch.step("remove the old flush map")?;
            // The new header disowns it in any case.
            let _ = fs::remove_file(&map);
        }
        Ok(())
    }
}

/// A name beside a file that lists do not show.
fn hidden_beside(file: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".compacted");
    file.with_file_name(name)
}

/// Copies a file to a name that must be free.
fn copy_durably(from: &Path, to: &Path, watch: &mut dyn Watch) -> io::Result<()> {
    watch.step("copy")?;
    // Nobody else reads it before it has the rights of the other.
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let copied = File::open(from)
        .and_then(|mut source| io::copy(&mut source, &mut target))
        .and_then(|_| dress(from, to))
        .and_then(|()| target.sync_all());
    if copied.is_err() {
        let _ = fs::remove_file(to);
    }
    copied
}

/// Owner, rights and extended attributes. Only root can give a file away: without that right it stays one's own, in the
/// old one's group where one is of that group oneself. Another group gets the rights that everybody has.
fn dress(from: &Path, to: &Path) -> io::Result<()> {
    let known = fs::metadata(from)?;
    let given = |changed: io::Result<()>| match changed {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(false),
        changed => changed.map(|()| true),
    };
    let has_group =
        given(chown(to, Some(known.uid()), Some(known.gid())))? || given(chown(to, None, Some(known.gid())))?;
    copy_attributes(from, to);
    let mode = known.permissions().mode();
    let mode = if has_group { mode } else { rights_without_group(mode) };
    fs::set_permissions(to, fs::Permissions::from_mode(mode))
}

/// The rights of a file whose group is not that of the file that had `mode`.
fn rights_without_group(mode: u32) -> u32 {
    const GROUP: u32 = 0o070;
    mode & !GROUP | mode & GROUP & ((mode & 0o007) << 3)
}

/// Extended attributes, as far as the file system and the rights of this process allow.
fn copy_attributes(from: &Path, to: &Path) {
    let mut names = vec![0_u8; ATTRIBUTE_BYTES_MAX];
    let Ok(length) = rustix::fs::listxattr(from, &mut names[..]) else { return };
    let mut value = vec![0_u8; ATTRIBUTE_BYTES_MAX];
    for name in
        names.get(..length).unwrap_or_default().split(|byte| *byte == 0).filter(|name| !name.is_empty())
    {
        if let Ok(length) = rustix::fs::getxattr(from, name, &mut value[..]) {
            let value = value.get(..length).unwrap_or_default();
            let _ = rustix::fs::setxattr(to, name, value, rustix::fs::XattrFlags::empty());
        }
    }
}

/// Makes the names in the folder of a file durable.
fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stops a swap before its n-th step.
    struct StopAt(usize);

    impl Watch for StopAt {
        fn step(&mut self, what: &'static str) -> io::Result<()> {
            match self.0.checked_sub(1) {
                Some(left) => {
                    self.0 = left;
                    Ok(())
                }
                None => Err(io::Error::other(what)),
            }
        }
    }

    #[test]
    fn a_swap_that_ends_anywhere_leaves_a_whole_database_in_the_place_of_the_source() {
        let mut points = 0;
        for with_backup in [false, true] {
            for stop in 0.. {
                let folder = tempfile::tempdir().expect("a folder");
                let path = |name: &str| folder.path().join(name);
                let (source, target, backup) = (path("a.edb"), path("new.edb"), path("old.edb"));
                fs::write(&source, "old").expect("a file");
                fs::write(&target, "new").expect("a file");
                fs::write(path("a.jfm"), "map").expect("a file");
                let swap = Swap {
                    source: &source,
                    target: &target,
                    backup: with_backup.then_some(backup.as_path()),
                };
                let mut watch = StopAt(stop);
                let swapped = swap
                    .prepare()
                    .and_then(|()| swap.keep_source(&mut watch))
                    .and_then(|()| swap.put_in_place(&mut watch));
                let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
                let here = read(&source);
                assert!(here == "old" || here == "new", "step {stop}: {here:?}");
                assert!(
                    [&source, &target].iter().any(|path| read(path) == "new"),
                    "step {stop}: the new file is lost"
                );
                if with_backup {
                    let kept = [&source, &backup].iter().any(|path| read(path) == "old");
                    assert!(kept, "step {stop}: the old file is lost");
                }
                points += 1;
                if swapped.is_ok() {
                    assert_eq!(
                        (here.as_str(), target.exists(), path("a.jfm").exists()),
                        ("new", false, false)
                    );
                    assert_eq!(backup.exists(), with_backup);
                    break;
                }
            }
        }
        assert!(points >= 8, "{points} points");
    }

    #[test]
    fn a_group_that_is_not_the_old_one_gets_the_rights_of_everybody() {
        for (mode, without) in
            [(0o640, 0o600), (0o664, 0o644), (0o600, 0o600), (0o666, 0o666), (0o470, 0o400)]
        {
            assert_eq!(rights_without_group(mode), without, "{mode:o}");
        }
    }

    #[test]
    fn a_copy_is_read_by_nobody_else_before_it_has_its_rights() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("a.edb"), folder.path().join("b.edb"));
        fs::write(&from, "old").expect("a file");
        fs::set_permissions(&from, fs::Permissions::from_mode(0o604)).expect("rights");
        copy_durably(&from, &to, &mut NoWatch).expect("a copy");
        assert_eq!(fs::metadata(&to).expect("it is there").permissions().mode() & 0o777, 0o604);
        assert_eq!(fs::read_to_string(&to).expect("it is there"), "old");
        let error = copy_durably(&from, &to, &mut NoWatch).expect_err("the name is taken");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_backup_never_overwrites_and_rights_go_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let (source, target, backup) = (path("a.edb"), path("new.edb"), path("old.edb"));
        for (file, content) in [(&source, "old"), (&target, "new"), (&backup, "precious")] {
            fs::write(file, content).expect("a file");
        }
        fs::set_permissions(&source, fs::Permissions::from_mode(0o640)).expect("rights");
        let swap = Swap { source: &source, target: &target, backup: Some(&backup) };
        swap.prepare().expect("both files are there");
        assert_eq!(fs::metadata(&target).expect("it is there").permissions().mode() & 0o777, 0o640);
        let error = swap.keep_source(&mut NoWatch).expect_err("the name is taken");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&backup).expect("it is there"), "precious");
        let nowhere = path("nowhere/old.edb");
        let swap = Swap { backup: Some(&nowhere), ..swap };
        assert_eq!(swap.keep_source(&mut NoWatch).expect_err("no folder").kind(), ErrorKind::NotFound);
        assert_eq!(fs::read_to_string(&source).expect("it is there"), "old");
    }
}
