//! A tar stream (POSIX ustar): a header of 512 bytes before each file, its bytes filled up to whole blocks, two empty blocks at the
//! end. Lengths of 8 GiB and more are written in binary, as GNU tar does.
//!
//! Invariants: names have no folder; as many bytes follow a header as it announced.

use std::io::{self, Write};

/// Bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 512;
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

/// Bytes that fill the last block of a file of this length.
pub(crate) fn padding(bytes: u64) -> usize {
    match usize::try_from(bytes % BLOCK_BYTES as u64).unwrap_or(0) {
        0 => 0,
        used => BLOCK_BYTES - used,
    }
}

/// Fills the last block of a file of this length.
pub(super) fn pad(stream: &mut dyn Write, bytes: u64) -> io::Result<()> {
    stream.write_all([0_u8; BLOCK_BYTES].get(..padding(bytes)).unwrap_or_default())
}

/// A file of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name, without a folder.
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: u64,
}

/// What a header says; `None` for the empty block that ends a stream.
///
/// # Errors
/// In words: a block that is no header; anything but a regular file; a name with a folder in it.
pub(crate) fn member(block: &[u8; BLOCK_BYTES]) -> Result<Option<Member>, String> {
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let field = |at: usize, bytes: usize| block.get(at..at + bytes).unwrap_or_default();
    let until_zero = |bytes: &[u8]| bytes.iter().copied().take_while(|byte| *byte != 0).collect::<Vec<u8>>();
    let octal = |bytes: &[u8]| {
        let digits = String::from_utf8(until_zero(bytes)).ok()?;
        u64::from_str_radix(digits.trim(), 8).ok()
    };
    let is_counted = |at: usize| !(148..156).contains(&at);
    let sum: u64 =
        block.iter().enumerate().map(|(at, byte)| u64::from(if is_counted(at) { *byte } else { b' ' })).sum();
    if octal(field(148, 8)) != Some(sum) {
        return Err("is neither a folder nor a stream of `eseutil backup --stream`".to_owned());
    }
    let raw = until_zero(field(0, NAME_BYTES));
    let name = String::from_utf8(raw).map_err(|_| "has a file whose name is no text".to_owned())?;
    let is_plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\n']);
    let has_prefix = field(345, 155).first().is_some_and(|byte| *byte != 0);
    let is_regular = matches!(block.get(156), Some(b'0' | 0));
    if !is_plain || has_prefix || !is_regular {
        return Err(format!("has '{}', which is no plain file of a set", name.escape_debug()));
    }
    let length = field(124, 12);
    let bytes = match length.split_first() {
        Some((0x80, rest)) => {
            let (high, low) = rest.split_at(rest.len().saturating_sub(8));
            let low: Option<[u8; 8]> = low.try_into().ok();
            low.filter(|_| high.iter().all(|byte| *byte == 0)).map(u64::from_be_bytes)
        }
        _ => octal(length),
    };
    let bytes = bytes.ok_or_else(|| format!("does not say how long '{}' is", name.escape_debug()))?;
    Ok(Some(Member { name, bytes }))
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
    fn what_is_written_is_read_and_what_is_hostile_is_refused() {
        for (name, bytes) in [("a.edb", 0), ("edb00001.log", 1000), ("big.edb", OCTAL_END + 5)] {
            let block = header(name.as_bytes(), bytes, 1).unwrap();
            assert_eq!(member(&block), Ok(Some(Member { name: name.to_owned(), bytes })));
        }
        assert_eq!(member(&[0; BLOCK_BYTES]), Ok(None));
        assert!(member(&[7; BLOCK_BYTES]).is_err());
        let sealed = |change: &dyn Fn(&mut [u8; BLOCK_BYTES])| {
            let mut block = header(b"a.edb", 10, 1).unwrap();
            change(&mut block);
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            member(&block)
        };
        assert!(sealed(&|_| ()).is_ok());
        for name in ["../x", "/etc/x", "a/b", "..", ".", "a\\b"] {
            let put = |block: &mut [u8; BLOCK_BYTES]| {
                block[..100].fill(0);
                block[..name.len()].copy_from_slice(name.as_bytes());
            };
            assert!(sealed(&put).is_err(), "{name}");
        }
        for kind in *b"1234567xgL" {
            assert!(sealed(&|block| block[156] = kind).is_err(), "{}", kind as char);
        }
        assert!(sealed(&|block| block[345] = b'x').is_err(), "a prefix");
        assert!(sealed(&|block| block[124..136].fill(b'9')).is_err(), "no length");
        assert!(sealed(&|block| block[124..136].fill(0xFF)).is_err(), "a negative length");
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
