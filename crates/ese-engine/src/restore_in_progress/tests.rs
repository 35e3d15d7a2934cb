use super::*;
use crate::io::OsFileSystem;

fn sample() -> RestoreInProgress {
    RestoreInProgress {
        low_log: 0x36,
        high_log: 0x3F,
        map: vec![
            RecordedDatabase { old: "/o/P.EDB".to_owned(), new: "/n/P.EDB".to_owned() },
            RecordedDatabase {
                old: "\\\\SRV\\E$\\mdbdata\\PUB.EDB".to_owned(),
                new: "E:\\mdbdata\\PUB \"x\".EDB".to_owned(),
            },
        ],
        log_path: "/var/lib/esent/sg1".to_owned(),
        backup_log_path: "/restore/sg1".to_owned(),
        checkpoint_path: "/var/lib/esent/sg1".to_owned(),
        state: RecordState::Pending,
    }
}

/// The text of the chapter, with a list of bytes as `hex7` makes it.
fn plain_text(header: &str, hex7: impl Fn(&str) -> Vec<u8>) -> String {
    let bytes = hex7("/o/P.EDB\0/n/P.EDB\0\0");
    let list: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{header}\r\n\r\n[HKEY_LOCAL_MACHINE\\Software\\Other]\r\n\"BackupLogPath\"=\"/wrong\"\r\n\
         [HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\RESTORE IN PROGRESS]\r\n\
         ; /o/P.EDB -> /n/P.EDB\r\n\"BackupLogPath\"=\"/restore/sg1\"\r\n\"CheckpointFilePath\"=\"/var/lib/esent/sg1\"\r\n\
         \"EDB Database recovered\"=hex:00\r\n\"EDB_RstMap\"=hex(7):{}\r\n\"EDB_RstMap Size\"=dword:00000001\r\n\
         \"HighLog Number\"=dword:0000003f\r\n\"LogPath\"=\"/var/lib/esent/sg1\"\r\n\"LowLog Number\"=dword:00000036\r\n",
        list.join(",").replacen(",2e,", ",\\\r\n  2e,", 1)
    )
}

fn utf16_bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn version_5() -> String {
    plain_text("Windows Registry Editor Version 5.00", utf16_bytes)
}

fn decoded(bytes: &[u8]) -> Result<Option<RestoreInProgress>> {
    RestoreInProgress::decode(bytes, Path::new(FILE_NAME))
}

#[test]
fn t142_the_same_record_in_utf_16_utf_8_and_the_old_form_is_the_same() {
    let utf8 = version_5();
    let utf16 = [vec![0xFF, 0xFE], utf16_bytes(&utf8)].concat();
    let marked = [b"\xEF\xBB\xBF".to_vec(), utf8.clone().into_bytes()].concat();
    let old = plain_text("REGEDIT4", |text| text.as_bytes().to_vec());
    let unix = utf8.replace("\r\n", "\n");
    let expected = RestoreInProgress { map: sample().map[..1].to_vec(), ..sample() };
    let forms = [utf8.as_bytes(), &utf16, &marked, old.as_bytes(), unix.as_bytes()];
    for (index, form) in forms.iter().enumerate() {
        assert_eq!(decoded(form).unwrap().as_ref(), Some(&expected), "form {index}");
    }
    ese_corpus::report!("Restore in Progress: {} forms of one record are equal", forms.len());
}

#[test]
fn what_is_written_is_read_back() {
    for state in [RecordState::Pending, RecordState::Recovered] {
        let record = RestoreInProgress { state, ..sample() };
        let bytes = record.encode().unwrap();
        assert_eq!(bytes[..2], [0xFF, 0xFE]);
        assert_eq!(decoded(&bytes).unwrap(), Some(record));
    }
}

