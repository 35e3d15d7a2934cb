//! The flush map beside a database (`.jfm`): which flush type every page was last written with (spec 01 §12).
//!
//! ```text
//! header, 8192 bytes                                 map page f at (f + 1) × 8192: pages f × 32512 … + 32511
//! 0    u32  XOR checksum over 8192 bytes             0    u64  ECC checksum, page number f
//! 4    u32  version 3, 8 u32 0, 12 u32 0             8    i64  highest dbtime of those pages, -1 unknown
//! 36   u32  bit 0: clean                             16   u32  f
//! 40   3 × LOGTIME created, attached, detached       36   u32  0x2000
//! 64   u32  lowest generation required, 68 target    64 … 8191 two bits a page, the highest bits first
//! 72   2 × LOGTIME last full flush
//! 88   28   database header's flush signature
//! 116  28   this header's flush signature            667  u32  7
//! ```
//!
//! Invariants: a database never depends on its map; a map page that is zero or bad is all unknown, not an error.

use zerocopy::little_endian::{I64, U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::checksum::{BlockStart, ecc_block, seal_header, verify_header};
use crate::database_header::DatabaseHeader;
use crate::error::{FileKind, FormatError, FormatResult, JetError, Problem};
use crate::file_type::FileType;
use crate::logtime::Logtime;
use crate::page::FlushType;
use crate::signature::Signature;

/// Bytes of a flush-map page, whatever the database's page size.
pub const MAP_PAGE_BYTES: usize = 8192;
/// Bytes of a map page before the states.
const MAP_PAGE_HEADER_BYTES: usize = 64;
/// Database pages that one map page describes.
pub const PAGES_PER_MAP_PAGE: u32 = ((MAP_PAGE_BYTES - MAP_PAGE_HEADER_BYTES) * 4) as u32;
/// The only version of the format that is read.
pub const FLUSH_MAP_VERSION: u32 = 3;
/// Flag of the header: written at a clean detach.
const FLAG_CLEAN: u32 = 1;
/// Flag of a map page: its checksum is in the ECC form.
const FLAG_ECC: u32 = 0x2000;

const _: () = assert!(PAGES_PER_MAP_PAGE == 32512);

/// The header of a flush map in its stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct FlushMapFields {
    /// @0 XOR checksum.
    pub checksum: U32,
    /// @4 version, 3.
    pub version: U32,
    /// @8 update major, 0.
    pub update_major: U32,
    /// @12 update minor, 0; makes no difference.
    pub update_minor: U32,
    /// @16 zero.
    pub reserved_16: [u8; 20],
    /// @36 bit 0: clean.
    pub flags: U32,
    /// @40 creation of the map.
    pub time_create: Logtime,
    /// @48 last attach.
    pub time_attach: Logtime,
    /// @56 last clean detach.
    pub time_detach: Logtime,
    /// @64 lowest log generation needed to rebuild the map; 0 when clean.
    pub generation_min_required: U32,
    /// @68 the value it will get when the full flush in progress ends; 0 if none is.
    pub generation_min_required_target: U32,
    /// @72 start of the last full flush.
    pub time_flush_started: Logtime,
    /// @80 end of the last full flush.
    pub time_flush_completed: Logtime,
    /// @88 the database header's flush signature as last written.
    pub header_flush_signature: Signature,
    /// @116 fresh at every write of this header.
    pub flush_map_signature: Signature,
    /// @144 zero.
    pub reserved_144: [u8; 523],
    /// @667 7.
    pub file_type: U32,
}

const _: () = assert!(size_of::<FlushMapFields>() == 671);

impl Default for FlushMapFields {
    fn default() -> Self {
        Self::new_zeroed()
    }
}

/// A flush-map header that was checked when it was read, or made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlushMapHeader {
    /// The fields. The checksum here is the one read; [`Self::encode`] computes its own.
    pub fields: FlushMapFields,
    beyond: Vec<u8>,
}

/// Whether a map was closed with its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapState {
    /// Written at a clean detach.
    Clean,
    /// In use, or left over from a crash.
    Dirty,
}

