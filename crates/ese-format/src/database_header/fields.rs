//! The 748 bytes of a database header, field by field (spec 01 §4).

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::backup_info::BackupInfo;
use crate::lgpos::Lgpos;
use crate::logtime::Logtime;
use crate::signature::Signature;

/// Bytes of the header that have a meaning; the rest of the page is zero, or belongs to a newer minor version.
pub const HEADER_BYTES: usize = 748;

/// The database header in its stored form. Names follow the reference, spelled out; `generation` is a log generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct HeaderFields {
    /// @0 XOR checksum of the page.
    pub checksum: U32,
    /// @4 0x89ABCDEF.
    pub magic: U32,
    /// @8 format version, 0x620.
    pub version: U32,
    /// @12 0 for a database.
    pub attribute: U32,
    /// @16 highest dbtime at the time of the header write; exact when clean.
    pub dbtime: U64,
    /// @24 identity of the database.
    pub database_signature: Signature,
    /// @52 state, see [`super::DatabaseState`].
    pub state: U32,
    /// @56 position of the last clean detach.
    pub lgpos_consistent: Lgpos,
    /// @64 time of it.
    pub time_consistent: Logtime,
    /// @72 time of the last attach or create.
    pub time_attach: Logtime,
    /// @80 position of the attach or create record.
    pub lgpos_attach: Lgpos,
    /// @88 zero while attached.
    pub time_detach: Logtime,
    /// @96 zero while attached.
    pub lgpos_detach: Lgpos,
    /// @104 attachment slot.
    pub dbid: U32,
    /// @108 identity of the log set; unset: not bound to logs.
    pub log_signature: Signature,
    /// @136 last full backup.
    pub backup_full_previous: BackupInfo,
    /// @160 last incremental backup.
    pub backup_incremental_previous: BackupInfo,
    /// @184 set only in a backup copy not yet recovered.
    pub backup_full_current: BackupInfo,
    /// @208 see [`super::HeaderFlags`].
    pub flags: U32,
    /// @212 highest object id; exact when clean.
    pub objid_last: U32,
    /// @216 major version of the operating system of the last attach.
    pub os_major: U32,
    /// @220 minor version.
    pub os_minor: U32,
    /// @224 build number.
    pub os_build: U32,
    /// @228 service pack.
    pub os_service_pack: U32,
    /// @232 update major of the format version ("revision").
    pub update_major: U32,
    /// @236 bytes of a page; 0 means 4096.
    pub page_size: U32,
    /// @240 times repaired.
    pub repair_count: U32,
    /// @244 last repair.
    pub time_repair: Logtime,
    /// @252 was the streaming file's signature.
    pub reserved_252: [u8; 28],
    /// @280 dbtime of the last scrub.
    pub dbtime_last_scrub: U64,
    /// @288 time of it.
    pub time_scrub: Logtime,
    /// @296 lowest generation needed to recover; 0 when clean.
    pub generation_min_required: U32,
    /// @300 highest generation whose changes may be in the file; 0 when clean.
    pub generation_max_required: U32,
    /// @304 obsolete.
    pub upgrade_55_pages: U32,
    /// @308 obsolete.
    pub upgrade_free_pages: U32,
    /// @312 obsolete.
    pub upgrade_space_map_pages: U32,
    /// @316 current snapshot backup.
    pub backup_snapshot_current: BackupInfo,
    /// @340 version of the creating engine.
    pub create_version: U32,
    /// @344 update major stamped at creation, 0x14.
    pub create_update_major: U32,
    /// @348 creation time of the log of generation `generation_max_committed`.
    pub time_generation_max_create: Logtime,
    /// @356 kind of the last full backup: 0 normal, 1 OS snapshot, 2 snapshot.
    pub backup_type_full_previous: U32,
    /// @360 kind of the last incremental backup.
    pub backup_type_incremental_previous: U32,
    /// @364 repair count before the last offline defragmentation.
    pub repair_count_old: U32,
    /// @368 pages corrected by ECC.
    pub ecc_fix_success: U32,
    /// @372 last such time.
    pub time_ecc_fix_success: Logtime,
    /// @380 count before the last repair.
    pub ecc_fix_success_old: U32,
    /// @384 ECC corrections that left the page bad.
    pub ecc_fix_fail: U32,
    /// @388 last such time.
    pub time_ecc_fix_fail: Logtime,
    /// @396 count before the last repair.
    pub ecc_fix_fail_old: U32,
    /// @400 uncorrectable checksum errors.
    pub bad_checksum: U32,
    /// @404 last such time.
    pub time_bad_checksum: Logtime,
    /// @412 count before the last repair.
    pub bad_checksum_old: U32,
    /// @416 highest generation that may hold records of this database; 0 when clean.
    pub generation_max_committed: U32,
    /// @420 last copy backup.
    pub backup_copy_previous: BackupInfo,
    /// @444 last differential backup.
    pub backup_differential_previous: BackupInfo,
    /// @468 kind of the last copy backup.
    pub backup_type_copy_previous: U32,
    /// @472 kind of the last differential backup.
    pub backup_type_differential_previous: U32,
    /// @476 incremental reseeds.
    pub incremental_reseed_count: U32,
    /// @480 last such time.
    pub time_incremental_reseed: Logtime,
    /// @488 count before the last repair.
    pub incremental_reseed_count_old: U32,
    /// @492 pages patched by incremental reseed.
    pub page_patch_count: U32,
    /// @496 last such time.
    pub time_page_patch: Logtime,
    /// @504 count before the last repair.
    pub page_patch_count_old: U32,
    /// @508 sort version; all ones: `MSysLocales` is authoritative.
    pub sort_version: U64,
    /// @516 end of the last background scan.
    pub time_scan_previous: Logtime,
    /// @524 start of the current background scan.
    pub time_scan_start: Logtime,
    /// @532 progress of it.
    pub scan_highest_continuous_page: U32,
    /// @536 generation being redone; 0 outside recovery.
    pub generation_recovering: U32,
    /// @540 extensions of the file.
    pub extend_count: U32,
    /// @544 last such time.
    pub time_last_extend: Logtime,
    /// @552 shrinks of the file.
    pub shrink_count: U32,
    /// @556 last such time.
    pub time_last_shrink: Logtime,
    /// @564 last re-attach with a kept cache.
    pub time_last_reattach: Logtime,
    /// @572 position of it.
    pub lgpos_last_reattach: Lgpos,
    /// @580 sparse trims.
    pub trim_count: U32,
    /// @584 fresh at every header write.
    pub header_flush_signature: Signature,
    /// @612 the flush map's header signature as last written.
    pub flush_map_signature: Signature,
    /// @640 lowest generation needed to reach a clean state, flush-map needs aside.
    pub generation_min_consistent: U32,
    /// @644 update minor of the format version.
    pub update_minor: U32,
    /// @648 highest engine format version of any engine that attached; diagnostic.
    pub efv_max_attached: U32,
    /// @652 highest page scanned in the background.
    pub scan_highest_page: U32,
    /// @656 position of the last resize (update major 110 and up).
    pub lgpos_last_resize: Lgpos,
    /// @664 zero.
    pub reserved_664: [u8; 3],
    /// @667 1, see [`crate::file_type::FileType`].
    pub file_type: U32,
    /// @671 zero.
    pub reserved_671: u8,
    /// @672 creation time of the log of `generation_max_required` (update major 150 and up).
    pub time_generation_max_required: Logtime,
    /// @680 `generation_min_consistent` before redo lowered it, or 0.
    pub generation_pre_redo_min_consistent: U32,
    /// @684 `generation_min_required` before redo lowered it, or 0.
    pub generation_pre_redo_min_required: U32,
    /// @688 revert snapshot's signature.
    pub revert_snapshot_signature: Signature,
    /// @716 reverts.
    pub revert_count: U32,
    /// @720 reverted from.
    pub time_revert_from: Logtime,
    /// @728 reverted to.
    pub time_revert_to: Logtime,
    /// @736 pages reverted.
    pub revert_page_count: U32,
    /// @740 highest commit position before the revert.
    pub lgpos_commit_before_revert: Lgpos,
}

