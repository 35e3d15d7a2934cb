//! Names of log files, and what becomes of reserve logs.

use ese_format::log::names::{
    GenerationDigits, LogExtension, LogName, archived_log, checkpoint, current_log, parse, reserve_log,
    temporary_log,
};
use ese_format::reserve::{ReserveVerdict, judge};

#[test]
fn generations_above_five_digits_take_eight() {
    let name = |generation, digits| archived_log("edb", generation, digits, LogExtension::Log);
    assert_eq!(name(0x51, GenerationDigits::FiveThenEight), "edb00051.log");
    assert_eq!(name(0xF_FFFF, GenerationDigits::FiveThenEight), "edbFFFFF.log");
    assert_eq!(name(0x10_0000, GenerationDigits::FiveThenEight), "edb00100000.log");
    assert_eq!(name(0x51, GenerationDigits::Eight), "edb00000051.log");
    assert_eq!(archived_log("SRU", 1, GenerationDigits::Eight, LogExtension::Jtx), "SRU00000001.jtx");
}

#[test]
fn what_is_written_is_parsed_back_in_either_case() {
    for extension in [LogExtension::Log, LogExtension::Jtx] {
        for (name, expected) in [
            (current_log("edb", extension), LogName::Current(extension)),
            (temporary_log("edb", extension), LogName::Temporary(extension)),
            (checkpoint("edb", extension), LogName::Checkpoint(extension)),
            (reserve_log("edb", 2), LogName::Reserve { number: 2 }),
            (
                archived_log("edb", 0xABCDE, GenerationDigits::FiveThenEight, extension),
                LogName::Archived { generation: 0xABCDE, digits: 5, extension },
            ),
            (
                archived_log("edb", 0x12_ABCD, GenerationDigits::FiveThenEight, extension),
                LogName::Archived { generation: 0x12_ABCD, digits: 8, extension },
            ),
        ] {
            assert_eq!(parse("EDB", &name), Some(expected), "{name}");
            assert_eq!(parse("edb", &name.to_uppercase()), Some(expected), "{name}");
        }
    }
}

#[test]
fn names_of_others_are_ignored() {
    for name in [
        "",
        ".",
        "edb",
        "edb.",
        "ed.log",
        "edb1.log",
        "edb000001.log",
        "edb0000G.log",
        "edb+0001.log",
        "edb00000.log",
        "edbFFFFFFFF.log",
        "edb00001.jsl",
        "edbres1.jrs",
        "edbres000001.jrs",
        "edbx.chk",
        "xyz00001.log",
        "é.log",
        "edé00001.log",
        "edbtmp.chk",
        "edb00001.log.gz",
    ] {
        assert_eq!(parse("edb", name), None, "{name}");
    }
}

#[test]
fn reserve_logs_of_another_size_or_number_are_deleted_and_other_files_left_alone() {
    let judge = |name| judge("edb", name, 65536, 65536, 2);
    assert_eq!(judge("edbres00001.jrs"), Some(ReserveVerdict::Keep));
    assert_eq!(judge("EDBRES00002.JRS"), Some(ReserveVerdict::Keep));
    assert_eq!(judge("edbres00003.jrs"), Some(ReserveVerdict::Delete));
    assert_eq!(judge("edbres00000001.jrs"), Some(ReserveVerdict::Delete));
    assert_eq!(judge("res1.log"), Some(ReserveVerdict::Delete));
    assert_eq!(judge("edb.log"), None);
    assert_eq!(judge("srures00001.jrs"), None);
    assert_eq!(
        ese_format::reserve::judge("edb", "edbres00001.jrs", 4096, 65536, 2),
        Some(ReserveVerdict::Delete)
    );
}
