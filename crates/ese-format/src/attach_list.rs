//! The attach list: which databases were attached at a place of the log stream (spec 05 §4.5).
//!
//! 2048 bytes in a log header and in a checkpoint; entries back to back, ended by a zero byte:
//!
//! ```text
//! 0   u8  dbid, not 0          20  LGPOS lgposAttach
//! 1   u8  flags                28  LGPOS lgposConsistent
//! 2   u16 cbNames              36  SIGNATURE signDb (28)
//! 4   u64 dbtime               64  path, terminated (cbNames bytes)
//! 12  u32 objidLast
//! 16  u32 cpgDatabaseSizeMax
//! ```
//!
//! The path is ANSI before log version 7.3704.9 and UTF-16 since; flag 0x20 says which.
//!
//! Invariant: bytes behind the end mark mean nothing and are never read (real files keep old entries there).

use std::borrow::Cow;
use std::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::lgpos::Lgpos;
use crate::signature::Signature;

/// Bytes of an attach list in a header.
pub const ATTACH_LIST_BYTES: usize = 2048;

bitflags! {
    /// Flags of an attached database.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct AttachFlags: u8 {
        /// The path is UTF-16.
        const UNICODE = 0x20;
        /// The file is sparse.
        const SPARSE = 0x40;
        const _ = !0;
    }
}

/// The fixed part of an entry, in its stored form.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct AttachInfo {
    /// Database number, not 0.
    pub dbid: u8,
    /// [`AttachFlags`].
    pub flags: u8,
    /// Bytes of the path, its terminator included.
    pub path_length: U16,
    /// Last dbtime of the database.
    pub dbtime: U64,
    /// Last object id of the database.
    pub objid_last: U32,
    /// Largest size in pages, 0 for no limit.
    pub max_pages: U32,
    /// Where the AttachDB or CreateDB record is.
    pub attach: Lgpos,
    /// Where the database was last consistent before; none if that was another stream.
    pub consistent: Lgpos,
    /// The database's identity.
    pub database_signature: Signature,
}

const _: () = assert!(size_of::<AttachInfo>() == 64);

impl AttachInfo {
    /// The flags.
    #[must_use]
    pub fn attach_flags(&self) -> AttachFlags {
        AttachFlags::from_bits_retain(self.flags)
    }
}

/// One attached database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment<'a> {
    /// The fixed part.
    pub info: &'a AttachInfo,
    /// The path as stored.
    pub path: StoredPath<'a>,
}

/// How a path is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathEncoding {
    /// The code page of the machine that wrote it.
    Ansi,
    /// UTF-16LE.
    Utf16,
}

/// A path (or name) as a log, checkpoint or record stores it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StoredPath<'a> {
    bytes: &'a [u8],
    encoding: PathEncoding,
}

impl<'a> StoredPath<'a> {
    /// The path in `bytes`, up to its terminator or their end.
    #[must_use]
    pub fn new(bytes: &'a [u8], encoding: PathEncoding) -> Self {
        Self { bytes, encoding }
    }

    /// The stored bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How they are stored.
    #[must_use]
    pub fn encoding(&self) -> PathEncoding {
        self.encoding
    }

    /// Bytes up to and including the terminator, or all of them where there is none.
    #[must_use]
    pub fn terminated_len(&self) -> usize {
        let (width, position) = match self.encoding {
            PathEncoding::Ansi => (1, self.bytes.iter().position(|byte| *byte == 0)),
            PathEncoding::Utf16 => (2, self.bytes.as_chunks::<2>().0.iter().position(|unit| *unit == [0, 0])),
        };
        position.map_or(self.bytes.len(), |position| (position + 1) * width)
    }

    /// The path as text. Unpaired surrogates become U+FFFD; ANSI bytes are read as UTF-8 where they are that, else as
    /// Latin-1 (the code page is not stored).
    #[must_use]
    pub fn to_text(&self) -> Cow<'a, str> {
        match self.encoding {
            PathEncoding::Ansi => ansi_text(self.bytes),
            PathEncoding::Utf16 => {
                let units = self.bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
                char::decode_utf16(units.take_while(|unit| *unit != 0))
                    .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect::<String>()
                    .into()
            }
        }
    }

    /// `text` as it is stored: in UTF-16, terminated.
    #[must_use]
    pub fn encode_utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }
}

impl fmt::Debug for StoredPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.encoding, self.to_text())
    }
}

/// ANSI bytes up to their NUL as text.
pub(crate) fn ansi_text(bytes: &[u8]) -> Cow<'_, str> {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    match str::from_utf8(text) {
        Ok(text) => text.into(),
        Err(_) => text.iter().copied().map(char::from).collect::<String>().into(),
    }
}

