use super::*;
use crate::abi::tables::ParameterScope;
use crate::abi::tables::params::*;

fn text(text: &str) -> U16String {
    U16String::from_str(text)
}

fn set(store: &mut ParameterStore, id: u32, number: usize) -> Result<(), JetError> {
    store.set(id, NewValue::Number(number), Phase::NoInstance)
}

fn set_text(store: &mut ParameterStore, id: u32, value: &str) -> Result<(), JetError> {
    store.set(id, NewValue::Text(&text(value)), Phase::NoInstance)
}

#[test]
fn a_parameter_keeps_every_value_of_its_range_and_refuses_the_neighbours() {
    for parameter in PARAMETERS.iter().filter(|parameter| parameter.access == ParameterAccess::Stored) {
        if !matches!(parameter.kind, ParameterKind::Integer | ParameterKind::Bits) {
            continue;
        }
        let mut store = ParameterStore::new();
        for inside in [parameter.min, parameter.max] {
            assert_eq!(set(&mut store, parameter.id, inside), Ok(()), "{}", parameter.name);
            assert_eq!(store.get(parameter.id), Ok(Reading::Number(inside)), "{}", parameter.name);
        }
        for outside in [parameter.min.checked_sub(1), parameter.max.checked_add(1)].into_iter().flatten() {
            assert_eq!(
                set(&mut store, parameter.id, outside),
                Err(JetError::INVALID_PARAMETER),
                "{}",
                parameter.name
            );
            assert_eq!(store.get(parameter.id), Ok(Reading::Number(parameter.max)), "{}", parameter.name);
        }
    }
}

#[test]
fn page_sizes_are_powers_of_two_and_decide_what_derives_from_them() {
    let mut store = ParameterStore::new();
    for wrong in [0, 1, 2048, 4097, 5000, 65536, usize::MAX] {
        assert_eq!(set(&mut store, JET_paramDatabasePageSize, wrong), Err(JetError::INVALID_PARAMETER));
    }
    for (page, key, chunk, record) in [
        (4096, 1000, 4014, 4052),
        (8192, 2000, 8110, 8148),
        (16384, 2000, 4050, 16300),
        (32768, 2000, 8150, 32684),
    ] {
        set(&mut store, JET_paramDatabasePageSize, page).unwrap();
        assert_eq!(store.get(JET_paramKeyMost), Ok(Reading::Number(key)));
        assert_eq!(store.get(JET_paramLVChunkSizeMost), Ok(Reading::Number(chunk)));
        assert_eq!(store.get(JET_paramRecordSizeMost), Ok(Reading::Number(record)));
    }
    for derived in [JET_paramKeyMost, JET_paramLVChunkSizeMost, JET_paramRecordSizeMost, JET_paramMaxColtyp] {
        assert_eq!(set(&mut store, derived, 1), Err(JetError::INVALID_PARAMETER));
    }
}

#[test]
fn numbers_that_are_no_parameters_are_refused_both_ways() {
    let mut store = ParameterStore::new();
    for id in [185, 221, 222, 9999, 12288, 12292, u32::MAX] {
        assert_eq!(set(&mut store, id, 0), Err(JetError::INVALID_PARAMETER));
        assert_eq!(store.get(id), Err(JetError::INVALID_PARAMETER));
    }
    for id in [JET_paramTransactionLevel, JET_paramRecoveryCurrentLogfile] {
        assert_eq!(store.get(id), Err(JetError::INVALID_PARAMETER));
    }
}

#[test]
fn advanced_parameters_are_silently_left_alone_while_the_switch_is_off() {
    let mut store = ParameterStore::new();
    set(&mut store, JET_paramEnableAdvanced, 0).unwrap();
    assert_eq!(set(&mut store, JET_paramMaxOpenTables, 5), Ok(()));
    assert_eq!(
        set(&mut store, JET_paramMaxOpenTables, usize::MAX),
        Ok(()),
        "not even the range is looked at"
    );
    assert_eq!(store.get(JET_paramMaxOpenTables), Ok(Reading::Number(300)));
    set(&mut store, JET_paramEnableAdvanced, 7).unwrap();
    assert_eq!(store.get(JET_paramEnableAdvanced), Ok(Reading::Number(1)), "booleans are stored as 0 or 1");
    set(&mut store, JET_paramMaxOpenTables, 5).unwrap();
    assert_eq!(store.get(JET_paramMaxOpenTables), Ok(Reading::Number(5)));
}

