//! Text in keys: code page 1252 (spec 04 §8), and the seam for UTF-16.

use super::{KeyEnd, refused};
use crate::error::{FormatResult, JetError, Problem};

/// Makes sort keys of UTF-16 text: one locale, one sort version, one set of flags.
pub trait TextKey: Send + Sync {
    /// Appends the sort key of `text`, UTF-16 little-endian, its final `00` included, without a prefix byte. An odd last
    /// byte counts for nothing.
    ///
    /// # Errors
    /// A text whose key is not certain to be what Windows makes: `JET_errUnicodeNormalizationNotSupported`.
    fn append_sort_key(&self, text: &[u8], key: &mut Vec<u8>) -> FormatResult<()>;
}

/// Refuses every text.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTextKey;

impl TextKey for NoTextKey {
    fn append_sort_key(&self, _text: &[u8], _key: &mut Vec<u8>) -> FormatResult<()> {
        let problem = Problem::Unsupported("sort keys of UTF-16 text");
        Err(refused("key segment", problem, JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED))
    }
}

/// Appends `text` in upper case and a `00`, in at most `room` bytes. When it does not fit, the last byte is the next
/// source byte less 0x20, whatever it is: so Windows has it.
pub(super) fn append_western(text: &[u8], room: usize, key: &mut Vec<u8>) -> KeyEnd {
    let fits = text.len() < room;
    let window = if fits { text } else { text.get(..room.saturating_sub(1)).unwrap_or(text) };
    let end = window.iter().position(|byte| *byte == 0);
    key.extend(window.iter().take(end.unwrap_or(window.len())).map(u8::to_ascii_uppercase));
    if fits || end.is_some() {
        key.push(0);
        return KeyEnd::Whole;
    }
    match room.checked_sub(1).and_then(|last| text.get(last)) {
        Some(0) => {
            key.push(0);
            KeyEnd::Whole
        }
        Some(byte) => {
            key.push(byte.wrapping_sub(0x20));
            KeyEnd::Truncated
        }
        None => KeyEnd::Truncated,
    }
}
