//! One key of a registry export: `Windows Registry Editor Version 5.00` in UTF-16 or UTF-8, or `REGEDIT4` (spec 07 §15.2).
//!
//! ```text
//! [KEY\…\Restore in Progress]     "name"="text"      "name"=dword:0000003f
//! ; a comment                     "name"=hex:00      "name"=hex(7):2f,00,…,\
//! [-KEY\…]  deletes the key       "name"=-  deletes the value
//! ```
//!
//! Invariants: the first key of the wanted name counts and no other; a value that stands twice is the last one; what cannot be understood in
//! that key is an error, and in other keys no business of ours.

use std::fmt::Write as _;

use ese_format::error::JetError;

use crate::error::{Error, Result};

const HEADER_5: &str = "Windows Registry Editor Version 5.00";
const HEADER_4: &str = "REGEDIT4";
const UTF16_MARK: [u8; 2] = [0xFF, 0xFE];
const UTF8_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
/// Columns after which regedit continues a list of bytes on the next line.
const LINE_COLUMNS: usize = 78;

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RegistryValue {
    /// REG_DWORD.
    Number(u32),
    /// REG_SZ.
    Text(String),
    /// REG_BINARY.
    Bytes(Vec<u8>),
    /// REG_MULTI_SZ.
    Strings(Vec<String>),
    /// Any other.
    Other,
}

/// The values of a key in their order; none for one that was deleted.
#[derive(Debug, Default)]
pub(super) struct RegistryKey {
    values: Vec<(String, RegistryValue)>,
}

impl RegistryKey {
    /// The value of this name: spelled so, else in any case.
    pub(super) fn value(&self, name: &str) -> Option<&RegistryValue> {
        let exact = self.values.iter().find(|(known, _)| known == name);
        exact
            .or_else(|| self.values.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    }

    fn set(&mut self, name: String, value: Option<RegistryValue>) {
        self.values.retain(|(known, _)| *known != name);
        if let Some(value) = value {
            self.values.push((name, value));
        }
    }
}

fn unreadable(about: impl Into<String>) -> Error {
    Error::refused(JetError::FILE_INVALID_TYPE, about)
}

/// How the strings of a hex(7) list are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strings {
    Utf16,
    EightBit,
}

/// The first key whose last component is `wanted`; `None` where there is none, or where the file deletes it.
pub(super) fn decode(bytes: &[u8], wanted: &str) -> Result<Option<RegistryKey>> {
    let text = text_of(bytes)?;
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let strings = match lines.next().map(str::trim_end) {
        Some(HEADER_5) => Strings::Utf16,
        Some(HEADER_4) => Strings::EightBit,
        _ => return Err(unreadable("the file is no registry export")),
    };
    let mut key: Option<RegistryKey> = None;
    let mut lines = lines.enumerate().map(|(index, line)| (index.saturating_add(2), line));
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(';') {
            continue;
        }
        if let Some(path) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if key.is_some() {
                return Ok(key);
            }
            let is_wanted = path.rsplit('\\').next().is_some_and(|last| last.eq_ignore_ascii_case(wanted));
            match path.starts_with('-') {
                _ if !is_wanted => {}
                true => return Ok(None),
                false => key = Some(RegistryKey::default()),
            }
            continue;
        }
        let Some(key) = &mut key else { continue };
        let mut whole = line.to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            let (_, further) =
                lines.next().ok_or_else(|| unreadable(format!("line {number} is not continued")))?;
            whole.push_str(further.trim());
        }
        let (name, value) =
            value_of(&whole, strings).ok_or_else(|| unreadable(format!("line {number} is no value")))?;
        key.set(name, value);
    }
    Ok(key)
}

fn text_of(bytes: &[u8]) -> Result<String> {
    if let Some(units) = bytes.strip_prefix(&UTF16_MARK) {
        let (pairs, rest) = units.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(unreadable("the UTF-16 text ends in the middle of a character"));
        }
        let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        return String::from_utf16(&units).map_err(|_| unreadable("the text is no UTF-16"));
    }
    let plain = bytes.strip_prefix(&UTF8_MARK).unwrap_or(bytes);
    String::from_utf8(plain.to_vec()).map_err(|_| unreadable("the text is neither UTF-16 nor UTF-8"))
}

