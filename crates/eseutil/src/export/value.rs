//! One stored value as JSON or as plain text (issue 2, part 5).
//!
//! | column type | JSON | CSV |
//! |---|---|---|
//! | integers | number | digits |
//! | floats | number; not-a-number and the infinities as strings | the same words |
//! | Text, LongText | string, UTF-16 or code page 1252 decoded | the text |
//! | Binary, LongBinary, unknown types | lower-case hex | hex |
//! | GUID | canonical form, lower case | the same |
//! | DateTime | RFC 3339, UTC; `--raw`: the stored double | the same |
//! | Bit | true or false | true or false |
//!
//! Invariant: a value whose length does not fit its type is shown as hex, never guessed and never dropped.

use std::io::Write as _;

use ese_format::column_type::{CodePage, ColumnType, western_character};

/// How DateTime columns are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// RFC 3339, as UTC.
    Rfc3339,
    /// The stored double: days since 1899-12-30.
    Raw,
}

/// What is to be known of a column to write its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueForm {
    /// The column type.
    pub column_type: ColumnType,
    /// Of text columns.
    pub code_page: CodePage,
    /// Of DateTime columns.
    pub dates: DateForm,
}

/// A value between its bytes and its text.
enum Meaning {
    Integer(i128),
    Float(f64),
    Single(f32),
    Bool(bool),
    /// Already in its final form, nothing in it needs an escape.
    Plain(String),
    Text,
    Hex,
}

impl ValueForm {
    /// Appends `bytes` as a JSON value.
    pub fn write_json(&self, bytes: &[u8], out: &mut Vec<u8>) {
        match self.meaning(bytes) {
            Meaning::Integer(number) => write_number(out, number),
            Meaning::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Meaning::Float(number) => write_float(out, number.is_finite(), &float_text(number)),
            Meaning::Single(number) => write_float(out, number.is_finite(), &single_text(number)),
            Meaning::Plain(text) => {
                out.push(b'"');
                out.extend_from_slice(text.as_bytes());
                out.push(b'"');
            }
            Meaning::Hex => {
                out.push(b'"');
                write_hex(out, bytes);
                out.push(b'"');
            }
            Meaning::Text => {
                out.push(b'"');
                self.for_each_unit(bytes, |unit| match unit {
                    Ok(character) => write_json_character(out, character),
                    Err(surrogate) => {
                        let _ = write!(out, "\\u{surrogate:04x}");
                    }
                });
                out.push(b'"');
            }
        }
    }

    /// Appends `bytes` as text, without quotes and escapes; a lone surrogate becomes U+FFFD.
    pub fn write_text(&self, bytes: &[u8], out: &mut Vec<u8>) {
        match self.meaning(bytes) {
            Meaning::Integer(number) => write_number(out, number),
            Meaning::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Meaning::Float(number) => out.extend_from_slice(float_text(number).as_bytes()),
            Meaning::Single(number) => out.extend_from_slice(single_text(number).as_bytes()),
            Meaning::Plain(text) => out.extend_from_slice(text.as_bytes()),
            Meaning::Hex => write_hex(out, bytes),
            Meaning::Text => {
                let mut buffer = [0; 4];
                self.for_each_unit(bytes, |unit| {
                    let character = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
                    out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                });
            }
        }
    }

