use super::*;
use crate::io::{Access, OsFileSystem, SimulatedFileSystem};

fn identity(random: u32) -> Signature {
    Signature {
        random: random.into(),
        created: time::parse_time("2026-11-21T02:00:00Z").unwrap(),
        ..Signature::default()
    }
}

fn database(name: &str, random: u32) -> EnvironmentDatabase {
    EnvironmentDatabase {
        display_name: name.to_owned(),
        guid: Guid::parse("A2CFF078-782F-4BFE-9443-A1B460551234").unwrap(),
        source_file: format!("E:\\EXCHSRVR\\MDBDATA\\{name}.EDB"),
        destination_file: PathBuf::from(format!("/var/lib/esent/sg1/{name}.edb")),
        signature: identity(random),
        unknown: Vec::new(),
    }
}

fn sample() -> RestoreEnvironment {
    RestoreEnvironment {
        restore_path: "/restore/sg1".to_owned(),
        source_instance: "First Storage Group".to_owned(),
        running_log_path: "/var/lib/esent/sg1".to_owned(),
        running_system_path: "/var/lib/esent/sg1".to_owned(),
        last_restore_time: time::parse_time("2026-11-21T02:00:00Z").unwrap(),
        databases: vec![database("priv", 7), database("pub", 8)],
        ..RestoreEnvironment::new("edb", (0x36, 0x3F), identity(5))
    }
}

/// The text with another checksum, as somebody writes it who knows how.
fn resealed(text: &str) -> Vec<u8> {
    let body = &text[..text.rfind("Crc32=").expect("the text has its last line")];
    format!("{body}Crc32={:08X}\n", crc32fast::hash(body.as_bytes())).into_bytes()
}

fn text_of(environment: &RestoreEnvironment) -> String {
    String::from_utf8(environment.encode().unwrap()).unwrap()
}

fn jet_of(bytes: &[u8]) -> JetError {
    match RestoreEnvironment::decode(bytes, Path::new("Restore.env")) {
        Ok(_) => JetError::SUCCESS,
        Err(error) => error.jet(),
    }
}

#[test]
fn what_is_written_is_read_back_with_either_line_end_and_with_keys_of_later_versions() {
    let mut environment = sample();
    environment.unknown.push(("Later".to_owned(), "a=b".to_owned()));
    environment.databases[1].unknown.push(("LaterToo".to_owned(), String::new()));
    let text = text_of(&environment);
    let read = RestoreEnvironment::decode(text.as_bytes(), Path::new("x")).unwrap();
    assert_eq!(read, environment);
    let windows = resealed(&text.replace('\n', "\r\n"));
    assert_eq!(RestoreEnvironment::decode(&windows, Path::new("x")).unwrap(), environment);
    // Keys that may be missing.
    let optional = [
        "Annotation=",
        "ServerName=",
        "Circular=0",
        "LogExtension=log",
        "RecoverTime=",
        "RecoverError=0x00000000",
    ];
    let short: String =
        text.split_inclusive('\n').filter(|line| !optional.contains(&line.trim_end())).collect();
    assert_eq!(RestoreEnvironment::decode(&resealed(&short), Path::new("x")).unwrap(), environment);
}

