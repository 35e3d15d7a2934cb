//! The rows of spec 07 §17.3.

use std::path::Path;

use self::header_changes::set_previous_created;
use ese_format::database_header::{DatabaseState, choose_header};
use ese_format::log::{LogFile, LogHeader, RecordType};
use ese_format::page_size::PageSize;
use ese_format::trailer::Trailer;
use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::Row;
use crate::bed::{Bed, Form, SlotBytes, Slots};
use crate::harness::{attach, begin_session, create_instance, init, set, set_text, term};
use crate::stage::{Restored, Stage, generation_name, other_source, source, words};

const PAGE: usize = 4096;

pub(crate) const ROWS: &[Row] = &[
    ("T73", t73),
    ("T74", t74),
    ("T75", t75),
    ("T76", t76),
    ("T77", t77),
    ("T78", t78),
    ("T79", t79),
    ("T80", t80),
    ("T81", t81),
    ("T82", t82),
    ("T83", t83),
    ("T84", t84),
    ("T85", t85),
    ("T86", t86),
    ("T87", t87),
    ("T88", t88),
    ("T89", t89),
    ("T90", t90),
    ("T91", t91),
    ("T92", t92),
    ("T93", t93),
    ("T94", t94),
    ("T95", t95),
    ("T96", t96),
    ("T97", t97),
    ("T98", t98),
    ("T99", t99),
    ("T100", t100),
    ("T101", t101),
    ("T102", t102),
    ("T103", t103),
    ("T104", t104),
    ("T105", t105),
    ("T106", t106),
    ("T107", t107),
    ("T108", t108),
    ("T109", t109),
    ("T110", t110),
    ("T111", t111),
    ("T112", t112),
    ("T113", t113),
    ("T114", t114),
    ("T115", t115),
    ("T116", t116),
    ("T117", t117),
    ("T118", t118),
    ("T119", t119),
    ("T120", t120),
    ("T121", t121),
    ("T122", t122),
    ("T123", t123),
    ("T124", t124),
];

/// Changes of log headers that a restore is to notice.
mod header_changes {
    use ese_format::log::LogHeader;

    /// Names another creation time of the log before.
    pub(super) fn set_previous_created(bytes: &mut [u8]) {
        let mut header = *LogHeader::read(bytes).expect("a header");
        header.previous_created.seconds ^= 1;
        header.seal();
        bytes[..header.bytes().len()].copy_from_slice(header.bytes());
    }
}

pub(crate) fn low() -> u32 {
    source().set.low
}

pub(crate) fn high() -> u32 {
    source().set.high
}

pub(crate) fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

/// The number of segments that hold records.
pub(crate) fn segments(bytes: &[u8]) -> usize {
    LogFile::read(bytes).expect("a log").segments().len()
}

/// Clean, without a memory of backups (spec 07 §11.11).
fn check_clean(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let header = choose_header(&bytes).expect("a header").header;
    assert_eq!(header.state(), Some(DatabaseState::CleanShutdown));
    assert_eq!(Slots::of(&bytes), Slots::NONE);
    let fields = &header.fields;
    assert_eq!(fields.generation_min_required.get(), 0);
    assert_eq!(fields.generation_max_required.get(), 0);
    assert_eq!(fields.generation_max_committed.get(), 0);
}

fn is_adopted(path: &Path) -> bool {
    Slots::of(&std::fs::read(path).unwrap()).current.generations().1 != 0
}

