//! `Restore.env` through `/cm` and `/cc`: its text, and what is refused before anything is touched.

use std::fs;
use std::path::Path;

use ese_engine::io::OsFileSystem;
use ese_engine::restore_environment::{EnvironmentDatabase, Guid, RecoverStatus, RestoreEnvironment};
use ese_format::signature::Signature;

use crate::stage::{eseutil, shown, snapshot};

pub(crate) fn identity(random: u32) -> Signature {
    Signature { random: random.into(), ..Signature::default() }
}

fn sample(folder: &Path) -> RestoreEnvironment {
    let database = |name: &str, random| EnvironmentDatabase {
        display_name: format!("{name} Store (MAIL1)"),
        guid: Guid::parse("A2CFF078-782F-4BFE-9443-A1B460551234").expect("a GUID"),
        source_file: format!("E:\\exchsrvr\\mdbdata\\{name}.edb"),
        destination_file: folder.join(format!("{name}.edb")),
        signature: identity(random),
        unknown: Vec::new(),
    };
    RestoreEnvironment {
        restore_path: "/restore/sg1".to_owned(),
        annotation: "Microsoft Information Store".to_owned(),
        server_name: "MAIL1".to_owned(),
        source_instance: "First Storage Group".to_owned(),
        databases: vec![database("Mailbox", 1), database("Public", 2)],
        ..RestoreEnvironment::new("E00", (1, 3), identity(9))
    }
}

#[test]
fn cm_prints_every_label_in_its_column() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    sample(folder.path()).save(&OsFileSystem, folder.path()).expect("it can be written");
    let said = eseutil(["/cm", &shown(folder.path()), "/o"]).succeeded();
    let first = folder.path().join("Mailbox.edb");
    let second = folder.path().join("Public.edb");
    let blank = format!("{:30} ", "");
    let deep = format!("{:38} ", "");
    let database = |name: &str, path: &Path| {
        vec![
            format!("                        Database Name: {name} Store (MAIL1)"),
            "                                 GUID: A2CFF078-782F-4BFE-9443-A1B460551234".to_owned(),
            format!("                         Source Files: E:\\exchsrvr\\mdbdata\\{name}.edb "),
            format!("                    Destination Files: {} {deep}", path.display()),
            deep.clone(),
        ]
    };
    let mut expected = vec![
        String::new(),
        format!("             Restore log file: {}", folder.path().display()),
        blank.clone(),
        "                 Restore Path: /restore/sg1".to_owned(),
        "                   Annotation: Microsoft Information Store".to_owned(),
        "                       Server: MAIL1".to_owned(),
        "              Backup Instance: First Storage Group".to_owned(),
        "              Target Instance: ".to_owned(),
        " Restore Instance System Path: ".to_owned(),
        "    Restore Instance Log Path: ".to_owned(),
        blank.clone(),
        "                    Databases: 2 database(s)".to_owned(),
    ];
    expected.extend(database("Mailbox", &first));
    expected.extend(database("Public", &second));
    expected.extend([
        blank.clone(),
        blank,
        "              Log files range: E0000000001.log - E0000000003.log".to_owned(),
        "            Last Restore Time: <none>".to_owned(),
        "               Recover Status: recoverNotStarted".to_owned(),
        "                Recover Error: 0x00000000".to_owned(),
        "                 Recover Time: <none>".to_owned(),
        String::new(),
    ]);
    let lines: Vec<&str> = said.text.lines().collect();
    assert_eq!(lines[..expected.len()], expected.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(lines[expected.len()].starts_with("Operation completed successfully in "));
    // The name of the file may be said, too, and the long form has the same lines.
    let file = folder.path().join("Restore.env");
    assert_eq!(
        eseutil(["/c", "/m", &shown(&file), "/o"]).succeeded().text.lines().count(),
        said.text.lines().count()
    );
    let long = eseutil(["restore", "show", &shown(folder.path())]).succeeded();
    assert_eq!(long.text.lines().collect::<Vec<_>>(), lines[1..expected.len()]);
    let json = eseutil(["restore", "show", &shown(folder.path()), "--json"]).succeeded().json();
    assert_eq!(json["result"]["environment"]["databases"][1]["guid"], "A2CFF078-782F-4BFE-9443-A1B460551234");
    assert_eq!(json["result"]["environment"]["high_log"], 3);
}