/// The entries of a stored attach list, in stored order.
#[derive(Clone, Debug)]
pub struct AttachList<'a> {
    bytes: &'a [u8],
    offset: usize,
    kind: FileKind,
}

impl<'a> AttachList<'a> {
    /// The list in `bytes`, which lie in a file of this kind; offsets in errors are counted from their start.
    #[must_use]
    pub fn new(bytes: &'a [u8], kind: FileKind) -> Self {
        Self { bytes, offset: 0, kind }
    }

    /// Bytes of the entries read so far; after the last one, bytes of the list without its end mark.
    #[must_use]
    pub fn bytes_read(&self) -> usize {
        self.offset
    }

    fn read(&mut self) -> FormatResult<Attachment<'a>> {
        let left = self.bytes.get(self.offset..).unwrap_or_default();
        let truncated = |needed: usize, field| {
            let problem = Problem::Truncated { needed: needed as u64, available: left.len() as u64 };
            let jet = match self.kind {
                FileKind::Checkpoint => JetError::CHECKPOINT_CORRUPT,
                _ => JetError::LOG_FILE_CORRUPT,
            };
            FormatError::new(self.kind, self.offset as u64, field, problem, jet)
        };
        let (info, behind) = AttachInfo::ref_from_prefix(left)
            .map_err(|_| truncated(size_of::<AttachInfo>(), "attach list entry"))?;
        let path_length = usize::from(info.path_length.get());
        let path = behind
            .get(..path_length)
            .ok_or_else(|| truncated(size_of::<AttachInfo>() + path_length, "attach list path"))?;
        let unicode = info.attach_flags().contains(AttachFlags::UNICODE);
        let encoding = if unicode { PathEncoding::Utf16 } else { PathEncoding::Ansi };
        self.offset += size_of::<AttachInfo>() + path_length;
        Ok(Attachment { info, path: StoredPath::new(path, encoding) })
    }
}

impl<'a> Iterator for AttachList<'a> {
    type Item = FormatResult<Attachment<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.bytes.get(self.offset) {
            None | Some(0) => None,
            Some(_) => {
                let entry = self.read();
                if entry.is_err() {
                    self.bytes = &[];
                }
                Some(entry)
            }
        }
    }
}

/// Builds a stored attach list.
#[derive(Clone, Debug, Default)]
pub struct AttachListBuilder {
    bytes: Vec<u8>,
}

impl AttachListBuilder {
    /// Adds a database; entries go in ascending order of their dbid. `info.path_length` and the Unicode flag are set
    /// here. `path` is stored as UTF-16.
    ///
    /// # Errors
    /// JET_errInvalidParameter for dbid 0 or one that does not ascend; JET_errTooManyAttachedDatabases when 2048
    /// bytes do not hold the list.
    pub fn push(&mut self, mut info: AttachInfo, path: &str) -> FormatResult<()> {
        let path = StoredPath::encode_utf16(path);
        info.flags |= AttachFlags::UNICODE.bits();
        self.push_stored(info, &path)
    }

    /// As [`Self::push`], with the path and the flags as they are stored.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_stored(&mut self, mut info: AttachInfo, path: &[u8]) -> FormatResult<()> {
        let error = |field, problem, jet| FormatError::new(FileKind::Log, 0, field, problem, jet);
        let last = AttachList::new(&self.bytes, FileKind::Log).flatten().last();
        let lowest = last.map_or(1, |last| last.info.dbid.saturating_add(1));
        if info.dbid < lowest {
            let problem =
                Problem::OutOfRange { found: u64::from(info.dbid), min: u64::from(lowest), max: 255 };
            return Err(error("attach list dbid", problem, JetError::INVALID_PARAMETER));
        }
        let total = self.bytes.len() + size_of::<AttachInfo>() + path.len();
        // One byte stays for the end mark.
        if total >= ATTACH_LIST_BYTES {
            let problem =
                Problem::OutOfRange { found: total as u64, min: 0, max: ATTACH_LIST_BYTES as u64 - 1 };
            return Err(error("attach list", problem, JetError::TOO_MANY_ATTACHED_DATABASES));
        }
        info.path_length = u16::try_from(path.len()).expect("shorter than 2048").into();
        self.bytes.extend_from_slice(info.as_bytes());
        self.bytes.extend_from_slice(path);
        Ok(())
    }

    /// The list with its end mark and zeros behind it.
    #[must_use]
    pub fn build(mut self) -> [u8; ATTACH_LIST_BYTES] {
        self.bytes.resize(ATTACH_LIST_BYTES, 0);
        self.bytes.try_into().expect("resized to the length of the array")
    }
}
