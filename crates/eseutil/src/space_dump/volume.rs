//! The file-information block before a space table: where the file lies and what it takes (spec 10 §6.5).
//!
//! Nothing here fails the dump: what cannot be found out is left empty.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What the operating system says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileInformation {
    /// Mount point.
    pub(crate) volume: String,
    /// Type of the file system.
    pub(crate) file_system: String,
    /// Unit of allocation, bytes.
    pub(crate) cluster_bytes: u64,
    /// Length, bytes.
    pub(crate) logical_bytes: u64,
    /// Allocated, bytes.
    pub(crate) on_disk_bytes: u64,
}

impl FileInformation {
    pub(crate) fn of(path: &Path) -> Self {
        let Ok(metadata) = fs::metadata(path) else { return Self::default() };
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let absolute = fs::canonicalize(path).unwrap_or_default();
        let (volume, file_system) = mount_of(&mounts, &absolute).unwrap_or_default();
        Self {
            volume,
            file_system,
            cluster_bytes: metadata.blksize(),
            logical_bytes: metadata.len(),
            on_disk_bytes: metadata.blocks().saturating_mul(512),
        }
    }

    pub(crate) fn saved_bytes(&self) -> u64 {
        self.logical_bytes.saturating_sub(self.on_disk_bytes)
    }

    pub(crate) fn write(&self, name: &str, out: &mut dyn Write) -> io::Result<()> {
        let saved = self.saved_bytes();
        let saved_percent = saved.saturating_mul(100).checked_div(self.logical_bytes).unwrap_or(0);
        writeln!(out, "File Information:")?;
        writeln!(out, "  File Name: {name}")?;
        writeln!(out, "  Volume Name: {}", self.volume)?;
        writeln!(out, "  File System: {}", self.file_system)?;
        writeln!(out, "  Cluster Size: {} bytes", self.cluster_bytes)?;
        writeln!(out, "  Logical Size: {}", size(self.logical_bytes))?;
        writeln!(out, "  On-disk Size: {}", size(self.on_disk_bytes))?;
        writeln!(out, "   Space Saved: {} ( {saved_percent} %)", size(saved))?;
        writeln!(out)
    }
}

fn size(bytes: u64) -> String {
    format!("0x{bytes:08x} bytes ({} kB)", bytes / 1024)
}

/// Mount point and type of the file system that `path` lies on: the longest mount point above it, the last one mounted.
fn mount_of(mountinfo: &str, path: &Path) -> Option<(String, String)> {
    mountinfo
        .lines()
        .filter_map(|line| {
            let mount_point = line.split(' ').nth(4)?.replace("\\040", " ");
            let file_system = line.split_once(" - ")?.1.split(' ').next()?;
            path.starts_with(&mount_point).then(|| (mount_point, file_system.to_owned()))
        })
        .max_by_key(|(mount_point, _)| mount_point.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_point_above_a_file_is_its_volume() {
        let mounts =
            "22 1 0:20 / / rw - ext4 /dev/vda rw\n23 22 0:21 / /srv/data rw,x shared:1 - xfs /dev/vdb rw\n";
        assert_eq!(
            mount_of(mounts, Path::new("/srv/data/a.edb")),
            Some(("/srv/data".to_owned(), "xfs".to_owned()))
        );
        assert_eq!(mount_of(mounts, Path::new("/srv/a.edb")), Some(("/".to_owned(), "ext4".to_owned())));
        assert_eq!(mount_of("", Path::new("/srv")), None);
    }

    #[test]
    fn the_block_reads_like_the_original() {
        let information = FileInformation {
            volume: "/".into(),
            file_system: "ext4".into(),
            cluster_bytes: 4096,
            logical_bytes: 1 << 20,
            on_disk_bytes: 1 << 19,
        };
        let mut text = Vec::new();
        information.write("basic.edb", &mut text).expect("writing to memory");
        let text = String::from_utf8(text).expect("ASCII");
        assert!(text.contains("  Logical Size: 0x00100000 bytes (1024 kB)\n"));
        assert!(text.ends_with("   Space Saved: 0x00080000 bytes (512 kB) ( 50 %)\n\n"));
    }
}
