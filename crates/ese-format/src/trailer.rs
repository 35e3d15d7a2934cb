//! The trailer page that a streamed backup appends to its copy of a database (spec 01 §13.6, spec 07 §2.3).
//!
//! ```text
//! 0    u32  XOR checksum of the header kind, over the page     92   28  log signature
//! 4    36 × 0                                                  120  u32 lowest generation required
//! 40   24   BKINFO of the backup                               124  u32 highest generation required
//! 64   28   database signature                                 128  u32 highest generation committed
//! 148  zero to the end of the page                             132, 140 creation times of the last two
//! ```
//!
//! Invariants: the page is one database page long; the three generations are all there or all zero (files below
//! 1568.160.360); a page that carries it fails as a data page.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::backup_info::BackupInfo;
use crate::checksum::{seal_header, verify_header};
use crate::database_header::DatabaseHeader;
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::logtime::Logtime;
use crate::page_size::PageSize;
use crate::signature::Signature;

/// Bytes of the trailer that have a meaning.
pub const TRAILER_BYTES: usize = 148;

/// A trailer in its stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Trailer {
    /// @0 XOR checksum; [`Self::encode`] computes its own.
    pub checksum: U32,
    /// @4 a page header without content.
    pub blank: [u8; 36],
    /// @40 the backup.
    pub backup: BackupInfo,
    /// @64 the database.
    pub database_signature: Signature,
    /// @92 its log set.
    pub log_signature: Signature,
    /// @120 lowest generation required at the end of the backup.
    pub generation_min_required: U32,
    /// @124 highest generation required.
    pub generation_max_required: U32,
    /// @128 highest generation committed.
    pub generation_max_committed: U32,
    /// @132 creation time of the log of `generation_max_required`.
    pub time_generation_max_required: Logtime,
    /// @140 creation time of the log of `generation_max_committed`.
    pub time_generation_max_committed: Logtime,
}

const _: () = assert!(size_of::<Trailer>() == TRAILER_BYTES);

impl Default for Trailer {
    fn default() -> Self {
        Self::new_zeroed()
    }
}

/// Whether the last page of a file looks like a trailer: its words 1, 2, 3 and 6 are zero, it is not zero as a whole.
/// Such a page is checked with [`Trailer::decode`] instead of as a data page.
#[must_use]
pub fn looks_like_trailer(page: &[u8]) -> bool {
    let words = page.as_chunks::<4>().0;
    let zero = |index: usize| words.get(index).is_some_and(|word| *word == [0; 4]);
    [1, 2, 3, 6].into_iter().all(zero) && page.iter().any(|byte| *byte != 0)
}

impl Trailer {
    /// Decodes the first page of `bytes`.
    ///
    /// # Errors
    /// -535 when it is shorter than a page or its checksum does not hold.
    pub fn decode(bytes: &[u8], size: PageSize) -> FormatResult<Self> {
        let error =
            |problem| FormatError::new(FileKind::Database, 0, "trailer", problem, JetError::BAD_PATCH_PAGE);
        let Some(page) = bytes.get(..size.bytes()) else {
            let problem = Problem::Truncated { needed: size.bytes() as u64, available: bytes.len() as u64 };
            return Err(error(problem));
        };
        if let Err((stored, computed)) = verify_header(page) {
            return Err(error(Problem::Checksum { stored: stored.into(), computed: computed.into() }));
        }
        let (trailer, _) = Self::read_from_prefix(page).expect("a page is longer than a trailer");
        Ok(trailer)
    }

    /// The page to append, its checksum computed.
    #[must_use]
    pub fn encode(&self, size: PageSize) -> Vec<u8> {
        let mut page = self.as_bytes().to_vec();
        page.resize(size.bytes(), 0);
        seal_header(&mut page);
        page
    }

    /// Whether the trailer says which generations are required.
    #[must_use]
    pub fn has_generations(&self) -> bool {
        self.generation_max_required.get() != 0
    }

    /// Whether this trailer belongs to the header of a streamed copy: both signatures and the backup's mark agree.
    ///
    /// # Errors
    /// -552 naming what differs.
    pub fn check_belongs_to(&self, header: &DatabaseHeader) -> FormatResult<()> {
        let fields = &header.fields;
        let (offset, field) = if self.database_signature != fields.database_signature {
            (64, "database signature")
        } else if self.log_signature != fields.log_signature {
            (92, "log signature")
        } else if self.backup.mark != fields.backup_full_current.mark {
            (40, "backup mark")
        } else {
            return Ok(());
        };
        let problem = Problem::Invalid("is not the header's");
        let jet = JetError::DATABASE_PATCH_FILE_MISMATCH;
        Err(FormatError::new(FileKind::Database, offset, field, problem, jet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_decodes_to_what_was_encoded_and_a_changed_bit_is_told() {
        for size in PageSize::ALL {
            let mut trailer = Trailer::default();
            trailer.backup.generation_low = 0x51.into();
            trailer.backup.generation_high = 0x52.into();
            trailer.database_signature.random = 7.into();
            trailer.generation_max_required = 0x52.into();
            let mut page = trailer.encode(size);
            let decoded = Trailer::decode(&page, size).unwrap();
            assert_eq!(decoded.encode(size), page);
            assert!(looks_like_trailer(&page) && decoded.has_generations());
            page[50] ^= 1;
            assert_eq!(Trailer::decode(&page, size).unwrap_err().jet(), JetError::BAD_PATCH_PAGE);
            page.pop();
            assert_eq!(Trailer::decode(&page, size).unwrap_err().jet(), JetError::BAD_PATCH_PAGE);
        }
        assert!(!looks_like_trailer(&[0; 4096]));
    }

    #[test]
    fn a_trailer_of_another_database_or_backup_is_told() {
        let mut header = DatabaseHeader::new(PageSize::K4);
        header.fields.database_signature.random = 1.into();
        header.fields.log_signature.random = 2.into();
        header.fields.backup_full_current.mark = crate::lgpos::Lgpos::new(5, 1, 0);
        header.fields.backup_full_current.generation_low = 5.into();
        assert!(header.needs_trailer());
        let good = Trailer {
            database_signature: header.fields.database_signature,
            log_signature: header.fields.log_signature,
            backup: header.fields.backup_full_current,
            ..Trailer::default()
        };
        good.check_belongs_to(&header).unwrap();
        for (spoil, field) in [(0, "database signature"), (1, "log signature"), (2, "backup mark")] {
            let mut other = good;
            match spoil {
                0 => other.database_signature.random = 9.into(),
                1 => other.log_signature.random = 9.into(),
                _ => other.backup.mark.ib = 9.into(),
            }
            let error = other.check_belongs_to(&header).unwrap_err();
            assert_eq!((error.jet(), error.field()), (JetError::DATABASE_PATCH_FILE_MISMATCH, field));
        }
    }
}