impl FlushMapHeader {
    /// Decodes the first 8192 bytes of a flush map: checksum, file type and version hold.
    ///
    /// # Errors
    /// -1018 for length or checksum, -1812 for the file type, -1918 for the version.
    pub fn decode(bytes: &[u8]) -> FormatResult<Self> {
        let error =
            |offset, field, problem, jet| FormatError::new(FileKind::FlushMap, offset, field, problem, jet);
        let Some(page) = bytes.get(..MAP_PAGE_BYTES) else {
            let problem = Problem::Truncated { needed: MAP_PAGE_BYTES as u64, available: bytes.len() as u64 };
            return Err(error(0, "header", problem, JetError::READ_VERIFY_FAILURE));
        };
        if let Err((stored, computed)) = verify_header(page) {
            let problem = Problem::Checksum { stored: stored.into(), computed: computed.into() };
            return Err(error(0, "checksum", problem, JetError::READ_VERIFY_FAILURE));
        }
        let (fields, beyond) =
            FlushMapFields::read_from_prefix(page).expect("a map page is longer than the header's fields");
        if fields.file_type.get() != FileType::FlushMap.raw() {
            let problem = Problem::Mismatch {
                found: fields.file_type.get().into(),
                expected: FileType::FlushMap.raw().into(),
            };
            return Err(error(667, "file type", problem, JetError::FILE_INVALID_TYPE));
        }
        for (offset, field, found, expected) in [
            (4, "version", fields.version.get(), FLUSH_MAP_VERSION),
            (8, "update major", fields.update_major.get(), 0),
        ] {
            if found != expected {
                let problem = Problem::Mismatch { found: found.into(), expected: expected.into() };
                return Err(error(offset, field, problem, JetError::FLUSH_MAP_VERSION_UNSUPPORTED));
            }
        }
        Ok(Self { fields, beyond: beyond.to_vec() })
    }

    /// The header of a new map: version and file type set, all else zero.
    #[must_use]
    pub fn new() -> Self {
        let fields = FlushMapFields {
            version: FLUSH_MAP_VERSION.into(),
            file_type: FileType::FlushMap.raw().into(),
            ..FlushMapFields::default()
        };
        Self { fields, beyond: vec![0; MAP_PAGE_BYTES - size_of::<FlushMapFields>()] }
    }

    /// The 8192 bytes to write, their checksum computed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut page = Vec::with_capacity(MAP_PAGE_BYTES);
        page.extend_from_slice(self.fields.as_bytes());
        page.extend_from_slice(&self.beyond);
        seal_header(&mut page);
        page
    }

    /// Whether the map was closed with its database.
    #[must_use]
    pub fn state(&self) -> MapState {
        if self.fields.flags.get() & FLAG_CLEAN != 0 { MapState::Clean } else { MapState::Dirty }
    }

    /// Sets whether the map is closed with its database.
    pub fn set_state(&mut self, state: MapState) {
        let others = self.fields.flags.get() & !FLAG_CLEAN;
        self.fields.flags = (others | if state == MapState::Clean { FLAG_CLEAN } else { 0 }).into();
    }

    /// Whether this map can be used with the database whose header is given (spec 01 §12.5, §12.7 "attach").
    ///
    /// # Errors
    /// -1919 when neither pair of flush signatures agrees; -1920 when the map is not clean and cannot be rebuilt from
    /// the logs.
    pub fn check_belongs_to(&self, header: &DatabaseHeader) -> FormatResult<()> {
        let (map, database) = (&self.fields, &header.fields);
        let agree = |left: &Signature, right: &Signature| left.is_set() && left == right;
        let error =
            |offset, field, problem, jet| FormatError::new(FileKind::FlushMap, offset, field, problem, jet);
        if !agree(&map.header_flush_signature, &database.header_flush_signature)
            && !agree(&map.flush_map_signature, &database.flush_map_signature)
        {
            let problem = Problem::Invalid("neither signature is the database's");
            return Err(error(88, "flush signatures", problem, JetError::FLUSH_MAP_DATABASE_MISMATCH));
        }
        let (own, databases) = (map.generation_min_required.get(), database.generation_min_required.get());
        let is_recoverable = own > 0 && databases > 0 && databases <= own;
        if self.state() == MapState::Dirty && !is_recoverable {
            let problem = Problem::Invalid("neither clean nor rebuildable from the logs");
            return Err(error(64, "lowest generation required", problem, JetError::FLUSH_MAP_UNRECOVERABLE));
        }
        Ok(())
    }
}

impl Default for FlushMapHeader {
    fn default() -> Self {
        Self::new()
    }
}

/// The first 64 bytes of a map page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct MapPageHeader {
    checksum: U64,
    dbtime_max: I64,
    map_page_number: U32,
    reserved_20: [u8; 16],
    flags: U32,
    reserved_40: [u8; 24],
}

const _: () = assert!(size_of::<MapPageHeader>() == MAP_PAGE_HEADER_BYTES);