    fn meaning(&self, bytes: &[u8]) -> Meaning {
        let meaning = match self.column_type {
            ColumnType::Bit => array(bytes).map(|[byte]: [u8; 1]| Meaning::Bool(byte != 0)),
            ColumnType::UnsignedByte => array(bytes).map(|value| integer(u8::from_le_bytes(value))),
            ColumnType::Short => array(bytes).map(|value| integer(i16::from_le_bytes(value))),
            ColumnType::UnsignedShort => array(bytes).map(|value| integer(u16::from_le_bytes(value))),
            ColumnType::Long => array(bytes).map(|value| integer(i32::from_le_bytes(value))),
            ColumnType::UnsignedLong => array(bytes).map(|value| integer(u32::from_le_bytes(value))),
            ColumnType::Currency | ColumnType::LongLong => {
                array(bytes).map(|value| integer(i64::from_le_bytes(value)))
            }
            ColumnType::UnsignedLongLong => array(bytes).map(|value| integer(u64::from_le_bytes(value))),
            ColumnType::IeeeSingle => array(bytes).map(|value| Meaning::Single(f32::from_le_bytes(value))),
            ColumnType::IeeeDouble => array(bytes).map(|value| Meaning::Float(f64::from_le_bytes(value))),
            ColumnType::DateTime => array(bytes).map(|value| self.date(f64::from_le_bytes(value))),
            ColumnType::Guid => array(bytes).map(|value| Meaning::Plain(guid_text(&value))),
            ColumnType::Text | ColumnType::LongText => Some(Meaning::Text),
            _ => None,
        };
        meaning.unwrap_or(Meaning::Hex)
    }

    fn date(&self, days: f64) -> Meaning {
        match self.dates {
            DateForm::Rfc3339 => rfc3339(days).map_or(Meaning::Float(days), Meaning::Plain),
            DateForm::Raw => Meaning::Float(days),
        }
    }

    fn for_each_unit(&self, bytes: &[u8], mut each: impl FnMut(Result<char, u16>)) {
        if self.code_page != CodePage::UNICODE {
            bytes.iter().for_each(|byte| each(Ok(western_character(*byte))));
            return;
        }
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        char::decode_utf16(units).for_each(|unit| each(unit.map_err(|error| error.unpaired_surrogate())));
        if !rest.is_empty() {
            each(Ok(char::REPLACEMENT_CHARACTER));
        }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn integer(value: impl Into<i128>) -> Meaning {
    Meaning::Integer(value.into())
}

fn write_number(out: &mut Vec<u8>, number: i128) {
    let _ = match i64::try_from(number) {
        Ok(small) => write!(out, "{small}"),
        Err(_) => write!(out, "{number}"),
    };
}

fn write_float(out: &mut Vec<u8>, is_finite: bool, text: &str) {
    let quote: &[u8] = if is_finite { b"" } else { b"\"" };
    out.extend_from_slice(quote);
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(quote);
}

/// The shortest text that reads back as the same double.
fn float_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else {
        format!("{number:?}")
    }
}

/// The shortest text that reads back as the same single.
fn single_text(number: f32) -> String {
    if number.is_finite() { format!("{number:?}") } else { float_text(f64::from(number)) }
}

fn write_json_character(out: &mut Vec<u8>, character: char) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        control if u32::from(control) < 0x20 => {
            let _ = write!(out, "\\u{:04x}", u32::from(control));
        }
        other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Appends a JSON string.
pub fn write_json_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    text.chars().for_each(|character| write_json_character(out, character));
    out.push(b'"');
}