#[test]
fn t143_each_broken_rule_has_its_error() {
    let text = version_5();
    let (invalid, unreadable) = (JetError::INVALID_PARAMETER, JetError::FILE_INVALID_TYPE);
    let three: Vec<String> = utf16_bytes("/o\0/n\0/m\0\0").iter().map(|byte| format!("{byte:02x}")).collect();
    let empty: Vec<String> = utf16_bytes("\0/n\0\0").iter().map(|byte| format!("{byte:02x}")).collect();
    let (three, empty) = (three.join(","), empty.join(","));
    let map_start = text.find("\"EDB_RstMap\"=hex(7):").unwrap();
    let map_end = text.find("\"EDB_RstMap Size\"").unwrap();
    let map = &text[map_start..map_end];
    let with_map = |list: &str| format!("\"EDB_RstMap\"=hex(7):{list}\r\n");
    let rows: Vec<(&str, String, JetError)> = vec![
        (map, with_map(&three), invalid),
        (map, with_map(&empty), invalid),
        (map, with_map(""), invalid),
        (map, with_map("2f"), unreadable),
        (map, with_map("2f,00"), unreadable),
        (map, with_map("2f,0g"), unreadable),
        (map, "\"EDB_RstMap\"=\"/o\"\r\n".to_owned(), invalid),
        (map, String::new(), invalid),
        ("Size\"=dword:00000001", "Size\"=dword:00000002".to_owned(), invalid),
        ("Size\"=dword:00000001", "Size\"=dword:ffffffff".to_owned(), invalid),
        ("Size\"=dword:00000001", "Size\"=hex:01".to_owned(), invalid),
        ("dword:00000036", "dword:00000000".to_owned(), invalid),
        ("dword:00000036", "dword:80000000".to_owned(), invalid),
        ("dword:00000036", "dword:00000040".to_owned(), invalid),
        ("dword:00000036", "dword:000000036".to_owned(), unreadable),
        ("dword:00000036", "dword:".to_owned(), unreadable),
        ("\"LowLog Number\"=dword:00000036\r\n", String::new(), invalid),
        ("\"HighLog Number\"=dword:0000003f\r\n", String::new(), invalid),
        ("\"BackupLogPath\"=\"/restore/sg1\"\r\n", String::new(), invalid),
        ("\"LogPath\"=\"/var/lib/esent/sg1\"", "\"LogPath\"=\"logs\"".to_owned(), invalid),
        ("\"LogPath\"=\"/var/lib/esent/sg1\"", "\"LogPath\"=\"\"".to_owned(), invalid),
        ("\"LogPath\"=\"/var/lib/esent/sg1\"", "\"LogPath\"=\"/a/../../etc\"".to_owned(), invalid),
        ("\"LogPath\"=\"/var/lib/esent/sg1\"", "\"LogPath\"=\"C:\\\\a\\\\..\\\\b\"".to_owned(), invalid),
        ("\"LogPath\"=\"/var/lib/esent/sg1\"", "\"LogPath\"=\"\\\\\\\\host\"".to_owned(), invalid),
        ("\"LogPath\"=\"/var/lib/esent/sg1\"", "\"LogPath\"=dword:00000001".to_owned(), invalid),
        ("\"LogPath\"=\"/var/lib/esent/sg1\"", "\"LogPath\"=\"/a".to_owned(), unreadable),
        ("\"LogPath\"=\"/var/lib/esent/sg1\"", "LogPath=/a".to_owned(), unreadable),
        ("recovered\"=hex:00", "recovered\"=hex:00,00".to_owned(), invalid),
        ("recovered\"=hex:00", "recovered\"=hex:".to_owned(), invalid),
        ("recovered\"=hex:00", "recovered\"=dword:00000000".to_owned(), invalid),
        (
            "Windows Registry Editor Version 5.00",
            "Windows Registry Editor Version 6.00".to_owned(),
            unreadable,
        ),
        ("Windows Registry Editor Version 5.00", String::new(), unreadable),
    ];
    for (old, new, expected) in &rows {
        let broken = text.replacen(old, new, 1);
        assert_ne!(broken, text, "{old}");
        assert_eq!(decoded(broken.as_bytes()).unwrap_err().jet(), *expected, "{old} -> {new}");
    }
    let many: String = (0..15).map(|number| format!("/o{number}\0/n{number}\0")).collect();
    let list: Vec<String> =
        utf16_bytes(&format!("{many}\0")).iter().map(|byte| format!("{byte:02x}")).collect();
    let fifteen = text
        .replacen(map, &with_map(&list.join(",")), 1)
        .replace("Size\"=dword:00000001", "Size\"=dword:0000000f");
    assert_eq!(decoded(fifteen.as_bytes()).unwrap_err().jet(), invalid);
    let huge = vec![b' '; BYTES_MAX as usize + 1];
    assert_eq!(decoded(&huge).unwrap_err().jet(), unreadable);
    ese_corpus::report!("Restore in Progress: {} broken rules refused", rows.len() + 2);
}