fn t73(form: Form) {
    for second in [false, true] {
        let stage = Stage::new(form);
        let streams = source().set.databases.iter().map(|(_, bytes)| bytes.len()).collect::<Vec<_>>();
        let (code, told) =
            if second { (stage.restore2(), Vec::new()) } else { stage.restore_answering(None) };
        assert_eq!(code, 0);
        for (path, stream) in [stage.copy_of_a(), stage.copy_of_b()].iter().zip(streams) {
            check_clean(path);
            assert_eq!(std::fs::read(path).unwrap().len(), stream - PAGE, "the trailer is cut off");
        }
        let logs: Vec<_> =
            std::fs::read_dir(stage.path("log")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(logs, ["edb.log"]);
        let log = std::fs::read(stage.path("log/edb.log")).unwrap();
        assert_eq!(LogHeader::read(&log).unwrap().generation.get() as u32, high() + 1);
        assert_eq!(std::fs::read(stage.path("sys/edb.chk")).unwrap().len(), 8192);
        for (path, bytes) in &source().set.logs {
            let kept = stage.path("bk").join(path.file_name().unwrap());
            assert_eq!(&std::fs::read(kept).unwrap(), bytes, "the set is as it was");
        }
        assert_eq!(stage.rows(), source().rows);
        if second {
            continue;
        }
        assert_eq!(told.first(), Some(&(JET_snpRestore, JET_sntBegin, Some(0))));
        assert_eq!(told.last(), Some(&(JET_snpRestore, JET_sntComplete, Some(100))));
        let progress: Vec<u32> = told
            .iter()
            .filter(|(_, snt, _)| *snt == JET_sntProgress)
            .filter_map(|(_, _, done)| *done)
            .collect();
        assert!(progress.is_sorted_by(|left, right| left < right), "{progress:?}");
        let of = |snt| {
            told.iter().filter(|(snp, found, _)| (*snp, *found) == (JET_snpRecoveryControl, snt)).count()
        };
        let logs = (high() - low() + 1) as usize;
        assert_eq!(of(JET_sntOpenLog), logs + 3);
        assert_eq!(of(JET_sntNotificationEvent), logs);
        assert_eq!((of(JET_sntMissingLog), of(JET_sntBeginUndo)), (1, 1));
    }
}

fn t74(form: Form) {
    let mut stage = Stage::new(form);
    stage.call.target_log = Some(stage.path("x"));
    assert_eq!(stage.restore2(), JET_errInvalidParameter);
    (stage.call.target_log, stage.call.target_system) = (None, Some(stage.path("x")));
    assert_eq!(stage.restore2(), JET_errInvalidParameter);
}

fn t75(form: Form) {
    let mut stage = Stage::new(form);
    stage.call.target = Some("backup");
    stage.call.target_log = Some(stage.path("x"));
    stage.call.target_system = Some(stage.path("x"));
    assert_eq!(stage.restore2(), JET_errInvalidParameter);
}

fn t76(form: Form) {
    let mut stage = Stage::new(form);
    let before = stage.content();
    stage.call.target = Some("nobody");
    assert_eq!(stage.restore2(), JET_errBadRestoreTargetInstance);
    let _bed = Bed::with(form, crate::bed::Setup { databases: 0, ..Default::default() });
    stage.call.target = Some("Backup");
    assert_eq!(stage.restore2(), JET_errBadRestoreTargetInstance);
    assert!(stage.content() == before);
}

/// A running instance without databases in the folder `at`, of this base name.
fn running(name: &str, at: &Path, base_name: &str) -> usize {
    let (instance, code) = create_instance(Some(name));
    assert_eq!(code, 0);
    std::fs::create_dir_all(at).unwrap();
    for id in [JET_paramSystemPath, JET_paramLogFilePath] {
        assert_eq!(set_text(Some(instance), id, at), 0);
    }
    assert_eq!(set_text(Some(instance), JET_paramTempPath, &at.join("running.edb")), 0);
    assert_eq!(set_text(Some(instance), JET_paramBaseName, Path::new(base_name)), 0);
    let (instance, code) = init(instance);
    assert_eq!(code, 0);
    instance
}

fn t77(form: Form) {
    let mut stage = Stage::new(form);
    let instance = running("other", &stage.path("x"), "E00");
    stage.call.target = Some("other");
    let code = stage.restore2();
    assert_eq!(term(instance, JET_bitTermComplete), 0);
    assert_eq!(code, JET_errBadRestoreTargetInstance);
}

fn t78(form: Form) {
    let stage = Stage::new(form);
    let folder = stage.path("single");
    std::fs::create_dir(&folder).unwrap();
    for id in [JET_paramSystemPath, JET_paramLogFilePath] {
        assert_eq!(set_text(None, id, &folder), 0);
    }
    assert_eq!(set_text(None, JET_paramTempPath, &folder.join("tmp.edb")), 0);
    let (instance, code) = init(0);
    assert_eq!(code, 0);
    let codes = (stage.refused(), stage.restore2());
    assert_eq!(term(instance, JET_bitTermComplete), 0);
    for id in [JET_paramSystemPath, JET_paramLogFilePath, JET_paramTempPath] {
        assert_eq!(set_text(None, id, Path::new("./")), 0);
    }
    assert_eq!(codes, (JET_errRunningInOneInstanceMode, JET_errRunningInOneInstanceMode));
}

fn t79(form: Form) {
    let mut stage = Stage::new(form);
    let instance = running("other", &stage.path("x"), "edb");
    stage.call.log = stage.path("x");
    let code = stage.refused();
    assert_eq!(term(instance, JET_bitTermComplete), 0);
    assert_eq!(code, JET_errLogFilePathInUse);
}

fn t80(form: Form) {
    let mut stage = Stage::new(form);
    let instance = running("other", &stage.path("x"), "edb");
    stage.call.system = stage.path("x");
    let code = stage.refused();
    assert_eq!(term(instance, JET_bitTermComplete), 0);
    // Its temporary database has another name: the system path itself is what collides.
    assert_eq!(code, JET_errSystemPathInUse);
    let bed = Bed::with(form, crate::bed::Setup { databases: 0, ..Default::default() });
    stage.call.system = bed.path("");
    assert_eq!(stage.refused(), JET_errTempPathInUse, "the temporary database defaults into the system path");
}

fn t81(form: Form) {
    let mut stage = Stage::new(form);
    for (low, high) in [(0, 5), (6, 5), (-1, 5), (i32::MIN, i32::MAX)] {
        (stage.call.low, stage.call.high) = (low, high);
        assert_eq!(stage.refused(), JET_errInvalidParameter);
    }
    (stage.call.low, stage.call.high) = (low() as i32, high() as i32);
    for count in [15, -1, 0, i32::MAX, i32::MIN] {
        stage.call.count = Some(count);
        assert_eq!(stage.refused(), JET_errInvalidParameter, "a count of {count}");
    }
    stage.call.count = None;
    stage.call.map.clear();
    assert_eq!(stage.refused(), JET_errInvalidParameter, "no map");
}

fn t82(form: Form) {
    let mut stage = Stage::new(form);
    for size in [0, 15, 17, 18, 24] {
        stage.call.info_size = Some(size);
        assert_eq!(stage.restore2(), JET_errInvalidParameter);
    }
}

fn t83(form: Form) {
    let mut stage = Stage::new(form);
    std::fs::copy(stage.copy_of_a(), stage.path("db/c.edb")).unwrap();
    let again = (stage.call.map[1].0.clone(), Some(words(&stage.path("db/c.edb"))));
    stage.call.map.push(again);
    assert_eq!(stage.refused(), JET_errDatabaseSignInUse);
    // The same file twice.
    stage.call.map.pop();
    let again = stage.call.map[0].clone();
    stage.call.map.push(again);
    assert_eq!(stage.refused(), JET_errDatabaseSignInUse);
}

fn t84(form: Form) {
    let stage = Stage::new(form);
    std::fs::remove_file(stage.log_in("bk", low() + 2)).unwrap();
    assert_eq!(stage.refused(), JET_errFileNotFound);
}

fn t85(form: Form) {
    let stage = Stage::new(form);
    let generation = low() + 2;
    std::fs::write(stage.log_in("bk", generation), &other_source().archives[&generation]).unwrap();
    assert_eq!(stage.refused(), JET_errBadLogSignature);
}

fn t86(form: Form) {
    let stage = Stage::new(form);
    std::fs::copy(stage.log_in("bk", low() + 1), stage.log_in("bk", low() + 2)).unwrap();
    assert_eq!(stage.refused(), JET_errGivenLogFileIsNotContiguous);
}

fn t87(form: Form) {
    let stage = Stage::new(form);
    change(&stage.log_in("bk", low() + 2), |bytes| bytes.truncate(bytes.len() - 4096));
    assert_eq!(stage.refused(), JET_errLogFileSizeMismatch);
}

fn t88(form: Form) {
    let mut stage = Stage::new(form);
    stage.call.low += 1;
    assert_eq!(stage.refused(), JET_errStartingRestoreLogTooHigh);
}

fn t89(form: Form) {
    let mut stage = Stage::new(form);
    // What the copies need ends with the log that was current when they were streamed.
    let needed = |index: usize| {
        let bytes = &source().set.databases[index].1;
        let trailer = Trailer::decode(&bytes[bytes.len() - PAGE..], PageSize::K4).unwrap();
        trailer.backup.generation_high.get() as i32
    };
    stage.call.high = needed(0).max(needed(1)) - 1;
    assert!(stage.call.high >= stage.call.low);
    assert_eq!(stage.refused(), JET_errEndingRestoreLogTooLow);
}

fn t90(form: Form) {
    let mut stage = Stage::new(form);
    stage.put_log("bk", low() - 1);
    stage.call.low -= 1;
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
}

fn t91(form: Form) {
    let stage = Stage::new(form);
    std::fs::write(stage.copy_of_b(), &source().closed).unwrap();
    assert_eq!(stage.refused(), JET_errRestoreOfNonBackupDatabase);
}

fn t92(form: Form) {
    let stage = Stage::new(form);
    change(&stage.copy_of_a(), |bytes| bytes.truncate(bytes.len() - PAGE));
    assert_eq!(stage.refused(), JET_errBadPatchPage);
}

fn t93(form: Form) {
    let stage = Stage::new(form);
    change(&stage.copy_of_a(), |bytes| {
        let trailer = bytes.len() - PAGE;
        bytes[trailer + 50] ^= 1;
    });
    assert_eq!(stage.refused(), JET_errBadPatchPage);
}

fn t94(form: Form) {
    let stage = Stage::new(form);
    let b = std::fs::read(stage.copy_of_b()).unwrap();
    change(&stage.copy_of_a(), |bytes| {
        let trailer = bytes.len() - PAGE;
        bytes[trailer..].copy_from_slice(&b[b.len() - PAGE..]);
    });
    assert_eq!(stage.refused(), JET_errDatabasePatchFileMismatch);
}

fn t95(form: Form) {
    let stage = Stage::new(form);
    change(&stage.copy_of_a(), |bytes| {
        let at = bytes.len() - PAGE;
        let mut trailer = Trailer::decode(&bytes[at..], PageSize::K4).unwrap();
        trailer.backup.mark.ib = (trailer.backup.mark.ib.get() ^ 8).into();
        bytes[at..].copy_from_slice(&trailer.encode(PageSize::K4));
    });
    assert_eq!(stage.refused(), JET_errDatabasePatchFileMismatch);
}

fn t96(form: Form) {
    let stage = Stage::new(form);
    change(&stage.copy_of_a(), |bytes| bytes[..2 * PAGE].fill(0));
    assert_eq!(stage.refused(), JET_errDatabaseCorrupted);
}

fn t97(form: Form) {
    let stage = Stage::new(form);
    change(&stage.copy_of_a(), |bytes| bytes[..PAGE].fill(0));
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
}

fn t98(form: Form) {
    let stage = Stage::new(form);
    assert_eq!(set(None, JET_paramDatabasePageSize, 8192), 0);
    let code = stage.refused();
    assert_eq!(set(None, JET_paramDatabasePageSize, 4096), 0);
    assert_eq!(code, JET_errPageSizeMismatch);
}

fn t99(form: Form) {
    for (pages, code) in [(2, JET_errDatabaseCorrupted), (3, JET_errBadPatchPage)] {
        let stage = Stage::new(form);
        change(&stage.copy_of_a(), |bytes| bytes.truncate(pages * PAGE));
        assert_eq!(stage.refused(), code);
    }
}

fn t100(form: Form) {
    let mut stage = Stage::new(form);
    std::fs::remove_file(stage.copy_of_b()).unwrap();
    assert_eq!(stage.refused(), JET_errFileNotFound);
    stage.call.map[1].1 = Some(words(&stage.path("nowhere/b.edb")));
    assert_eq!(stage.refused(), JET_errInvalidPath);
}

fn t101(form: Form) {
    let stage = Stage::new(form);
    change(&stage.copy_of_b(), |bytes| bytes.truncate(bytes.len() - PAGE));
    assert_eq!(stage.refused(), JET_errBadPatchPage);
    assert!(!is_adopted(&stage.copy_of_a()));
}

fn t102(form: Form) {
    let stage = Stage::new(form);
    stage.put_log("bk", high() + 1);
    stage.put_log("bk", low() - 1);
    stage.put_current("bk");
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
    let left: Vec<_> = std::fs::read_dir(stage.path("bk")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), source().set.logs.len(), "{left:?}");
}

