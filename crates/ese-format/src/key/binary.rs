//! Variable-length Binary in keys (spec 04 §7.2): chunks of 8 bytes and a marker.

const CHUNK_BYTES: usize = 8;
const MORE_FOLLOWS: u8 = 9;

/// Appends the chunks of a value that is not empty.
pub(super) fn append(value: &[u8], key: &mut Vec<u8>) {
    let mut chunks = value.chunks(CHUNK_BYTES).peekable();
    while let Some(chunk) = chunks.next() {
        key.extend_from_slice(chunk);
        key.extend(std::iter::repeat_n(0, CHUNK_BYTES - chunk.len()));
        key.push(if chunks.peek().is_some() { MORE_FOLLOWS } else { chunk.len().to_le_bytes()[0] });
    }
}

/// Bytes from the first chunk to the end of the real data in the last.
pub(super) fn real_bytes(value_bytes: usize) -> usize {
    let markers = value_bytes.saturating_sub(1) / CHUNK_BYTES;
    value_bytes + markers
}

/// The value at the start of `chunks`, and how many bytes its chunks take; `None` if they end too early.
pub(super) fn invert(chunks: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (all, _) = chunks.as_chunks::<{ CHUNK_BYTES + 1 }>();
    let mut value = Vec::new();
    for (index, [data @ .., marker]) in all.iter().enumerate() {
        match *marker {
            MORE_FOLLOWS => value.extend_from_slice(data),
            real @ 1..=8 => {
                value.extend(data.iter().take(usize::from(real)));
                return Some((value, (index + 1) * (CHUNK_BYTES + 1)));
            }
            _ => return None,
        }
    }
    None
}
