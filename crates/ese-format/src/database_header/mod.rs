//! The database header and its shadow: finding them, choosing one, checking and writing them (spec 01 §4–§7).
//!
//! ```text
//! file offset 0         primary copy: one page      0   u32  XOR checksum of the page
//! file offset page size shadow copy: one page       4   u32  magic 0x89ABCDEF
//!                                                   236 u32  page size, 0 = 4096
//!                                                   748 …    zero, or a newer minor version's
//! ```
//!
//! Invariants: a [`DatabaseHeader`] comes from a copy whose checksum held and whose page size is its own, or was made
//! by [`DatabaseHeader::new`]; unknown bytes are kept, so that [`DatabaseHeader::encode`] gives the page back. Whether
//! an engine may *use* the file is a second question, answered by [`DatabaseHeader::check`], since a dump shows
//! headers that an attach refuses.

mod fields;
mod state;

use bitflags::bitflags;
use zerocopy::{FromBytes, IntoBytes};

pub use self::fields::{HEADER_BYTES, HeaderFields};
pub use self::state::{DatabaseState, RequiredGenerations, StateChange};
use crate::checksum::{seal_header, verify_header};
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::file_type::FileType;
use crate::page_size::PageSize;
use crate::version::{self, DATABASE_UPDATE_MAJOR_LARGE_PAGES, DATABASE_VERSION, DatabaseVersion};

/// Magic of a database header.
pub const MAGIC: u32 = 0x89AB_CDEF;
/// Value of `sort_version` once `MSysLocales` is authoritative (spec 01 §4.4).
pub const SORT_VERSION_IN_LOCALES_TABLE: u64 = u64::MAX;
/// Bytes from the start of the file that decide everything about the two copies.
pub const PROBE_BYTES: usize = 65536;

type Field = (u64, &'static str);
const FIELD_CHECKSUM: Field = (0, "checksum");
const FIELD_MAGIC: Field = (4, "magic");
const FIELD_VERSION: Field = (8, "version");
const FIELD_ATTRIBUTE: Field = (12, "attribute");
const FIELD_STATE: Field = (52, "state");
const FIELD_UPDATE_MAJOR: Field = (232, "update major");
const FIELD_PAGE_SIZE: Field = (236, "page size");
const FIELD_FILE_TYPE: Field = (667, "file type");

bitflags! {
    /// Flags of a database (header offset 208).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct HeaderFlags: u32 {
        /// The shadow catalog is not kept.
        const CATALOG_SHADOWING_OFF = 0x0000_0001;
        /// Obsolete: upgrade in progress.
        const UPGRADING = 0x0000_0002;
        /// Obsolete: had a streaming file.
        const HAD_STREAMING_FILE = 0x0000_0004;
        /// Diagnostic: attached by ESENT.
        const ATTACHED_BY_ESENT = 0x0100_0000;
        /// Diagnostic: attached by ESE.
        const ATTACHED_BY_ESE = 0x0200_0000;
        /// Diagnostic: attached by a private build.
        const ATTACHED_BY_PRIVATE_BUILD = 0x0400_0000;
        /// Diagnostic: built with the extent cache.
        const ATTACHED_WITH_EXTENT_CACHE = 0x0800_0000;
    }
}

/// A header that was checked when it was read, or made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseHeader {
    /// The known fields. The checksum here is the one read; [`Self::encode`] computes its own.
    pub fields: HeaderFields,
    page_size: PageSize,
    /// The bytes behind the known fields up to the end of the page.
    beyond: Vec<u8>,
}

/// Who the header is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderExpectation {
    /// The page size the caller works with; `None`: whatever the file has.
    pub page_size: Option<PageSize>,
    /// Whether a state other than clean is an error.
    pub state: StateRule,
}

/// Which states a check lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateRule {
    /// Only a cleanly closed database: an ordinary attach.
    MustBeClean,
    /// Any: recovery and repair.
    Any,
}

impl DatabaseHeader {
    /// Decodes one copy: `page` is exactly the bytes of the copy, a page long.
    ///
    /// # Errors
    /// -1018 when the checksum does not hold, or the page size inside is not the length of `page`.
    pub fn decode(page: &[u8]) -> FormatResult<Self> {
        let error = |field: Field, problem| {
            FormatError::new(FileKind::Database, field.0, field.1, problem, JetError::READ_VERIFY_FAILURE)
        };
        let truncated =
            || Problem::Truncated { needed: PageSize::K2.bytes() as u64, available: page.len() as u64 };
        let (fields, beyond) =
            HeaderFields::read_from_prefix(page).map_err(|_| error((0, "header"), truncated()))?;
        if let Err((stored, computed)) = verify_header(page) {
            let problem = Problem::Checksum { stored: stored.into(), computed: computed.into() };
            return Err(error(FIELD_CHECKSUM, problem));
        }
        match PageSize::from_header_field(fields.page_size.get()) {
            Some(page_size) if page_size.bytes() == page.len() => {
                Ok(Self { fields, page_size, beyond: beyond.to_vec() })
            }
            _ => {
                let problem =
                    Problem::Mismatch { found: fields.page_size.get().into(), expected: page.len() as u64 };
                Err(error(FIELD_PAGE_SIZE, problem))
            }
        }
    }