/// Everything behind the set up to the clean end of the source, in a folder.
fn put_all_behind(stage: &Stage, folder: &str) {
    for generation in source().archives.keys().filter(|generation| **generation > high()) {
        stage.put_log(folder, *generation);
    }
    stage.put_current(folder);
}

fn t103(form: Form) {
    let mut stage = Stage::new(form);
    put_all_behind(&stage, "bk");
    stage.call.log = stage.path("bk");
    assert_eq!(stage.restore(), 0);
    let log = std::fs::read(stage.path("bk/edb.log")).unwrap();
    assert_eq!(LogHeader::read(&log).unwrap().generation.get() as u32, source().current.0, "it goes on");
    assert_eq!(stage.rows(), source().rows_at_end);
}

fn t104(form: Form) {
    let stage = Stage::new(form);
    stage.put_log("log", high() + 1);
    stage.put_log("log", high() + 3);
    assert_eq!(stage.refused(), JET_errMissingCurrentLogFiles);
}

fn t105(form: Form) {
    let other = other_source();
    let put = |stage: &Stage, generations: &[u32]| {
        for generation in generations {
            std::fs::write(stage.log_in("log", *generation), &other.archives[generation]).unwrap();
        }
    };
    for generations in [vec![high() + 1], vec![low() + 1, low() + 2]] {
        let stage = Stage::new(form);
        put(&stage, &generations);
        assert_eq!(stage.refused(), JET_errExistingLogFileHasBadSignature);
    }
    let stage = Stage::new(form);
    std::fs::create_dir(stage.path("log")).unwrap();
    std::fs::write(stage.path("log/edb.log"), &other.current.1).unwrap();
    assert_eq!(stage.refused(), JET_errExistingLogFileHasBadSignature);
}

