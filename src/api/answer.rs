//! Stored values of the engine as structures of the interface.

use ese_format::backup_info::BackupInfo;
use ese_format::database_header::{DatabaseHeader, HeaderFlags};
use ese_format::lgpos::Lgpos;
use ese_format::logtime::Logtime;
use ese_format::signature::Signature;

use crate::abi::structs::*;

/// A time.
pub(crate) fn logtime(stored: &Logtime) -> JET_LOGTIME {
    JET_LOGTIME {
        bSeconds: stored.seconds.cast_signed(),
        bMinutes: stored.minutes.cast_signed(),
        bHours: stored.hours.cast_signed(),
        bDay: stored.day.cast_signed(),
        bMonth: stored.month.cast_signed(),
        bYear: stored.year_since_1900.cast_signed(),
        anonymous_6: JET_LOGTIME__anonymous_6 { bFiller1: stored.low.cast_signed() },
        anonymous_7: JET_LOGTIME__anonymous_7 { bFiller2: stored.high.cast_signed() },
    }
}

/// An identity.
pub(crate) fn signature(stored: &Signature) -> JET_SIGNATURE {
    JET_SIGNATURE {
        ulRandom: stored.random.get(),
        logtimeCreate: logtime(&stored.created),
        szComputerName: stored.computer_name.map(u8::cast_signed),
    }
}

/// The id of a commit: the log, and its place there as one number.
pub(crate) fn commit_id(log: &Signature, position: Lgpos) -> JET_COMMIT_ID {
    let generation = i64::from(position.generation.get());
    let place = i64::from(position.isec.get()) << 16 | i64::from(position.ib.get());
    JET_COMMIT_ID { signLog: signature(log), reserved: 0, commitId: generation << 32 | place }
}

/// A place in the log.
pub(crate) fn lgpos(stored: Lgpos) -> JET_LGPOS {
    JET_LGPOS { ib: stored.ib.get(), isec: stored.isec.get(), lGeneration: stored.generation.get() }
}

/// The mark of a backup.
fn backup(stored: &BackupInfo) -> JET_BKINFO {
    JET_BKINFO {
        lgposMark: lgpos(stored.mark),
        anonymous_8: JET_BKINFO__anonymous_8 { logtimeMark: logtime(&stored.time) },
        genLow: stored.generation_low.get(),
        genHigh: stored.generation_high.get(),
    }
}

/// What programs learn of a header (spec 08 §10.1). The structures of older versions are its beginnings.
pub(crate) fn database_header(header: &DatabaseHeader) -> JET_DBINFOMISC7 {
    let fields = &header.fields;
    let flags = HeaderFlags::from_bits_retain(fields.flags.get());
    JET_DBINFOMISC7 {
        ulVersion: fields.version.get(),
        ulUpdate: fields.update_major.get(),
        signDb: signature(&fields.database_signature),
        dbstate: fields.state.get(),
        lgposConsistent: lgpos(fields.lgpos_consistent),
        logtimeConsistent: logtime(&fields.time_consistent),
        logtimeAttach: logtime(&fields.time_attach),
        lgposAttach: lgpos(fields.lgpos_attach),
        logtimeDetach: logtime(&fields.time_detach),
        lgposDetach: lgpos(fields.lgpos_detach),
        signLog: signature(&fields.log_signature),
        bkinfoFullPrev: backup(&fields.backup_full_previous),
        bkinfoIncPrev: backup(&fields.backup_incremental_previous),
        bkinfoFullCur: backup(&fields.backup_full_current),
        fShadowingDisabled: flags.contains(HeaderFlags::CATALOG_SHADOWING_OFF).into(),
        fUpgradeDb: 0,
        dwMajorVersion: fields.os_major.get(),
        dwMinorVersion: fields.os_minor.get(),
        dwBuildNumber: fields.os_build.get(),
        lSPNumber: fields.os_service_pack.get().cast_signed(),
        cbPageSize: header.page_size().bytes() as u32,
        genMinRequired: fields.generation_min_required.get(),
        genMaxRequired: fields.generation_max_required.get(),
        logtimeGenMaxCreate: logtime(&fields.time_generation_max_create),
        ulRepairCount: fields.repair_count.get(),
        logtimeRepair: logtime(&fields.time_repair),
        ulRepairCountOld: fields.repair_count_old.get(),
        ulECCFixSuccess: fields.ecc_fix_success.get(),
        logtimeECCFixSuccess: logtime(&fields.time_ecc_fix_success),
        ulECCFixSuccessOld: fields.ecc_fix_success_old.get(),
        ulECCFixFail: fields.ecc_fix_fail.get(),
        logtimeECCFixFail: logtime(&fields.time_ecc_fix_fail),
        ulECCFixFailOld: fields.ecc_fix_fail_old.get(),
        ulBadChecksum: fields.bad_checksum.get(),
        logtimeBadChecksum: logtime(&fields.time_bad_checksum),
        ulBadChecksumOld: fields.bad_checksum_old.get(),
        genCommitted: fields.generation_max_committed.get(),
        bkinfoCopyPrev: backup(&fields.backup_copy_previous),
        bkinfoDiffPrev: backup(&fields.backup_differential_previous),
        ulIncrementalReseedCount: fields.incremental_reseed_count.get(),
        logtimeIncrementalReseed: logtime(&fields.time_incremental_reseed),
        ulIncrementalReseedCountOld: fields.incremental_reseed_count_old.get(),
        ulPagePatchCount: fields.page_patch_count.get(),
        logtimePagePatch: logtime(&fields.time_page_patch),
        ulPagePatchCountOld: fields.page_patch_count_old.get(),
        logtimeChecksumPrev: logtime(&fields.time_scan_previous),
        logtimeChecksumStart: logtime(&fields.time_scan_start),
        cpgDatabaseChecked: fields.scan_highest_continuous_page.get().saturating_sub(1),
        logtimeLastReAttach: logtime(&fields.time_last_reattach),
        lgposLastReAttach: lgpos(fields.lgpos_last_reattach),
    }
}

/// The sizes of the structures that [`database_header`] begins with.
pub(crate) const DATABASE_HEADER_SIZES: [usize; 7] = [
    size_of::<JET_DBINFOMISC>(),
    size_of::<JET_DBINFOMISC2>(),
    size_of::<JET_DBINFOMISC3>(),
    size_of::<JET_DBINFOMISC4>(),
    size_of::<JET_DBINFOMISC5>(),
    size_of::<JET_DBINFOMISC6>(),
    size_of::<JET_DBINFOMISC7>(),
];

/// The bytes of [`database_header`]'s answer.
pub(crate) fn bytes_of(info: &JET_DBINFOMISC7) -> &[u8] {
    const _: () = assert!(size_of::<JET_DBINFOMISC7>() == 416 && align_of::<JET_DBINFOMISC7>() == 4);
    // SAFETY: its fields, of four bytes or of packed structures of a multiple of four, follow each other without gaps.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(info).cast(), size_of::<JET_DBINFOMISC7>()) }
}