#[test]
fn what_is_too_late_is_refused_unless_the_number_stays_the_same() {
    let mut store = ParameterStore::new();
    let cursors = NewValue::Number(77);
    assert_eq!(store.set(JET_paramMaxCursors, cursors, Phase::Running), Err(JetError::ALREADY_INITIALIZED));
    assert_eq!(store.set(JET_paramMaxCursors, NewValue::Number(1024), Phase::Running), Ok(()));
    assert_eq!(store.set(JET_paramMaxCursors, cursors, Phase::HasInstances), Ok(()));
    assert_eq!(
        store.set(JET_paramDatabasePageSize, NewValue::Number(8192), Phase::HasInstances),
        Err(JetError::ALREADY_INITIALIZED)
    );
    let same = text("edb");
    assert_eq!(
        store.set(JET_paramBaseName, NewValue::Text(&same), Phase::Running),
        Err(JetError::ALREADY_INITIALIZED),
        "texts are not compared"
    );
}

#[test]
fn texts_have_lengths_and_folders_become_absolute() {
    let mut store = ParameterStore::new();
    for (value, result) in [
        ("abc", Ok(())),
        ("ab", Err(JetError::INVALID_PARAMETER)),
        ("abcd", Err(JetError::INVALID_PARAMETER)),
        ("", Err(JetError::INVALID_PARAMETER)),
    ] {
        assert_eq!(set_text(&mut store, JET_paramBaseName, value), result);
    }
    assert_eq!(store.get(JET_paramBaseName), Ok(Reading::Text(text("abc"))));
    assert_eq!(store.get(JET_paramSystemPath), Ok(Reading::Text(text("./"))));
    set_text(&mut store, JET_paramSystemPath, r"\var\lib\app").unwrap();
    assert_eq!(store.get(JET_paramSystemPath), Ok(Reading::Text(text("/var/lib/app/"))));
    let here = std::env::current_dir().unwrap();
    set_text(&mut store, JET_paramLogFilePath, "logs").unwrap();
    assert_eq!(
        store.get(JET_paramLogFilePath),
        Ok(Reading::Text(text(&format!("{}/logs/", here.display()))))
    );
    set_text(&mut store, JET_paramTempPath, "x.edb").unwrap();
    assert_eq!(store.get(JET_paramTempPath), Ok(Reading::Text(text("x.edb"))));
    set_text(&mut store, JET_paramTempPath, "/tmp/x.edb").unwrap();
    assert_eq!(store.get(JET_paramTempPath), Ok(Reading::Text(text("/tmp/x.edb"))));
    set_text(&mut store, JET_paramAlternateDatabaseRecoveryPath, "").unwrap();
    assert_eq!(
        set_text(&mut store, JET_paramSystemPath, &"a".repeat(4096)),
        Err(JetError::INVALID_PARAMETER)
    );
    assert_eq!(set_text(&mut store, JET_paramLogFileFailoverPath, "x"), Err(JetError::INVALID_PARAMETER));
    let half_a_pair = U16String::from_vec(vec![0xD800]);
    assert_eq!(
        store.set(JET_paramSystemPath, NewValue::Text(&half_a_pair), Phase::NoInstance),
        Err(JetError::INVALID_PATH)
    );
}

#[test]
fn flags_of_their_own_are_checked_bit_by_bit() {
    let mut store = ParameterStore::new();
    assert_eq!(set(&mut store, JET_paramCommitDefault, 1), Ok(()));
    assert_eq!(store.get(JET_paramCommitDefault), Ok(Reading::Narrow(1)));
    for wrong in [4, 0x40, 2_147_483_647, 2_147_483_648, usize::MAX] {
        assert_eq!(set(&mut store, JET_paramCommitDefault, wrong), Err(JetError::INVALID_PARAMETER));
    }
    assert_eq!(set(&mut store, JET_paramEnableShrinkDatabase, 0x8003), Ok(()));
    for wrong in [4, 2_147_483_647, usize::MAX] {
        assert_eq!(set(&mut store, JET_paramEnableShrinkDatabase, wrong), Err(JetError::INVALID_GRBIT));
    }
}