fn t106(form: Form) {
    let stage = Stage::new(form);
    stage.put_log("log", high() + 1);
    change(&stage.log_in("log", high() + 1), |bytes| set_previous_created(bytes));
    assert_eq!(stage.refused(), JET_errExistingLogFileIsNotContiguous);
}

fn t107(form: Form) {
    let stage = Stage::new(form);
    let foreign = low() + 2;
    std::fs::write(stage.log_in("log", foreign), &other_source().archives[&foreign]).unwrap();
    stage.put_log("log", high() + 1);
    assert_eq!(stage.restore(), 0);
    let rows = stage.rows();
    assert!(rows[0] >= source().rows[0] && rows[0] <= source().rows_at_end[0]);
    let log = std::fs::read(stage.path("log/edb.log")).unwrap();
    assert_eq!(LogHeader::read(&log).unwrap().generation.get() as u32, high() + 2);
}

fn t108(form: Form) {
    let mut stage = Stage::new(form);
    (stage.call.log, stage.call.system) = (stage.path("new/deep/log"), stage.path("new/deep/sys"));
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
    let stage = Stage::new(form);
    std::fs::create_dir(stage.path("log")).unwrap();
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
}

fn t109(form: Form) {
    let mut stage = Stage::new(form);
    stage.call.map.truncate(1);
    let b = std::fs::read(stage.copy_of_b()).unwrap();
    assert_eq!(stage.restore(), JET_errAttachedDatabaseMismatch);
    assert_eq!(std::fs::read(stage.copy_of_b()).unwrap(), b, "what is not in the map is left alone");
    let mut stage = Stage::new(form);
    stage.call.map.truncate(1);
    put_all_behind(&stage, "log");
    assert_eq!(stage.restore(), 0);
    assert_eq!(std::fs::read(stage.copy_of_b()).unwrap(), b, "what is not in the map is left alone");
    check_clean(&stage.copy_of_a());
    let restored = Restored::start(&stage.call.system, &stage.call.log, &[stage.copy_of_a()]);
    assert_eq!(restored.count(0), source().rows_at_end[0]);
}

