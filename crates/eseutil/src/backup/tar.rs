//! A tar stream (POSIX ustar): a header of 512 bytes before each file, its bytes filled up to whole blocks, two empty blocks at the
//! end. Lengths of 8 GiB and more are written in binary, as GNU tar does.
//!
//! Invariants: names have no folder; as many bytes follow a header as it announced.

use std::io::{self, Write};

const BLOCK_BYTES: usize = 512;
/// Bytes of a name in a header.
const NAME_BYTES: usize = 100;
/// Lengths that eleven octal digits can say.
const OCTAL_END: u64 = 1 << 33;

/// The header of a regular file.
pub(super) fn header(name: &[u8], bytes: u64, modified: u64) -> io::Result<[u8; BLOCK_BYTES]> {
    if name.is_empty() || name.len() > NAME_BYTES || name.contains(&b'/') {
        let what = format!("'{}' is no name for a tar stream", String::from_utf8_lossy(name));
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    let mut block = [0_u8; BLOCK_BYTES];
    let mut put = |at: usize, field: &[u8]| {
        if let Some(place) = block.get_mut(at..at + field.len()) {
            place.copy_from_slice(field);
        }
    };
    put(0, name);
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    if bytes < OCTAL_END {
        put(124, format!("{bytes:011o}\0").as_bytes());
    } else {
        let mut field = [0_u8; 12];
        field[0] = 0x80;
        field[4..].copy_from_slice(&bytes.to_be_bytes());
        put(124, &field);
    }
    put(136, format!("{:011o}\0", modified.min(OCTAL_END - 1)).as_bytes());
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\0");
    put(263, b"00");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    if let Some(place) = block.get_mut(148..156) {
        place.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    Ok(block)
}

/// Fills the last block of a file of this length.
pub(super) fn pad(stream: &mut dyn Write, bytes: u64) -> io::Result<()> {
    let used = usize::try_from(bytes % BLOCK_BYTES as u64).unwrap_or(0);
    let zeros = [0_u8; BLOCK_BYTES];
    match used {
        0 => Ok(()),
        used => stream.write_all(zeros.get(used..).unwrap_or_default()),
    }
}

/// Ends the stream.
pub(super) fn finish(stream: &mut dyn Write) -> io::Result<()> {
    stream.write_all(&[0; 2 * BLOCK_BYTES])?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tar_reads_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (small, odd) = (vec![7_u8; 512], vec![9_u8; 1000]);
        let mut stream = Vec::new();
        for (name, bytes) in [("a.edb", &small), ("edb00001.log", &odd)] {
            stream.extend(header(name.as_bytes(), bytes.len() as u64, 1_700_000_000).unwrap());
            stream.extend(bytes);
            pad(&mut stream, bytes.len() as u64).unwrap();
        }
        finish(&mut stream).unwrap();
        assert_eq!(stream.len() % BLOCK_BYTES, 0);
        let file = folder.path().join("x.tar");
        std::fs::write(&file, &stream).unwrap();
        let unpacked =
            std::process::Command::new("tar").arg("xf").arg(&file).current_dir(folder.path()).status();
        if !unpacked.is_ok_and(|status| status.success()) {
            panic!("tar cannot read the stream");
        }
        assert_eq!(std::fs::read(folder.path().join("a.edb")).unwrap(), small);
        assert_eq!(std::fs::read(folder.path().join("edb00001.log")).unwrap(), odd);
    }

    #[test]
    fn a_length_of_eight_gibibytes_is_binary_and_a_name_with_a_folder_is_refused() {
        let block = header(b"x", OCTAL_END, 0).unwrap();
        assert_eq!((block[124], &block[128..136]), (0x80, &OCTAL_END.to_be_bytes()[..]));
        for name in ["", "a/b", &"x".repeat(101)] {
            assert!(header(name.as_bytes(), 0, 0).is_err(), "{name}");
        }
    }
}