fn write_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(bytes.len() * 2);
    for byte in bytes {
        out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

/// Canonical form of a GUID in Windows' structure order: the first three fields are little-endian.
#[must_use]
pub fn guid_text(guid: &[u8; 16]) -> String {
    let [a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, e @ ..] = *guid;
    let node = e.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!(
        "{:08x}-{:04x}-{:04x}-{d0:02x}{d1:02x}-{node}",
        u32::from_le_bytes([a0, a1, a2, a3]),
        u16::from_le_bytes([b0, b1]),
        u16::from_le_bytes([c0, c1]),
    )
}

const MILLISECONDS_A_DAY: i64 = 86_400_000;
/// 1899-12-30 in days before 1970-01-01.
const OLE_EPOCH_DAYS: i64 = 25_569;

/// The date of an OLE double, to the millisecond; `None` outside the years 0 to 9999, which RFC 3339 cannot write. Before
/// the epoch the fraction still counts forward within its day.
fn rfc3339(days: f64) -> Option<String> {
    if !days.is_finite() || days.abs() > 4_000_000.0 {
        return None;
    }
    let whole = days.trunc();
    let milliseconds = ((days - whole).abs() * MILLISECONDS_A_DAY as f64).round() as i64;
    let day = whole as i64 - OLE_EPOCH_DAYS + milliseconds / MILLISECONDS_A_DAY;
    let milliseconds = milliseconds % MILLISECONDS_A_DAY;
    let (year, month, date) = civil(day);
    let (second, rest) = (milliseconds / 1000, milliseconds % 1000);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    (0..=9999).contains(&year).then(|| {
        format!(
            "{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}{fraction}Z",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    })
}

/// Year, month and day of a day counted from 1970-01-01 in the Gregorian calendar, extended backwards. Years are counted
/// from March, so that the leap day comes last.
pub(crate) fn civil(day: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let day = day + 719_468;
    let era = day.div_euclid(DAYS_OF_400_YEARS);
    let day_of_era = day.rem_euclid(DAYS_OF_400_YEARS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / (DAYS_OF_400_YEARS - 1)) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(column_type: ColumnType, code_page: CodePage, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        ValueForm { column_type, code_page, dates: DateForm::Rfc3339 }.write_json(bytes, &mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn numbers_are_numbers_and_bits_are_truth_values() {
        let none = CodePage::NONE;
        assert_eq!(json(ColumnType::Long, none, &[0xFF; 4]), "-1");
        assert_eq!(json(ColumnType::UnsignedLongLong, none, &[0xFF; 8]), "18446744073709551615");
        assert_eq!(json(ColumnType::Bit, none, &[0xFF]), "true");
        assert_eq!(json(ColumnType::IeeeSingle, none, &1.1f32.to_le_bytes()), "1.1");
        assert_eq!(json(ColumnType::IeeeDouble, none, &1e300f64.to_le_bytes()), "1e300");
        assert_eq!(json(ColumnType::IeeeDouble, none, &f64::NAN.to_le_bytes()), "\"NaN\"");
    }

    #[test]
    fn text_is_decoded_and_lone_surrogates_survive_as_escapes() {
        assert_eq!(json(ColumnType::Text, CodePage::WESTERN, b"a\x80\"\n"), "\"a€\\\"\\n\"");
        let fox = "Simple 🦊".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        assert_eq!(json(ColumnType::LongText, CodePage::UNICODE, &fox), "\"Simple 🦊\"");
        assert_eq!(json(ColumnType::Text, CodePage::UNICODE, &[0x00, 0xD8, 0x41, 0x00]), "\"\\ud800A\"");
        assert_eq!(json(ColumnType::Text, CodePage::UNICODE, &[]), "\"\"");
    }

    #[test]
    fn a_value_of_the_wrong_length_is_shown_as_its_bytes() {
        assert_eq!(json(ColumnType::Long, CodePage::NONE, &[1, 2, 0xAB]), "\"0102ab\"");
        assert_eq!(json(ColumnType::Binary, CodePage::NONE, &[0xDE, 0xAD]), "\"dead\"");
    }

    #[test]
    fn a_guid_has_its_canonical_form() {
        let guid =
            [0xF1, 0x0A, 0x36, 0x3F, 0x66, 0x67, 0xDC, 0x46, 0x9A, 0xF2, 0x0D, 0xAC, 0xF2, 0x95, 0xC2, 0xA1];
        assert_eq!(json(ColumnType::Guid, CodePage::NONE, &guid), "\"3f360af1-6766-46dc-9af2-0dacf295c2a1\"");
    }

    #[test]
    fn dates_count_from_the_end_of_1899_in_both_directions() {
        let date = |days: f64| json(ColumnType::DateTime, CodePage::NONE, &days.to_le_bytes());
        assert_eq!(date(0.0), "\"1899-12-30T00:00:00Z\"");
        assert_eq!(date(36_222.0), "\"1999-03-03T00:00:00Z\"");
        assert_eq!(date(44_241.105_786), "\"2021-02-14T02:32:19.910Z\"");
        assert_eq!(date(-1.25), "\"1899-12-29T06:00:00Z\"");
        assert_eq!(date(2_958_465.5), "\"9999-12-31T12:00:00Z\"");
        assert_eq!(date(3e6), "3000000.0");
    }
}