#[test]
fn t136_t137_a_restore_env_that_cannot_be_used_is_refused_and_nothing_is_touched() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("Restore.env");
    let good = String::from_utf8(sample(folder.path()).encode().expect("it is good")).expect("it is text");
    let resealed = |text: &str| {
        let body = text.rsplit_once("Crc32=").map_or(text, |(body, _)| body).to_owned();
        format!("{body}Crc32={:08X}\n", crc32(body.as_bytes()))
    };
    let rows: [(&str, Option<String>, i32); 8] = [
        ("absent", None, -1811),
        ("first line changed", Some(good.replacen("[libesent", "[other", 1)), -1812),
        ("another file", Some("<DATABASE_RESTORE_ENVIRONMENT>".to_owned()), -1812),
        ("CRC wrong", Some(good.replacen("Annotation=M", "Annotation=N", 1)), -1003),
        ("version 2", Some(resealed(&good.replacen("Version=1", "Version=2", 1))), -1003),
        (
            "reversed range",
            Some(resealed(&good.replacen("LowLog=0x00000001", "LowLog=0x00000009", 1))),
            -1003,
        ),
        ("counts differ", Some(resealed(&good.replacen("DatabaseCount=2", "DatabaseCount=3", 1))), -1003),
        ("base name", Some(resealed(&good.replacen("LogBaseName=E00", "LogBaseName=E0", 1))), -1003),
    ];
    for (name, text, code) in &rows {
        let _ = fs::remove_file(&path);
        if let Some(text) = text {
            fs::write(&path, text).expect("it can be written");
        }
        let before = snapshot(folder.path());
        for arguments in
            [vec!["/cm"], vec!["/cc"], vec!["/cc", "/t"], vec!["restore", "show"], vec!["restore", "run"]]
        {
            let folder = shown(folder.path());
            let said = eseutil(arguments.iter().copied().chain([folder.as_str()])).failed_with(*code);
            assert!(said.errors.contains("Restore.env"), "{name}: {}", said.errors);
        }
        assert_eq!(snapshot(folder.path()), before, "{name}");
    }
    ese_corpus::report!("T136, T137: {} wrong Restore.env refused by 5 command lines each", rows.len());
}

/// CRC-32/ISO-HDLC, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[test]
fn a_restore_that_has_been_done_is_not_done_again() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut environment = sample(folder.path());
    environment.recover_status = RecoverStatus::Ended;
    environment.save(&OsFileSystem, folder.path()).expect("it can be written");
    let before = snapshot(folder.path());
    let said = eseutil(["/cc", &shown(folder.path())]).succeeded();
    assert!(said.text.contains("Restore already completed."), "{}", said.text);
    eseutil(["restore", "run", "--again", &shown(folder.path())]).failed_with(-1811);
    assert_eq!(snapshot(folder.path()), before);
}

#[test]
fn switches_that_exclude_each_other_are_a_usage_error() {
    for arguments in [
        vec!["/cm", ".", "/k"],
        vec!["/cm", ".", "/t"],
        vec!["/cc", ".", "/tname", "/f/tmp"],
        vec!["/cc", ".", "/f/tmp", "/t"],
        vec!["/cc", ".", "/x"],
        vec!["/cx", "."],
        vec!["/c", "."],
        vec!["restore", "run", ".", "--folder-alone", "--run-in", "/tmp"],
        vec!["restore", "."],
        vec!["backup", "x.edb"],
        vec!["backup", "x.edb", "--to", "y", "--stream"],
        vec!["backup", "x.edb", "--to", "y", "--incremental", "--copy"],
        vec!["backup", "x.edb", "--stream", "--json"],
        vec!["verify-backup"],
    ] {
        assert_eq!(eseutil(&arguments).status, 2, "{arguments:?}");
    }
}
