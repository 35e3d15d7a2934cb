//! The text of `Restore.env`: both directions, and the rules of every value.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use ese_format::error::JetError;
use ese_format::log::names::LogExtension;
use ese_format::signature::Signature;

use super::time::{parse_time, time_text};
use super::{
    BYTES_MAX, CircularAtBackup, DATABASES_MAX, EnvironmentDatabase, Guid, RecoverStatus, RestoreEnvironment,
    RestoreMode,
};

const FIRST_LINE: &str = "[libesent restore environment]";
const LAST_SECTION: &str = "[End]";
const CRC_KEY: &str = "\nCrc32=";
const VERSION: u32 = 1;
/// Characters of a base name.
const BASE_NAME_BYTES: usize = 3;

const MODES: [(&str, RestoreMode); 3] = [
    ("normal", RestoreMode::Normal),
    ("victimized", RestoreMode::Victimized),
    ("recovery-group", RestoreMode::RecoveryGroup),
];
const STATUSES: [(&str, RecoverStatus); 4] = [
    ("Invalid", RecoverStatus::Invalid),
    ("NotStarted", RecoverStatus::NotStarted),
    ("Started", RecoverStatus::Started),
    ("Ended", RecoverStatus::Ended),
];
const CIRCULAR: [(&str, CircularAtBackup); 2] = [("0", CircularAtBackup::No), ("1", CircularAtBackup::Yes)];
const EXTENSIONS: [(&str, LogExtension); 2] = [("log", LogExtension::Log), ("jtx", LogExtension::Jtx)];

/// What is wrong with a text.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) jet: JetError,
    pub(super) what: String,
}

fn flaw(what: impl Into<String>) -> Flaw {
    Flaw { jet: JetError::INVALID_PARAMETER, what: what.into() }
}

/// The keys of one section, each taken once.
struct Section {
    keys: Vec<(String, String)>,
}

impl Section {
    fn read<'t>(
        lines: &mut std::iter::Peekable<impl Iterator<Item = (usize, &'t str)>>,
    ) -> Result<Self, Flaw> {
        let mut keys: Vec<(String, String)> = Vec::new();
        let mut names = HashSet::new();
        while let Some((number, line)) = lines.next_if(|(_, line)| !line.starts_with('[')) {
            let (key, value) =
                line.split_once('=').ok_or_else(|| flaw(format!("line {number} is no Key=Value")))?;
            if key.is_empty() || line.contains(['\0', '\r']) {
                return Err(flaw(format!("line {number} is no Key=Value")));
            }
            if !names.insert(key) {
                return Err(flaw(format!("line {number}: {key} stands twice")));
            }
            keys.push((key.to_owned(), value.to_owned()));
        }
        Ok(Self { keys })
    }

    /// The value of a key that may be missing, which is as if it were empty.
    fn take(&mut self, key: &str) -> String {
        let place = self.keys.iter().position(|(known, _)| known == key);
        place.map(|place| self.keys.remove(place).1).unwrap_or_default()
    }

    /// The value of a key, understood by `parse`.
    fn parse<T>(&mut self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Flaw> {
        let value = self.take(key);
        parse(&value).ok_or_else(|| flaw(format!("{key} is '{}'", shown(&value))))
    }

    /// The value of a key that stands for one of a few words; missing, for the first of them.
    fn optional_word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Result<T, Flaw> {
        let value = self.take(key);
        let first = words.first().filter(|_| value.is_empty());
        first
            .or_else(|| words.iter().find(|(word, _)| *word == value))
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| flaw(format!("{key} is '{}'", shown(&value))))
    }

    /// A folder: empty, or an absolute path that leads nowhere else.
    fn folder(&mut self, key: &str) -> Result<String, Flaw> {
        self.parse(key, |value| (value.is_empty() || is_plain_path(value)).then(|| value.to_owned()))
    }
}

/// A value for a message: not all of a hostile one.
fn shown(value: &str) -> String {
    value.chars().take(60).flat_map(char::escape_debug).collect()
}

/// Whether a path of this system is absolute and has no `.` or `..`.
pub(crate) fn is_plain_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains(['\0', '\n', '\r'])
        && path.split('/').all(|part| part != "." && part != "..")
        && Path::new(path).components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
}

/// Whether a name can be that of a log stream: three characters that are no part of a path.
pub(crate) fn is_base_name(name: &str) -> bool {
    name.len() == BASE_NAME_BYTES
        && name.bytes().all(|byte| byte.is_ascii_graphic() && !br#"/\.:*?"<>|"#.contains(&byte))
}

fn number(text: &str) -> Option<u32> {
    let is_digits =
        |digits: &str, radix| !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    match text.strip_prefix("0x") {
        Some(digits) => is_digits(digits, 16).then(|| u32::from_str_radix(digits, 16).ok())?,
        None => is_digits(text, 10).then(|| text.parse().ok())?,
    }
}

fn generation(text: &str) -> Option<i32> {
    number(text).and_then(|number| i32::try_from(number).ok()).filter(|generation| *generation > 0)
}

fn word<T: Copy>(words: &[(&str, T)]) -> impl Fn(&str) -> Option<T> {
    move |text| words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning)
}