/// A page of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapPage {
    header: MapPageHeader,
    states: Vec<u8>,
}

/// The place of a database page in the map: map page, and slot on it.
#[must_use]
pub fn place_of(page_number: u32) -> (u32, u32) {
    (page_number / PAGES_PER_MAP_PAGE, page_number % PAGES_PER_MAP_PAGE)
}

/// Bytes a map needs at least for a database whose last page is `last_page`.
#[must_use]
pub fn file_bytes_min(last_page: u32) -> u64 {
    (u64::from(place_of(last_page).0) + 2) * MAP_PAGE_BYTES as u64
}

impl MapPage {
    /// A map page on which nothing is known.
    #[must_use]
    pub fn new(map_page_number: u32) -> Self {
        let mut header = MapPageHeader::new_zeroed();
        header.dbtime_max = (-1).into();
        header.map_page_number = map_page_number.into();
        header.flags = FLAG_ECC.into();
        Self { header, states: vec![0; MAP_PAGE_BYTES - MAP_PAGE_HEADER_BYTES] }
    }

    /// Decodes a map page.
    ///
    /// # Errors
    /// -1018 for length, checksum or number. Whoever reads a map puts [`Self::new`] in the place of such a page.
    pub fn decode(bytes: &[u8], map_page_number: u32) -> FormatResult<Self> {
        let error = |offset, field, problem| {
            FormatError::new(FileKind::FlushMap, offset, field, problem, JetError::READ_VERIFY_FAILURE)
                .on_page(map_page_number)
        };
        let page = bytes.get(..MAP_PAGE_BYTES);
        let Some((header, states)) = page.and_then(|page| MapPageHeader::read_from_prefix(page).ok()) else {
            let problem = Problem::Truncated { needed: MAP_PAGE_BYTES as u64, available: bytes.len() as u64 };
            return Err(error(0, "map page", problem));
        };
        let stored = header.checksum.get();
        let computed =
            page.and_then(|page| ecc_block(page, BlockStart::Header, map_page_number)).unwrap_or_default();
        if stored != computed || header.flags.get() & FLAG_ECC == 0 {
            return Err(error(0, "checksum", Problem::Checksum { stored, computed }));
        }
        if header.map_page_number.get() != map_page_number {
            let problem = Problem::Mismatch {
                found: header.map_page_number.get().into(),
                expected: map_page_number.into(),
            };
            return Err(error(16, "map page number", problem));
        }
        Ok(Self { header, states: states.to_vec() })
    }

    /// The 8192 bytes to write, their checksum computed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut page = Vec::with_capacity(MAP_PAGE_BYTES);
        page.extend_from_slice(self.header.as_bytes());
        page.extend_from_slice(&self.states);
        let checksum = ecc_block(&page, BlockStart::Header, self.number()).unwrap_or_default();
        if let Some(place) = page.first_chunk_mut() {
            *place = checksum.to_le_bytes();
        }
        page
    }

    /// The number of this map page, from 0.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.header.map_page_number.get()
    }

    /// The highest dbtime of the pages described; `None` when it is not known.
    #[must_use]
    pub fn dbtime_max(&self) -> Option<i64> {
        let dbtime = self.header.dbtime_max.get();
        (dbtime != -1).then_some(dbtime)
    }

    /// The state of the page in this slot (see [`place_of`]); unknown beyond the last slot.
    #[must_use]
    pub fn state(&self, slot: u32) -> FlushType {
        let byte = self.states.get(slot as usize / 4).copied().unwrap_or_default();
        FlushType::from_bits(byte >> (6 - 2 * (slot % 4)))
    }

    /// Notes that the page in this slot was written with this flush type and dbtime. Dbtimes with a special meaning
    /// (spec 01 §2.5) and 0 do not count for the highest one.
    pub fn record_write(&mut self, slot: u32, flush_type: FlushType, dbtime: i64) {
        self.set_state(slot, flush_type);
        if dbtime > 0 {
            let highest = self.header.dbtime_max.get().max(dbtime);
            self.header.dbtime_max = highest.into();
        }
    }

    /// Sets the state of the page in this slot; nothing beyond the last slot.
    pub fn set_state(&mut self, slot: u32, flush_type: FlushType) {
        let shift = 6 - 2 * (slot % 4);
        if let Some(byte) = self.states.get_mut(slot as usize / 4) {
            *byte = *byte & !(3 << shift) | flush_type.bits() << shift;
        }
    }
}

#[cfg(test)]
mod tests;