fn t110(form: Form) {
    let mut stage = Stage::new(form);
    stage.call.map[0].0 = Some(r"C:\somewhere\else.edb".into());
    stage.call.map[1].0 = None;
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
}

/// Loses the second half of a segment.
pub(crate) fn tear(path: &Path, segment: usize) {
    change(path, |bytes| {
        let at = segment * 4096;
        bytes[at + 2048..at + 4096].fill(0xA5);
    });
}

/// Tears the last segment of a log; what the writer left of its shadow is gone as well.
pub(crate) fn tear_end(path: &Path) {
    let last = segments(&std::fs::read(path).unwrap());
    tear(path, last);
    change(path, |bytes| bytes[(last + 1) * 4096..(last + 2) * 4096].fill(0));
}

fn t111(form: Form) {
    let stage = Stage::new(form);
    tear_end(&stage.log_in("bk", high()));
    assert_eq!(stage.restore(), JET_errLogTornWriteDuringHardRestore);
    let stage = Stage::new(form);
    tear_end(&stage.log_in("bk", high() - 1));
    assert_eq!(stage.restore(), JET_errLogCorruptDuringHardRestore);
    let stage = Stage::new(form);
    stage.put_log("log", high() + 1);
    tear_end(&stage.log_in("log", high() + 1));
    assert_eq!(stage.restore(), JET_errLogTornWriteDuringHardRecovery);
}

