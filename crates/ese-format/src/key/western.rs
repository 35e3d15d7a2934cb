//! Text of code page 1252 in keys (spec 04 §8).

use super::KeyEnd;

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