    /// An empty header of a new file: magic, versions of creation, page size and file type set, all else zero.
    #[must_use]
    pub fn new(page_size: PageSize) -> Self {
        let fields = HeaderFields {
            magic: MAGIC.into(),
            version: DATABASE_VERSION.into(),
            update_major: version::DATABASE_UPDATE_MAJOR_AT_CREATION.into(),
            create_version: DATABASE_VERSION.into(),
            create_update_major: version::DATABASE_UPDATE_MAJOR_AT_CREATION.into(),
            page_size: (page_size as u32).into(),
            file_type: FileType::Database.raw().into(),
            ..HeaderFields::default()
        };
        Self { fields, page_size, beyond: vec![0; page_size.bytes() - HEADER_BYTES] }
    }

    /// The page to write, its checksum computed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut page = Vec::with_capacity(self.page_size.bytes());
        page.extend_from_slice(self.fields.as_bytes());
        page.extend_from_slice(&self.beyond);
        seal_header(&mut page);
        page
    }

    /// The page size of the database.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// The bytes behind the known fields: zero unless a newer minor version put something there.
    #[must_use]
    pub fn beyond(&self) -> &[u8] {
        &self.beyond
    }

    /// The format version.
    #[must_use]
    pub fn version(&self) -> DatabaseVersion {
        DatabaseVersion {
            version: self.fields.version.get(),
            update_major: self.fields.update_major.get(),
            update_minor: self.fields.update_minor.get(),
        }
    }

    /// The flags, unknown bits included.
    #[must_use]
    pub fn flags(&self) -> HeaderFlags {
        HeaderFlags::from_bits_retain(self.fields.flags.get())
    }

    /// Whether this is a backup copy that no recovery has finished yet (spec 01 §4, `bkinfoFullCur`).
    #[must_use]
    pub fn is_backup_copy(&self) -> bool {
        self.fields.backup_full_current.generation_low.get() != 0
    }

    /// Whether this is a backup copy whose trailer page has not been merged (spec 01 §13.6).
    #[must_use]
    pub fn needs_trailer(&self) -> bool {
        self.is_backup_copy() && self.fields.backup_full_current.generation_high.get() == 0
    }

    /// The checks of an attach, in the engine's order (spec 01 §5.3): magic, version, page size, large pages of an old
    /// engine, state, attribute and file type, newer versions.
    ///
    /// # Errors
    /// The first that fails: -1209, -1213, the state's own error, -1206, -1209.
    pub fn check(&self, expected: HeaderExpectation) -> FormatResult<()> {
        let fields = &self.fields;
        let mismatch =
            |found: u32, expected: u32| Problem::Mismatch { found: found.into(), expected: expected.into() };
        let invalid_version = JetError::INVALID_DATABASE_VERSION;
        if fields.magic.get() != MAGIC {
            return Err(self.error(FIELD_MAGIC, mismatch(fields.magic.get(), MAGIC), invalid_version));
        }
        if fields.version.get() < DATABASE_VERSION {
            let problem = mismatch(fields.version.get(), DATABASE_VERSION);
            return Err(self.error(FIELD_VERSION, problem, invalid_version));
        }
        if let Some(size) = expected.page_size
            && size != self.page_size
        {
            let problem = mismatch(self.page_size as u32, size as u32);
            return Err(self.error(FIELD_PAGE_SIZE, problem, JetError::PAGE_SIZE_MISMATCH));
        }
        if self.page_size.is_large() && fields.update_major.get() < DATABASE_UPDATE_MAJOR_LARGE_PAGES {
            let problem = Problem::Unsupported("large pages from before Windows 7");
            return Err(self.error(FIELD_UPDATE_MAJOR, problem, invalid_version));
        }
        if expected.state == StateRule::MustBeClean {
            self.check_clean()?;
        }
        self.check_kind()?;
        version::accept(self.version()).map_err(|jet| {
            let field =
                if fields.version.get() > DATABASE_VERSION { FIELD_VERSION } else { FIELD_UPDATE_MAJOR };
            self.error(field, Problem::Unsupported("a newer format version"), jet)
        })
    }

    fn check_clean(&self) -> FormatResult<()> {
        let state = self.state().unwrap_or(DatabaseState::DirtyShutdown);
        let Some(jet) = state.open_error(self.is_backup_copy()) else { return Ok(()) };
        let problem = Problem::Mismatch {
            found: self.fields.state.get().into(),
            expected: DatabaseState::CleanShutdown.raw().into(),
        };
        Err(self.error(FIELD_STATE, problem, jet))
    }

    fn check_kind(&self) -> FormatResult<()> {
        let corrupted = JetError::DATABASE_CORRUPTED;
        let attribute = self.fields.attribute.get();
        if attribute != 0 {
            let problem = Problem::Mismatch { found: attribute.into(), expected: 0 };
            return Err(self.error(FIELD_ATTRIBUTE, problem, corrupted));
        }
        let raw = self.fields.file_type.get();
        match FileType::from_raw(raw) {
            Some(FileType::Unknown | FileType::Database | FileType::TemporaryDatabase) => Ok(()),
            _ => {
                let problem =
                    Problem::Mismatch { found: raw.into(), expected: FileType::Database.raw().into() };
                Err(self.error(FIELD_FILE_TYPE, problem, corrupted))
            }
        }
    }
}