fn t112(form: Form) {
    let stage = Stage::new(form);
    // The last log of the set was cut short by the backup: the fullest of those before it has a middle.
    let filled = |path: &std::path::PathBuf| segments(&std::fs::read(path).unwrap());
    let fullest =
        (low()..high()).map(|generation| stage.log_in("bk", generation)).max_by_key(filled).unwrap();
    assert!(filled(&fullest) > 2, "{} segments", filled(&fullest));
    tear(&fullest, filled(&fullest) / 2);
    assert_eq!(stage.restore(), JET_errLogCorruptDuringHardRestore);
    let stage = Stage::new(form);
    stage.put_log("log", high() + 1);
    tear(&stage.log_in("log", high() + 1), 2);
    assert_eq!(stage.restore(), JET_errLogCorruptDuringHardRecovery);
    // Where the last one has a middle too.
    let stage = Stage::new(form);
    let path = stage.log_in("bk", high());
    if segments(&std::fs::read(&path).unwrap()) > 2 {
        tear(&path, 1);
        assert_eq!(stage.restore(), JET_errLogCorruptDuringHardRestore);
    }
}

/// A restore that the callback ends at the first log.
fn ended_at_the_first_log(form: Form) -> Stage {
    let stage = Stage::new(form);
    let answer = (JET_snpRecoveryControl, JET_sntOpenLog, JET_errOutOfMemory);
    let (code, told) = stage.restore_answering(Some(answer));
    assert_eq!(code, JET_errOutOfMemory);
    assert_eq!(told.len(), 2, "Begin, OpenLog");
    stage
}