const _: () = {
    assert!(size_of::<HeaderFields>() == HEADER_BYTES);
    assert!(std::mem::offset_of!(HeaderFields, state) == 52);
    assert!(std::mem::offset_of!(HeaderFields, log_signature) == 108);
    assert!(std::mem::offset_of!(HeaderFields, backup_full_current) == 184);
    assert!(std::mem::offset_of!(HeaderFields, page_size) == 236);
    assert!(std::mem::offset_of!(HeaderFields, generation_min_required) == 296);
    assert!(std::mem::offset_of!(HeaderFields, create_version) == 340);
    assert!(std::mem::offset_of!(HeaderFields, generation_max_committed) == 416);
    assert!(std::mem::offset_of!(HeaderFields, sort_version) == 508);
    assert!(std::mem::offset_of!(HeaderFields, extend_count) == 540);
    assert!(std::mem::offset_of!(HeaderFields, header_flush_signature) == 584);
    assert!(std::mem::offset_of!(HeaderFields, lgpos_last_resize) == 656);
    assert!(std::mem::offset_of!(HeaderFields, file_type) == 667);
    assert!(std::mem::offset_of!(HeaderFields, time_generation_max_required) == 672);
    assert!(std::mem::offset_of!(HeaderFields, lgpos_commit_before_revert) == 740);
};

impl Default for HeaderFields {
    fn default() -> Self {
        Self::new_zeroed()
    }
}
