//! The checkpoint file: two copies of one block, so that one of them is always whole (spec 05 §11).
//!
//! Invariants: the second copy is written only after the first is durable, and the first only when the second is no older:
//! logs before the checkpoint that was read last may be gone, and a power cut may leave an older one in the second copy.
//! A file of which no copy is good counts as missing.

use std::path::Path;

use ese_format::checkpoint::{CHECKPOINT_BYTES, CHECKPOINT_FILE_BYTES, Checkpoint, CheckpointCopy};

use crate::error::{Error, Result};
use crate::io::{Access, Existing, File, FileSystem};

/// The checkpoint in the file, its first copy if that is good, else the second.
///
/// # Errors
/// `JET_errFileNotFound`, `JET_errCheckpointCorrupt`, `JET_errFileInvalidType`, and those of the disk.
pub fn read(disk: &dyn FileSystem, path: &Path) -> Result<Box<Checkpoint>> {
    let file = disk.open(path, Access::Read)?;
    let mut bytes = vec![0; CHECKPOINT_FILE_BYTES];
    let count = file.read_at(&mut bytes, 0)?;
    bytes.truncate(count);
    let (checkpoint, _) = Checkpoint::read(&bytes).map_err(|error| Error::format(file.path(), error))?;
    Ok(Box::new(*checkpoint))
}

/// Writes both copies, durably, creating the file where there is none.
///
/// # Errors
/// Those of the disk. At least one copy, the old or the new one, is good then.
pub fn write(disk: &dyn FileSystem, path: &Path, checkpoint: &Checkpoint) -> Result<()> {
    let mut sealed = Box::new(*checkpoint);
    sealed.seal();
    let file = if disk.is_file(path) {
        disk.open(path, Access::ReadWrite)?
    } else {
        disk.create(path, Existing::Keep)?
    };
    if file.length()? != CHECKPOINT_FILE_BYTES as u64 {
        file.set_length(CHECKPOINT_FILE_BYTES as u64)?;
    }
    bring_second_up(&*file)?;
    file.write_at(sealed.bytes(), 0)?;
    file.sync()?;
    file.write_at(sealed.bytes(), CHECKPOINT_BYTES as u64)?;
    file.sync()
}

/// Makes the second copy what the first is, if that is good: the first is about to be written over.
fn bring_second_up(file: &dyn File) -> Result<()> {
    let mut bytes = vec![0; CHECKPOINT_FILE_BYTES];
    let count = file.read_at(&mut bytes, 0)?;
    bytes.truncate(count);
    let (Ok((good, CheckpointCopy::First)), second) =
        (Checkpoint::read(&bytes), Checkpoint::read_copy(&bytes, CheckpointCopy::Second))
    else {
        return Ok(());
    };
    if second.is_ok_and(|second| second.bytes() == good.bytes()) {
        return Ok(());
    }
    file.write_at(good.bytes(), CHECKPOINT_BYTES as u64)?;
    file.sync()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{PowerLoss, SimulatedFileSystem};
    use ese_format::error::JetError;
    use ese_format::lgpos::Lgpos;

    fn at(generation: i32) -> Checkpoint {
        let mut checkpoint = Checkpoint::zeroed();
        checkpoint.checkpoint = Lgpos::new(generation, 1, 0);
        checkpoint.file_type = 4.into();
        checkpoint
    }

    #[test]
    fn a_power_cut_at_any_write_leaves_the_old_checkpoint_or_the_new_one() {
        let path = Path::new("/edb.chk");
        let mut seen = std::collections::BTreeSet::new();
        for call in 0..4 {
            for seed in 0..16 {
                let disk = SimulatedFileSystem::default();
                write(&disk, path, &at(1)).unwrap();
                disk.cut_power_at(call, PowerLoss::KeepsSome { seed });
                write(&disk, path, &at(2)).unwrap_err();
                disk.reboot();
                seen.insert(read(&disk, path).unwrap().checkpoint.generation.get());
            }
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_second_power_cut_does_not_bring_an_older_checkpoint_back() {
        let path = Path::new("/edb.chk");
        let (mut cuts, mut second_was_older) = (0, 0);
        for (first_call, first_seed) in (0..5).flat_map(|call| (0..16).map(move |seed| (call, seed))) {
            for (call, seed) in (0..6).flat_map(|call| (0..16).map(move |seed| (call, seed))) {
                let disk = SimulatedFileSystem::default();
                write(&disk, path, &at(1)).unwrap();
                disk.cut_power_at(first_call, PowerLoss::KeepsSome { seed: first_seed });
                let first = write(&disk, path, &at(2));
                disk.reboot();
                let read_first = read(&disk, path).unwrap().checkpoint.generation.get();
                disk.cut_power_at(call, PowerLoss::KeepsSome { seed });
                let _ = write(&disk, path, &at(3));
                disk.reboot();
                let now = read(&disk, path).unwrap().checkpoint.generation.get();
                assert!(now >= read_first, "{now} after {read_first} was read");
                cuts += 1;
                second_was_older += usize::from(first.is_err() && read_first == 2);
            }
        }
        assert!(second_was_older > 100, "{second_was_older} of {cuts}");
    }

    #[test]
    fn a_checkpoint_without_a_good_copy_is_corrupt() {
        let disk = SimulatedFileSystem::default();
        let path = Path::new("/edb.chk");
        assert_eq!(read(&disk, path).unwrap_err().jet(), JetError::FILE_NOT_FOUND);
        disk.put(path, vec![7; CHECKPOINT_FILE_BYTES]);
        assert_eq!(read(&disk, path).unwrap_err().jet(), JetError::CHECKPOINT_CORRUPT);
    }
}