fn t113(form: Form) {
    let stage = ended_at_the_first_log(form);
    assert!(is_adopted(&stage.copy_of_a()));
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
    // D19: one that ended behind the attaches can be begun again as well.
    let stage = Stage::new(form);
    let answer = (JET_snpRecoveryControl, JET_sntBeginUndo, JET_errOutOfMemory);
    assert_eq!(stage.restore_answering(Some(answer)).0, JET_errOutOfMemory);
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
}

fn t114(form: Form) {
    let mut stage = ended_at_the_first_log(form);
    stage.call.high -= 1;
    assert_eq!(stage.refused(), JET_errEndingRestoreLogTooLow);
}

fn t115(form: Form) {
    let stage = ended_at_the_first_log(form);
    for path in [stage.copy_of_a(), stage.copy_of_b()] {
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(Slots::of(&bytes).current.generations(), (low(), high()));
        assert!(bytes[bytes.len() - PAGE..].iter().all(|byte| *byte == 0), "the trailer is zeroed");
    }
    assert!(!stage.path("log/edb.log").exists());
}

fn t116(form: Form) {
    for (snp, snt) in [
        (JET_snpRestore, JET_sntProgress),
        (JET_snpRestore, JET_sntBegin),
        (JET_snpRestore, JET_sntComplete),
        (JET_snpRecoveryControl, JET_sntNotificationEvent),
    ] {
        let stage = Stage::new(form);
        assert_eq!(stage.restore_answering(Some((snp, snt, -1))).0, 0);
    }
}

/// Whether a log of a running instance's folder has an ExtRestore2.
fn has_restore_record(folder: &Path) -> bool {
    let logs = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let logs = logs.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    logs.filter_map(|path| std::fs::read(path).ok()).any(|bytes| {
        LogFile::read(&bytes)
            .is_ok_and(|log| log.records().any(|record| record.record_type() == RecordType::ExtRestore2))
    })
}

fn t117(form: Form) {
    for by_folders in [false, true] {
        let mut bed = Bed::new(form);
        let set = bed.full(false, JET_bitBackupEndNormal);
        bed.insert(0, 300);
        let rows = [bed.count(0), bed.count(1)];
        let mut stage = Stage::of(form, &set);
        if by_folders {
            (stage.call.target_log, stage.call.target_system) = (Some(bed.path("")), Some(bed.path("")));
        } else {
            stage.call.target = Some("backup");
        }
        assert_eq!(stage.restore2(), JET_wrnTargetInstanceRunning);
        bed.insert(0, 10);
        assert_eq!(bed.count(0), rows[0] + 10, "the target runs on");
        assert!(has_restore_record(&bed.path("")));
        assert_eq!(stage.rows(), rows);
    }
}

fn t118(form: Form) {
    let mut bed = Bed::circular(form);
    let set = bed.full(false, JET_bitBackupEndNormal);
    let rows = [bed.count(0), bed.count(1)];
    bed.insert(0, 100);
    let mut stage = Stage::of(form, &set);
    stage.call.target = Some("backup");
    assert_eq!(stage.restore2(), 0);
    assert!(!has_restore_record(&bed.path("")));
    assert_eq!(stage.rows(), rows);
}