#[test]
fn what_may_differ_is_understood() {
    let text = version_5();
    let record = decoded(text.as_bytes()).unwrap().unwrap();
    for (old, new) in [
        ("LowLog Number", "LowLogNumber"),
        ("LowLog Number", "lowlog number"),
        ("\"EDB_RstMap Size\"=dword:00000001\r\n", ""),
        ("\"EDB Database recovered\"=hex:00\r\n", ""),
        ("\"LowLog Number\"=", "\"LowLog Number\"=dword:00000001\r\n\"LowLog Number\"="),
        (",00,00,00,00,00\r\n", ",00,00,00\r\n"),
    ] {
        let other = text.replacen(old, new, 1);
        assert_ne!(other, text, "{old}");
        assert_eq!(decoded(other.as_bytes()).unwrap().as_ref(), Some(&record), "{old} -> {new}");
    }
    let defaults = text.replacen("\"LogPath\"=\"/var/lib/esent/sg1\"", "\"LogPath\"=-", 1);
    assert_eq!(decoded(defaults.as_bytes()).unwrap().unwrap().log_path, "/restore/sg1");
    let done = text.replacen("recovered\"=hex:00", "recovered\"=hex:07", 1);
    assert_eq!(decoded(done.as_bytes()).unwrap().unwrap().state, RecordState::Recovered);
    let deleted = text.replacen("[HKEY_LOCAL_MACHINE\\System", "[-HKEY_LOCAL_MACHINE\\System", 1);
    assert_eq!(decoded(deleted.as_bytes()).unwrap(), None);
    assert_eq!(decoded(b"REGEDIT4\n[A\\B]\n\"x\"=what is this\n").unwrap(), None);
}

#[test]
fn every_truncation_and_every_flipped_bit_is_read_or_refused_without_harm() {
    let bytes = sample().encode().unwrap();
    let (mut accepted, mut refused) = (0, 0);
    let mut look = |bytes: &[u8]| match decoded(bytes) {
        Ok(record) => {
            accepted += 1;
            if let Some(record) = record {
                record.check().unwrap();
            }
        }
        Err(error) => {
            refused += 1;
            assert!(
                [JetError::INVALID_PARAMETER, JetError::FILE_INVALID_TYPE].contains(&error.jet()),
                "{error}"
            );
        }
    };
    for length in 0..bytes.len() {
        look(&bytes[..length]);
    }
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.clone();
            other[place] ^= 1 << bit;
            look(&other);
        }
    }
    ese_corpus::report!(
        "Restore in Progress: of {} damaged files {refused} refused, {accepted} understood",
        accepted + refused
    );
}

#[test]
fn a_record_is_kept_widened_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(RestoreInProgress::load(&OsFileSystem, folder.path()).unwrap(), None);
    let mut record = sample();
    record.widen(0x30, 0x38);
    assert_eq!((record.low_log, record.high_log), (0x30, 0x3F));
    record.save(&OsFileSystem, folder.path()).unwrap();
    assert_eq!(RestoreInProgress::load(&OsFileSystem, folder.path()).unwrap(), Some(record.clone()));
    record.map.clear();
    assert_eq!(record.save(&OsFileSystem, folder.path()).unwrap_err().jet(), JetError::INVALID_PARAMETER);
    assert!(RestoreInProgress::load(&OsFileSystem, folder.path()).unwrap().is_some());
    for _ in 0..2 {
        RestoreInProgress::delete(&OsFileSystem, folder.path()).unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn recorded_paths_become_local_ones_by_the_drive_map() {
    let drives = [('e', PathBuf::from("/srv/e"))];
    for (recorded, expected) in [
        ("/srv/x", Ok("/srv/x")),
        ("E:\\a\\b.edb", Ok("/srv/e/a/b.edb")),
        ("e:/a/b.edb", Ok("/srv/e/a/b.edb")),
        ("\\\\HOST\\E$\\a\\b.edb", Ok("/srv/e/a/b.edb")),
        ("F:\\a", Err(JetError::INVALID_PATH)),
        ("\\\\HOST\\share\\a", Err(JetError::INVALID_PATH)),
        ("a\\b", Err(JetError::INVALID_PARAMETER)),
        ("E:\\..\\..\\etc\\passwd", Err(JetError::INVALID_PARAMETER)),
        ("\\\\HOST\\E$\\..\\etc", Err(JetError::INVALID_PARAMETER)),
    ] {
        let local = local_path(recorded, &drives).map_err(|error| error.jet());
        assert_eq!(local, expected.map(PathBuf::from), "{recorded}");
    }
}