#[test]
fn t136_t137_each_broken_rule_has_its_error() {
    let text = text_of(&sample());
    let invalid = JetError::INVALID_PARAMETER;
    let rows: &[(&str, &str, JetError)] = &[
        ("[libesent restore environment]", "[restore environment]", JetError::FILE_INVALID_TYPE),
        (
            "[libesent restore environment]",
            "\u{feff}[libesent restore environment]",
            JetError::FILE_INVALID_TYPE,
        ),
        ("[libesent restore environment]", "<DATABASE_RESTORE_ENVIRONMENT>", JetError::FILE_INVALID_TYPE),
        ("Version=1", "Version=2", invalid),
        ("Version=1", "Version=0", invalid),
        ("Version=1", "Version=", invalid),
        ("Version=1\n", "", invalid),
        ("DatabaseCount=2", "DatabaseCount=1", invalid),
        ("DatabaseCount=2", "DatabaseCount=3", invalid),
        ("DatabaseCount=2", "DatabaseCount=0", invalid),
        ("DatabaseCount=2", "DatabaseCount=15", invalid),
        ("DatabaseCount=2", "DatabaseCount=4294967295", invalid),
        ("DatabaseCount=2", "DatabaseCount=99999999999999999999", invalid),
        ("DatabaseCount=2", "DatabaseCount=-1", invalid),
        ("[Database 2]", "[Database 3]", invalid),
        ("[Database 2]", "[End]", invalid),
        ("[End]\n", "", invalid),
        ("LowLog=0x00000036", "LowLog=0x00000040", invalid),
        ("LowLog=0x00000036", "LowLog=0", invalid),
        ("LowLog=0x00000036", "LowLog=0x80000000", invalid),
        ("LowLog=0x00000036", "LowLog=0x+36", invalid),
        ("HighLog=0x0000003F", "HighLog=0xFFFFFFFFF", invalid),
        ("LogBaseName=edb", "LogBaseName=ed", invalid),
        ("LogBaseName=edb", "LogBaseName=edbx", invalid),
        ("LogBaseName=edb", "LogBaseName=../", invalid),
        ("LogBaseName=edb", "LogBaseName=a/b", invalid),
        ("LogBaseName=edb", "LogBaseName=a\\b", invalid),
        ("LogExtension=log", "LogExtension=../../etc/passwd", invalid),
        ("DestinationFile=/var/lib/esent/sg1/priv.edb", "DestinationFile=", invalid),
        ("DestinationFile=/var/lib/esent/sg1/priv.edb", "DestinationFile=priv.edb", invalid),
        ("DestinationFile=/var/lib/esent/sg1/priv.edb", "DestinationFile=/var/lib/../../etc/passwd", invalid),
        ("DestinationFile=/var/lib/esent/sg1/priv.edb", "DestinationFile=/var/lib/esent/..", invalid),
        ("DestinationFile=/var/lib/esent/sg1/priv.edb", "DestinationFile=/var/lib/./x", invalid),
        ("DestinationFile=/var/lib/esent/sg1/priv.edb", "DestinationFile=/var/lib/esent/", invalid),
        (
            "DestinationFile=/var/lib/esent/sg1/priv.edb",
            "DestinationFile=/var/lib/esent/sg1/pub.edb",
            invalid,
        ),
        ("DestinationFile=/var/lib/esent/sg1/priv.edb", "DestinationFile=/a\0b", invalid),
        ("RunningLogPath=/var/lib/esent/sg1", "RunningLogPath=../logs", invalid),
        ("RunningSystemPath=/var/lib/esent/sg1", "RunningSystemPath=/a/../b", invalid),
        ("Mode=normal", "Mode=Normal", invalid),
        ("Mode=normal", "Mode=", invalid),
        ("Circular=0", "Circular=2", invalid),
        ("RecoverStatus=NotStarted", "RecoverStatus=Begun", invalid),
        ("RecoverError=0x00000000", "RecoverError=bad", invalid),
        ("LastRestoreTime=2026-11-21T02:00:00Z", "LastRestoreTime=yesterday", invalid),
        ("Guid=A2CFF078", "Guid=A2CFF07", invalid),
        ("SignLog=", "SignLog=AB", invalid),
        ("ServerName=", "ServerName", invalid),
        ("ServerName=", "=x", invalid),
        ("ServerName=", "Version=1", invalid),
        ("[End]", "[End]\nMore=1", invalid),
        ("[End]", "[End]\n[Database 3]", invalid),
    ];
    for (old, new, expected) in rows {
        let broken = text.replacen(old, new, 1);
        assert_ne!(broken, text, "{old}");
        assert_eq!(jet_of(&resealed(&broken)), *expected, "{old} -> {new}");
    }
    let seal = text.rfind("Crc32=").unwrap();
    let mut wrong = text.clone().into_bytes();
    wrong[seal + 6] = if wrong[seal + 6] == b'0' { b'1' } else { b'0' };
    assert_eq!(jet_of(&wrong), invalid);
    assert_eq!(jet_of(&[text.as_bytes(), b"more"].concat()), invalid);
    let mut no_text = text.clone().into_bytes();
    no_text.insert(FIRST_LINE_BYTES, 0xFF);
    assert_eq!(jet_of(&no_text), invalid);
    ese_corpus::report!("Restore.env: {} broken rules refused", rows.len() + 3);
}

const FIRST_LINE_BYTES: usize = "[libesent restore environment]\n".len();

#[test]
fn every_truncation_and_every_flipped_bit_is_refused() {
    let bytes = sample().encode().unwrap();
    for length in 0..bytes.len() - 1 {
        assert_ne!(jet_of(&bytes[..length]), JetError::SUCCESS, "cut at {length}");
    }
    // The last byte is a line feed that may be missing.
    assert_eq!(jet_of(&bytes[..bytes.len() - 1]), JetError::SUCCESS);
    let mut flips = 0;
    let intact = sample();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.clone();
            other[place] ^= 1 << bit;
            // In the checksum a flipped bit may only have made a small letter.
            if let Ok(read) = RestoreEnvironment::decode(&other, Path::new("x")) {
                assert_eq!((read, bit), (intact.clone(), 5), "bit {bit} of byte {place}");
                assert!(place > bytes.len() - 10);
            }
            flips += 1;
        }
    }
    ese_corpus::report!("Restore.env: {} truncations and {flips} flipped bits refused", bytes.len());
}