fn t119(form: Form) {
    let stage = Stage::new(form);
    std::fs::create_dir(stage.path("sys")).unwrap();
    std::fs::write(stage.path("sys/edb.chk"), vec![0xEE; 8192]).unwrap();
    assert_eq!(stage.restore(), 0);
    let checkpoint = std::fs::read(stage.path("sys/edb.chk")).unwrap();
    assert_eq!(u32::from_le_bytes(checkpoint[16..20].try_into().unwrap()), high() + 1);
    assert_eq!(stage.rows(), source().rows);
}

/// A folder at the logged place, with everything of the source, the copies in the place of the databases.
struct AtLoggedPlace(std::path::PathBuf);

impl AtLoggedPlace {
    fn new() -> Self {
        let place = source().set.databases[0].0.parent().unwrap().to_owned();
        std::fs::create_dir_all(&place).unwrap();
        for (path, bytes) in &source().set.databases {
            std::fs::write(path, bytes).unwrap();
        }
        for generation in low()..=high() {
            std::fs::write(place.join(generation_name(generation)), &source().archives[&generation]).unwrap();
        }
        for generation in source().archives.keys().filter(|generation| **generation > high()) {
            std::fs::write(place.join(generation_name(*generation)), &source().archives[generation]).unwrap();
        }
        std::fs::write(place.join("edb.log"), &source().current.1).unwrap();
        Self(place)
    }
}

impl Drop for AtLoggedPlace {
    fn drop(&mut self) {
        // A folder that stays is a temporary one.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn init2(instance: usize, grbit: u32) -> (usize, i32) {
    let mut instance = instance;
    // SAFETY: the handle is a local.
    let code = unsafe { JetInit2(&raw mut instance, grbit) };
    (instance, code)
}

fn t120(_: Form) {
    let place = AtLoggedPlace::new();
    let (_, code) = init2(Restored::create(&place.0, &place.0), 0);
    assert_eq!(code, JET_errSoftRecoveryOnBackupDatabase);
    for (path, bytes) in &source().set.databases {
        assert_eq!(&std::fs::read(path).unwrap(), bytes, "the file is untouched");
    }
    let (instance, code) = init2(Restored::create(&place.0, &place.0), 0x200);
    assert_eq!(code, 0);
    let slots = Slots::of(&std::fs::read(&source().set.databases[0].0).unwrap());
    assert_eq!(term(instance, JET_bitTermComplete), 0);
    assert_eq!(slots.current, SlotBytes::NONE);
}

fn t121(form: Form) {
    let raw = Stage::new(form);
    let adopted = ended_at_the_first_log(form);
    let instance = running("other", &raw.path("x"), "edb");
    let (session, code) = begin_session(instance);
    assert_eq!(code, 0);
    let codes = [attach(session, &raw.copy_of_a(), 0), attach(session, &adopted.copy_of_a(), 0)];
    assert_eq!(term(instance, JET_bitTermAbrupt), 0);
    assert_eq!(codes, [JET_errSoftRecoveryOnBackupDatabase; 2]);
}

fn t122(form: Form) {
    let stage = Stage::new(form);
    assert_eq!(stage.restore(), 0);
    let restored = stage.restored();
    // SAFETY: any number may be passed.
    let code = unsafe { JetBeginExternalBackupInstance(restored.instance, JET_bitBackupIncremental) };
    assert_eq!(code, JET_errMissingFullBackup);
}

fn t123(form: Form) {
    let mut stage = Stage::new(form);
    let (to, rows) = source().more;
    for generation in high() + 1..=to {
        stage.put_log("bk", generation);
    }
    stage.call.high = to as i32;
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), rows);
}

fn t124(form: Form) {
    let mut stage = Stage::new(form);
    stage.call.high = source().more.0 as i32;
    assert_eq!(stage.refused(), JET_errFileNotFound);
}