#[test]
fn engine_format_versions_are_those_that_are_written() {
    let mut store = ParameterStore::new();
    assert_eq!(store.get(JET_paramEngineFormatVersion), Ok(Reading::Number(8920)));
    for asked in [8920, 9180, 0x4000_0002, 0x4100_0000 + 9180] {
        assert_eq!(set(&mut store, JET_paramEngineFormatVersion, asked), Ok(()));
        assert_eq!(store.get(JET_paramEngineFormatVersion), Ok(Reading::Number(asked)));
    }
    for low in [0, 1, 8620] {
        assert_eq!(
            set(&mut store, JET_paramEngineFormatVersion, low),
            Err(JetError::ENGINE_FORMAT_VERSION_NO_LONGER_SUPPORTED_TOO_LOW)
        );
    }
    for high in [9200, 2_147_483_647] {
        assert_eq!(
            set(&mut store, JET_paramEngineFormatVersion, high),
            Err(JetError::ENGINE_FORMAT_VERSION_NOT_YET_IMPLEMENTED_TOO_HIGH)
        );
    }
}

#[test]
fn a_configuration_resets_or_adds() {
    let mut store = ParameterStore::new();
    set(&mut store, JET_paramMaxSessions, 99).unwrap();
    set(&mut store, JET_paramConfiguration, 0x4).unwrap();
    assert_eq!(store.number(JET_paramLogFileSize), 64);
    assert_eq!(store.number(JET_paramMaxSessions), 99);
    assert_eq!(store.number(JET_paramConfiguration), 0x5);
    set(&mut store, JET_paramConfiguration, 0x1 | 0x2).unwrap();
    assert_eq!((store.number(JET_paramLogFileSize), store.number(JET_paramMaxSessions)), (5120, 30000));
    set(&mut store, JET_paramConfiguration, 0).unwrap();
    for parameter in PARAMETERS.iter().filter(|parameter| parameter.id != JET_paramConfiguration) {
        if let ParameterDefault::Number(small) = parameter.small_default {
            assert_eq!(store.number(parameter.id), small, "{}", parameter.name);
        }
    }
    assert_eq!(set(&mut store, JET_paramConfiguration, 0x800), Err(JetError::INVALID_PARAMETER));
    set(&mut store, JET_paramConfiguration, 1).unwrap();
    let mut fresh = ParameterStore::new();
    fresh.code_page = store.code_page;
    assert_eq!(store.values, fresh.values);
}

#[test]
fn the_code_page_of_a_forms_is_utf8_or_1252_until_the_first_instance() {
    let mut store = ParameterStore::new();
    assert_eq!(store.get(PARAM_ANSI_CODE_PAGE), Ok(Reading::Number(65001)));
    set(&mut store, PARAM_ANSI_CODE_PAGE, 1252).unwrap();
    assert_eq!(store.code_page(), AnsiCodePage::Windows1252);
    assert_eq!(set(&mut store, PARAM_ANSI_CODE_PAGE, 437), Err(JetError::INVALID_PARAMETER));
    assert_eq!(
        store.set(PARAM_ANSI_CODE_PAGE, NewValue::Number(65001), Phase::HasInstances),
        Err(JetError::ALREADY_INITIALIZED)
    );
}

#[test]
fn what_new_text_indexes_may_be_is_set_until_the_instance_runs() {
    let mut store = ParameterStore::new();
    for (id, default, most) in [(PARAM_PRIVATE_INDEXES, 1, 2), (PARAM_TEXT_CERTAINTY, 2, 3)] {
        check_exists(id).unwrap();
        assert!(!is_of_process(id) && !is_text(id));
        assert_eq!(store.get(id), Ok(Reading::Number(default)));
        assert_eq!(set(&mut store, id, most + 1), Err(JetError::INVALID_PARAMETER));
        assert_eq!(store.set(id, NewValue::Number(most), Phase::HasInstances), Ok(()));
        assert_eq!(store.get(id), Ok(Reading::Number(most)));
        assert_eq!(store.holds(id, NewValue::Number(default)), Ok(false));
        assert_eq!(store.set(id, NewValue::Number(most), Phase::Running), Ok(()));
        let late = store.set(id, NewValue::Number(default), Phase::Running);
        assert_eq!(late, Err(JetError::ALREADY_INITIALIZED));
    }
    assert_eq!(set(&mut store, PARAM_TEXT_CERTAINTY, 0), Err(JetError::INVALID_PARAMETER));
}

#[test]
fn every_parameter_has_a_scope_and_a_default_within_its_range() {
    assert!(PARAMETERS.iter().any(|parameter| parameter.scope == ParameterScope::Instance));
    for parameter in PARAMETERS {
        if let ParameterDefault::Number(number) = parameter.default {
            let own_meaning = parameter.access == ParameterAccess::OwnHandler;
            assert!(own_meaning || (parameter.min..=parameter.max).contains(&number), "{}", parameter.name);
        }
    }
}