/// The name and the value of a whole line; no value where it is deleted.
fn value_of(line: &str, strings: Strings) -> Option<(String, Option<RegistryValue>)> {
    let (name, rest) = match line.strip_prefix('@') {
        Some(rest) => (String::new(), rest),
        None => quoted(line)?,
    };
    let value = rest.trim_start().strip_prefix('=')?.trim();
    if value == "-" {
        return Some((name, None));
    }
    if value.starts_with('"') {
        let (text, rest) = quoted(value)?;
        return rest.trim().is_empty().then_some((name, Some(RegistryValue::Text(text))));
    }
    let (kind, digits) = value.split_once(':')?;
    let value = match kind.trim_end().to_ascii_lowercase().as_str() {
        "dword" => {
            let digits = digits.trim();
            let is_number =
                (1..=8).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            RegistryValue::Number(is_number.then(|| u32::from_str_radix(digits, 16).ok())??)
        }
        "hex" => RegistryValue::Bytes(byte_list(digits)?),
        "hex(7)" => RegistryValue::Strings(string_list(&byte_list(digits)?, strings)?),
        kind if kind.starts_with("hex(") && kind.ends_with(')') => {
            byte_list(digits)?;
            RegistryValue::Other
        }
        _ => return None,
    };
    Some((name, Some(value)))
}

/// The text in quotes at the beginning, and what follows it.
fn quoted(line: &str) -> Option<(String, &str)> {
    let mut characters = line.strip_prefix('"')?.chars();
    let mut text = String::new();
    loop {
        match characters.next()? {
            '"' => return Some((text, characters.as_str())),
            '\\' => match characters.next()? {
                escaped @ ('\\' | '"') => text.push(escaped),
                _ => return None,
            },
            other => text.push(other),
        }
    }
}

fn byte_list(digits: &str) -> Option<Vec<u8>> {
    if digits.trim().is_empty() {
        return Some(Vec::new());
    }
    digits
        .split(',')
        .map(|byte| {
            let byte = byte.trim();
            let is_byte =
                (1..=2).contains(&byte.len()) && byte.bytes().all(|digit| digit.is_ascii_hexdigit());
            is_byte.then(|| u8::from_str_radix(byte, 16).ok())?
        })
        .collect()
}

/// The strings of a REG_MULTI_SZ: each ended by a NUL, all of them by another, which may be missing.
fn string_list(bytes: &[u8], strings: Strings) -> Option<Vec<String>> {
    let text = match strings {
        Strings::EightBit => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Strings::Utf16 => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
            String::from_utf16(&units).ok().filter(|_| rest.is_empty())?
        }
    };
    if text.is_empty() || text == "\0" {
        return Some(Vec::new());
    }
    let text = text.strip_suffix('\0')?;
    let text = text.strip_suffix('\0').unwrap_or(text);
    Some(text.split('\0').map(str::to_owned).collect())
}

/// An export of one key: UTF-16 with its mark, CR LF.
pub(super) fn encode(key: &str, comments: &[String], values: &[(&str, RegistryValue)]) -> Vec<u8> {
    let mut text = format!("{HEADER_5}\r\n\r\n[{key}]\r\n");
    for comment in comments {
        // A String takes every write.
        let _ = write!(text, "; {comment}\r\n");
    }
    for (name, value) in values {
        let start = format!("\"{name}\"=");
        match value {
            RegistryValue::Number(number) => {
                let _ = write!(text, "{start}dword:{number:08x}\r\n");
            }
            RegistryValue::Text(value) => {
                let _ = write!(text, "{start}\"{}\"\r\n", value.replace('\\', "\\\\").replace('"', "\\\""));
            }
            RegistryValue::Bytes(bytes) => put_bytes(&mut text, format!("{start}hex:"), bytes),
            RegistryValue::Strings(strings) => {
                let units = strings.iter().flat_map(|string| string.encode_utf16().chain([0])).chain([0]);
                let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
                put_bytes(&mut text, format!("{start}hex(7):"), &bytes);
            }
            RegistryValue::Other => {}
        }
    }
    UTF16_MARK.into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

fn put_bytes(text: &mut String, mut line: String, bytes: &[u8]) {
    for (index, byte) in bytes.iter().enumerate() {
        let _ = write!(line, "{byte:02x}");
        if index.saturating_add(1) < bytes.len() {
            line.push(',');
            if line.len() >= LINE_COLUMNS - 3 {
                let _ = write!(text, "{line}\\\r\n");
                line = "  ".to_owned();
            }
        }
    }
    let _ = write!(text, "{line}\r\n");
}