fn signature(text: &str) -> Option<Signature> {
    Signature::from_hexadecimal(text).filter(Signature::is_set)
}

/// The environment of the bytes of a file.
pub(super) fn decode(bytes: &[u8]) -> Result<RestoreEnvironment, Flaw> {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    if first != FIRST_LINE.as_bytes() {
        let what = format!("the first line is not {FIRST_LINE}: the file is of another kind");
        return Err(Flaw { jet: JetError::FILE_INVALID_TYPE, what });
    }
    if bytes.len() as u64 > BYTES_MAX {
        return Err(flaw(format!("more than {BYTES_MAX} bytes")));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| flaw(format!("no UTF-8 at byte {}", error.valid_up_to())))?;
    let body = check_crc(text)?;
    let mut lines = body
        .split_inclusive('\n')
        .map(|line| line.strip_suffix('\n').unwrap_or(line))
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .enumerate()
        .map(|(index, line)| (index.saturating_add(1), line))
        .peekable();
    lines.next();
    let mut head = Section::read(&mut lines)?;
    head.parse("Version", |value| number(value).filter(|version| (1..=VERSION).contains(version)))?;
    let count = head.parse("DatabaseCount", |value| {
        usize::try_from(number(value)?).ok().filter(|count| (1..=DATABASES_MAX).contains(count))
    })?;
    let mut databases = Vec::with_capacity(count);
    while let Some((number, line)) = lines.next() {
        if line == LAST_SECTION {
            if lines.next().is_some() {
                return Err(flaw(format!("line {number}: {LAST_SECTION} is not the last section")));
            }
            if databases.len() != count {
                return Err(flaw(format!("DatabaseCount is {count}, {} are there", databases.len())));
            }
            return environment(head, databases);
        }
        if databases.len() == count || line != format!("[Database {}]", databases.len().saturating_add(1)) {
            return Err(flaw(format!("line {number}: section '{}' is not expected here", shown(line))));
        }
        databases.push(database(Section::read(&mut lines)?)?);
    }
    Err(flaw(format!("{LAST_SECTION} is missing")))
}

/// The text before the checksum, which must hold.
fn check_crc(text: &str) -> Result<&str, Flaw> {
    let place = text.rfind(CRC_KEY).ok_or_else(|| flaw("Crc32 is missing: the file is not whole"))?;
    // The line feed before the key belongs to what is summed up.
    let (body, last) = text.split_at(place.saturating_add(1));
    let stored = last.get(CRC_KEY.len() - 1..).unwrap_or_default();
    let stored = stored.strip_suffix('\n').unwrap_or(stored);
    let stored = stored.strip_suffix('\r').unwrap_or(stored);
    let is_number = stored.len() == 8 && stored.bytes().all(|digit| digit.is_ascii_hexdigit());
    let stored = u32::from_str_radix(stored, 16).ok().filter(|_| is_number);
    let stored = stored.ok_or_else(|| flaw("Crc32 is not 8 hexadecimal digits at the end of the file"))?;
    let computed = crc32fast::hash(body.as_bytes());
    if stored != computed {
        return Err(flaw(format!("Crc32 is {stored:08X}, computed {computed:08X}")));
    }
    Ok(body)
}

fn database(mut section: Section) -> Result<EnvironmentDatabase, Flaw> {
    Ok(EnvironmentDatabase {
        display_name: section.take("DisplayName"),
        guid: section.parse("Guid", |value| {
            if value.is_empty() { Some(Guid::default()) } else { Guid::parse(value) }
        })?,
        source_file: section.take("SourceFile"),
        destination_file: section.parse("DestinationFile", |value| {
            (is_plain_path(value) && !value.ends_with('/')).then(|| PathBuf::from(value))
        })?,
        signature: section.parse("SignDb", signature)?,
        unknown: section.keys,
    })
}