/// What one of the two copies is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyState {
    /// Valid, and identical with the chosen one (or the chosen one itself).
    Good,
    /// Valid by itself, but not the same as the primary, which wins.
    Differs,
    /// The checksum does not hold at the chosen page size, or the page size inside is another.
    Bad {
        /// As stored.
        stored: u32,
        /// As computed.
        computed: u32,
    },
    /// The file ends before it.
    Missing,
}

/// The header of a file, and what its two copies are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderPair {
    /// The copy that counts.
    pub header: DatabaseHeader,
    /// The copy at offset 0.
    pub primary: CopyState,
    /// The copy one page behind it.
    pub shadow: CopyState,
}

/// The bytes of a copy for a candidate page size.
fn copy_bytes(file: &[u8], size: PageSize, index: usize) -> Option<&[u8]> {
    file.get(size.bytes() * index..size.bytes() * (index + 1))
}

/// The valid copy of the largest candidate page size.
fn find_copy(file: &[u8], index: usize) -> Option<(DatabaseHeader, &[u8])> {
    let candidates = PageSize::ALL.into_iter().rev();
    candidates
        .filter_map(|size| copy_bytes(file, size, index))
        .find_map(|bytes| DatabaseHeader::decode(bytes).ok().map(|header| (header, bytes)))
}

fn state_of_bad_copy(file: &[u8], size: PageSize, index: usize) -> CopyState {
    match copy_bytes(file, size, index).map(verify_header) {
        None => CopyState::Missing,
        Some(Ok(())) => CopyState::Differs,
        Some(Err((stored, computed))) => CopyState::Bad { stored, computed },
    }
}

/// Finds page size and header in the first bytes of a file: give at least [`PROBE_BYTES`], or the whole file when it is
/// shorter (spec 01 §5.2). A valid primary wins over any shadow; a valid shadow stands in for a torn primary.
///
/// # Errors
/// -1018 when neither copy is valid at any page size. An attach reports that as -1206
/// ([`JetError::DATABASE_CORRUPTED`]).
pub fn choose_header(first_bytes: &[u8]) -> FormatResult<HeaderPair> {
    let primary = find_copy(first_bytes, 0);
    let shadow = find_copy(first_bytes, 1);
    match (primary, shadow) {
        (Some((header, primary)), Some((_, shadow))) => {
            let shadow = if primary == shadow { CopyState::Good } else { CopyState::Differs };
            Ok(HeaderPair { header, primary: CopyState::Good, shadow })
        }
        (Some((header, _)), None) => {
            let shadow = state_of_bad_copy(first_bytes, header.page_size, 1);
            Ok(HeaderPair { header, primary: CopyState::Good, shadow })
        }
        (None, Some((header, _))) => {
            let primary = state_of_bad_copy(first_bytes, header.page_size, 0);
            Ok(HeaderPair { header, primary, shadow: CopyState::Good })
        }
        (None, None) => Err(no_header(first_bytes)),
    }
}

/// The error of a file without a header, told for the page size that the primary names, else 4096.
fn no_header(first_bytes: &[u8]) -> FormatError {
    let named = HeaderFields::ref_from_prefix(first_bytes)
        .ok()
        .and_then(|(fields, _)| PageSize::from_header_field(fields.page_size.get()))
        .unwrap_or(PageSize::K4);
    let page = copy_bytes(first_bytes, named, 0).unwrap_or(first_bytes);
    DatabaseHeader::decode(page).err().unwrap_or_else(|| {
        let problem = Problem::Invalid("no valid header copy");
        FormatError::new(FileKind::Database, 0, "header", problem, JetError::READ_VERIFY_FAILURE)
    })
}

#[cfg(test)]
mod tests;
