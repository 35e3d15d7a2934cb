//! Text forms of scalars that occur in log dumps alone: record times, positions in records, data bytes, flag words
//! and names out of a log (spec 10 §3.1, §6.3.2).
//!
//! Invariant: no control character of a file reaches the text, it shows as `\xNN`; real names and traces hold none.

use std::fmt::{self, Write as _};

use ese_format::attach_list::{PathEncoding, StoredPath};
use ese_format::lgpos::Lgpos;
use ese_format::logtime::Logtime;
use ese_format::signature::Signature;

use crate::command_line::Verbosity;
use crate::text_forms::SignatureText;

/// Data bytes that one record shows at most.
const DATA_BYTES_SHOWN: usize = 16;

/// A position as records print it: `(51,8,0)` without brackets.
pub(crate) struct RecordLgpos(pub(crate) Lgpos);

impl fmt::Display for RecordLgpos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X},{:X},{:X}", self.0.generation.get(), self.0.isec.get(), self.0.ib.get())
    }
}

/// A position as the prefix of a record: `00000051,0001,018A`.
pub(crate) struct PrefixLgpos(pub(crate) Lgpos);

impl fmt::Display for PrefixLgpos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08X},{:04X},{:04X}", self.0.generation.get(), self.0.isec.get(), self.0.ib.get())
    }
}

/// The end of a log: the generation in lower case, the rest in upper.
pub(crate) struct LastLgpos(pub(crate) Lgpos);

impl fmt::Display for LastLgpos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(0x{:x},{:X},{:X})", self.0.generation.get(), self.0.isec.get(), self.0.ib.get())
    }
}

/// A time as records print it: `2/14/2021 2:32:43.553`.
pub(crate) struct RecordTime(pub(crate) Logtime);

impl fmt::Display for RecordTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Logtime { seconds, minutes, hours, day, month, .. } = self.0;
        write!(
            f,
            "{month}/{day}/{} {hours}:{minutes:02}:{seconds:02}.{:03}",
            self.0.year(),
            self.0.milliseconds()
        )
    }
}

/// A signature as records print it: an empty computer name shows as `<None>`.
pub(crate) struct RecordSignature<'a>(pub(crate) &'a Signature);

impl fmt::Display for RecordSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = if self.0.computer_name[0] == 0 { "<None>" } else { "" };
        write!(f, "{}{none}", SignatureText(self.0))
    }
}

/// Data of a record at the verbosity asked for; nothing is written for no data at all.
pub(crate) struct Data<'a> {
    pub(crate) pieces: &'a [&'a [u8]],
    pub(crate) verbosity: Verbosity,
}

impl fmt::Display for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.verbosity < Verbosity::Data {
            return f.write_str("<Data>");
        }
        let bytes = self.pieces.iter().copied().flatten();
        bytes.take(DATA_BYTES_SHOWN).try_for_each(|byte| write!(f, "{byte:02X} "))
    }
}

/// Single-byte text from a log up to its terminator.
pub(crate) fn ansi(bytes: &[u8]) -> String {
    stored_path(StoredPath::new(bytes, PathEncoding::Ansi))
}

/// A path or name as a log stores it.
pub(crate) fn stored_path(path: StoredPath<'_>) -> String {
    printable(&path.to_text())
}

/// The same text with control characters escaped.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\x{:02X}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_shows_sixteen_bytes_at_most_across_its_pieces() {
        let bytes = [0xABu8; 12];
        let text = Data { pieces: &[&bytes, &bytes], verbosity: Verbosity::Data }.to_string();
        assert_eq!(text, "AB ".repeat(16));
        assert_eq!(Data { pieces: &[&bytes], verbosity: Verbosity::Structure }.to_string(), "<Data>");
    }

    #[test]
    fn control_characters_of_a_file_never_reach_a_terminal() {
        assert_eq!(ansi(b"a\x1b[2J\0rest"), "a\\x1B[2J");
        let utf16 = [b'C', 0, 0x07, 0, 0x3D, 0xD8, 0, 0, b'x', 0];
        assert_eq!(stored_path(StoredPath::new(&utf16, PathEncoding::Utf16)), "C\\x07\u{FFFD}");
    }
}