fn environment(mut head: Section, databases: Vec<EnvironmentDatabase>) -> Result<RestoreEnvironment, Flaw> {
    let mut destinations = HashSet::new();
    if !databases.iter().all(|database| destinations.insert(&database.destination_file)) {
        return Err(flaw("two databases have the same DestinationFile"));
    }
    let (low_log, high_log) = (head.parse("LowLog", generation)?, head.parse("HighLog", generation)?);
    if low_log > high_log {
        return Err(flaw(format!("LowLog {low_log:#x} lies behind HighLog {high_log:#x}")));
    }
    Ok(RestoreEnvironment {
        restore_path: head.take("RestorePath"),
        annotation: head.take("Annotation"),
        server_name: head.take("ServerName"),
        source_instance: head.take("SourceInstance"),
        target_instance: head.take("TargetInstance"),
        restore_instance_system_path: head.folder("RestoreInstanceSystemPath")?,
        restore_instance_log_path: head.folder("RestoreInstanceLogPath")?,
        running_log_path: head.folder("RunningLogPath")?,
        running_system_path: head.folder("RunningSystemPath")?,
        log_base_name: head.parse("LogBaseName", |value| is_base_name(value).then(|| value.to_owned()))?,
        log_extension: head.optional_word("LogExtension", &EXTENSIONS)?,
        low_log,
        high_log,
        log_signature: head.parse("SignLog", signature)?,
        circular: head.optional_word("Circular", &CIRCULAR)?,
        mode: head.parse("Mode", word(&MODES))?,
        last_restore_time: head.parse("LastRestoreTime", parse_time)?,
        recover_status: head.parse("RecoverStatus", word(&STATUSES))?,
        recover_error: head
            .parse("RecoverError", |value| if value.is_empty() { Some(0) } else { number(value) })?,
        recover_time: head.parse("RecoverTime", parse_time)?,
        databases,
        unknown: head.keys,
    })
}

fn text_of<T: PartialEq>(words: &[(&'static str, T)], wanted: &T) -> &'static str {
    words.iter().find(|(_, meaning)| meaning == wanted).map_or("", |(word, _)| word)
}

/// The bytes of the file, which [`decode`] accepts.
pub(super) fn encode(environment: &RestoreEnvironment) -> Result<Vec<u8>, Flaw> {
    let RestoreEnvironment { databases, .. } = environment;
    let mut text = format!("{FIRST_LINE}\n");
    let mut put = |key: &str, value: &str| {
        // A String takes every write.
        let _ = writeln!(text, "{key}={value}");
    };
    put("Version", &VERSION.to_string());
    put("RestorePath", &environment.restore_path);
    put("Annotation", &environment.annotation);
    put("ServerName", &environment.server_name);
    put("SourceInstance", &environment.source_instance);
    put("TargetInstance", &environment.target_instance);
    put("RestoreInstanceSystemPath", &environment.restore_instance_system_path);
    put("RestoreInstanceLogPath", &environment.restore_instance_log_path);
    put("RunningLogPath", &environment.running_log_path);
    put("RunningSystemPath", &environment.running_system_path);
    put("LogBaseName", &environment.log_base_name);
    put("LogExtension", text_of(&EXTENSIONS, &environment.log_extension));
    put("LowLog", &format!("0x{:08X}", environment.low_log));
    put("HighLog", &format!("0x{:08X}", environment.high_log));
    put("SignLog", &environment.log_signature.hexadecimal());
    put("Circular", text_of(&CIRCULAR, &environment.circular));
    put("Mode", text_of(&MODES, &environment.mode));
    put("LastRestoreTime", &time_text(&environment.last_restore_time));
    put("RecoverStatus", text_of(&STATUSES, &environment.recover_status));
    put("RecoverError", &format!("0x{:08X}", environment.recover_error));
    put("RecoverTime", &time_text(&environment.recover_time));
    put("DatabaseCount", &databases.len().to_string());
    environment.unknown.iter().for_each(|(key, value)| put(key, value));
    for (index, database) in databases.iter().enumerate() {
        let destination = database.destination_file.to_str();
        let destination = destination.ok_or_else(|| flaw("DestinationFile is no UTF-8"))?;
        let _ = writeln!(text, "[Database {}]", index.saturating_add(1));
        let mut put = |key: &str, value: &str| {
            let _ = writeln!(text, "{key}={value}");
        };
        put("DisplayName", &database.display_name);
        put("Guid", &database.guid.to_string());
        put("SourceFile", &database.source_file);
        put("DestinationFile", destination);
        put("SignDb", &database.signature.hexadecimal());
        database.unknown.iter().for_each(|(key, value)| put(key, value));
    }
    text.push_str(LAST_SECTION);
    text.push('\n');
    let crc = crc32fast::hash(text.as_bytes());
    let _ = writeln!(text, "Crc32={crc:08X}");
    let bytes = text.into_bytes();
    // A value with a line end in it would have become something else.
    let read_back = decode(&bytes)?;
    if !is_same_but_for_fractions(&read_back, environment) {
        return Err(flaw("a value has a character that it must not have"));
    }
    Ok(bytes)
}

/// Whether two environments are equal; times are kept in whole seconds.
fn is_same_but_for_fractions(read_back: &RestoreEnvironment, given: &RestoreEnvironment) -> bool {
    let times_agree = time_text(&read_back.last_restore_time) == time_text(&given.last_restore_time)
        && time_text(&read_back.recover_time) == time_text(&given.recover_time);
    let given = RestoreEnvironment {
        last_restore_time: read_back.last_restore_time,
        recover_time: read_back.recover_time,
        ..given.clone()
    };
    times_agree && *read_back == given
}