#[test]
fn values_that_would_not_come_back_are_not_written() {
    let spoil: &[fn(&mut RestoreEnvironment)] = &[
        |environment| environment.annotation = "a\nMode=victimized".to_owned(),
        |environment| environment.annotation = "a\r".to_owned(),
        |environment| environment.annotation = "a\0".to_owned(),
        |environment| environment.databases.clear(),
        |environment| environment.databases = vec![database("x", 1); 15],
        |environment| environment.low_log = 0,
        |environment| environment.low_log = -5,
        |environment| environment.log_base_name = "../".to_owned(),
        |environment| environment.databases[0].destination_file = PathBuf::from("relative.edb"),
        |environment| environment.databases[0].destination_file = PathBuf::from("/a/../b"),
        |environment| environment.log_signature = Signature::default(),
        |environment| environment.unknown.push(("Mode".to_owned(), "normal".to_owned())),
        |environment| environment.unknown.push(("[End]".to_owned(), String::new())),
    ];
    for (index, spoil) in spoil.iter().enumerate() {
        let mut environment = sample();
        spoil(&mut environment);
        assert_eq!(environment.encode().unwrap_err().jet(), JetError::INVALID_PARAMETER, "{index}");
    }
}

#[test]
fn a_further_set_widens_the_range_and_one_of_another_stream_changes_nothing() {
    let mut environment = sample();
    let mut further = sample();
    (further.low_log, further.high_log, further.circular) = (0x3A, 0x45, CircularAtBackup::Yes);
    further.databases = vec![database("pub", 8), database("third", 9)];
    environment.take_in(&further).unwrap();
    assert_eq!((environment.low_log, environment.high_log), (0x36, 0x45));
    assert_eq!((environment.databases.len(), environment.circular), (3, CircularAtBackup::Yes));
    let before = environment.clone();
    further.log_signature = identity(99);
    assert_eq!(environment.take_in(&further).unwrap_err().jet(), JetError::BAD_LOG_SIGNATURE);
    assert_eq!(environment, before);
}

#[test]
fn the_file_is_the_old_one_or_the_new_one_whenever_the_power_fails() {
    let (old, mut new) = (sample(), sample());
    new.recover_status = RecoverStatus::Started;
    let folder = Path::new("/restore");
    let mut cuts = 0;
    for write in 0.. {
        let disk = SimulatedFileSystem::default();
        old.save(&disk, folder).unwrap();
        disk.cut_power_at(write, crate::io::PowerLoss::LosesAllUnsynced);
        let saved = new.save(&disk, folder);
        disk.reboot();
        let read = RestoreEnvironment::load(&disk, folder).unwrap();
        assert!(read == old || read == new, "cut at write {write}");
        if saved.is_ok() {
            assert_eq!(read, new);
            break;
        }
        cuts += 1;
    }
    assert!(cuts >= 3, "{cuts}");
}

#[test]
fn loading_names_the_missing_file_and_refuses_a_huge_one() {
    let folder = tempfile::tempdir().unwrap();
    let missing = RestoreEnvironment::load(&OsFileSystem, folder.path()).unwrap_err();
    assert_eq!(missing.jet(), JetError::FILE_NOT_FOUND);
    assert!(missing.to_string().contains("Restore.env"), "{missing}");
    sample().save(&OsFileSystem, folder.path()).unwrap();
    assert_eq!(RestoreEnvironment::load(&OsFileSystem, folder.path()).unwrap(), sample());
    let file = OsFileSystem.open(&folder.path().join(FILE_NAME), Access::ReadWrite).unwrap();
    file.set_length(BYTES_MAX + 1).unwrap();
    drop(file);
    let huge = RestoreEnvironment::load(&OsFileSystem, folder.path()).unwrap_err();
    assert_eq!(huge.jet(), JetError::INVALID_PARAMETER);
}

#[test]
fn a_guid_prints_in_its_canonical_form() {
    let text = "A2CFF078-782F-4BFE-9443-A1B460551234";
    let guid = Guid::parse(text).unwrap();
    assert_eq!(guid.to_string(), text);
    assert_eq!(guid.0[..8], [0x78, 0xF0, 0xCF, 0xA2, 0x2F, 0x78, 0xFE, 0x4B]);
    for wrong in [
        "",
        "A2CFF078782F4BFE9443A1B460551234",
        "A2CFF078-782F-4BFE-9443-A1B46055123G",
        "+2CFF078-782F-4BFE-9443-A1B460551234",
    ] {
        assert_eq!(Guid::parse(wrong), None, "{wrong}");
    }
}
