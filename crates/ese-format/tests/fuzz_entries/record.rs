//! The targets of what nodes hold: records, catalog rows, long values, compressed values.

use ese_format::catalog::CatalogRow;
use ese_format::compression::{
    Compressed, CompressionPolicy, compress, decompress, decompress_beginning, decompressed_size,
};
use ese_format::long_value::{LongValueKey, LongValueRoot, append_chunk};
use ese_format::record::{RecordBuilder, RecordFormat, RecordView};

use super::take;

const FORMATS: [RecordFormat; 3] = [RecordFormat::SmallPage, RecordFormat::LargePage, RecordFormat::BeforeXp];

/// Byte 0: record format; then the record.
pub(super) fn record(input: &[u8]) {
    let mut bytes = input;
    let [selector] = take(&mut bytes);
    let format = FORMATS[usize::from(selector) % FORMATS.len()];
    let Ok(view) = RecordView::parse(bytes, format) else { return };
    for fid in 0..=127 {
        let _ = view.fixed(fid, u16::from(fid) * 4, 4);
    }
    for fid in 128..=255 {
        let _ = view.variable(fid);
    }
    let mut fids = Vec::new();
    for column in view.tagged_area().iter() {
        let Ok(column) = column else { break };
        let _ = column.shape();
        assert_eq!(column.iter().take(70_000).count(), column.count());
        fids.push((column.fid, column.derived));
    }
    for (fid, derived) in fids.into_iter().take(64) {
        let _ = view.tagged(fid, derived);
    }
    let checked = view.check();
    let Ok(built) = RecordBuilder::from_view(&view, format) else { return };
    if checked.is_err() || format == RecordFormat::BeforeXp {
        return;
    }
    let Ok(stored) = built.to_bytes() else { return };
    let again = RecordView::parse(&stored, format).expect("what was built is a record");
    assert_eq!(RecordBuilder::from_view(&again, format).expect("what was built is read"), built);
}

/// Byte 0: record format; then a record of the catalog.
pub(super) fn catalog_row(input: &[u8]) {
    let mut bytes = input;
    let [selector] = take(&mut bytes);
    let format = FORMATS[usize::from(selector) % 2];
    let Ok(view) = RecordView::parse(bytes, format) else { return };
    let Ok(row) = CatalogRow::decode(&view) else { return };
    let _ = row.row_type();
    let Ok(stored) = row.encode(format) else { return };
    let again = RecordView::parse(&stored, format).expect("what was built is a record");
    let again = CatalogRow::decode(&again).expect("what was built is a row");
    assert_eq!(again.encode(format), Ok(stored));
}

/// Byte 0: length of the key; bytes 1-4: expected bytes of the chunk; the key; the data.
pub(super) fn long_value(input: &[u8]) {
    let mut rest = input;
    let [key_length] = take(&mut rest);
    let expected = u32::from_le_bytes(take(&mut rest)) % 0x1_0001;
    let (key, data) = rest.split_at(usize::from(key_length % 16).min(rest.len()));
    if let Ok(decoded) = LongValueKey::decode(key) {
        let mut stored = Vec::new();
        decoded.encode(&mut stored);
        assert_eq!(stored, key);
    }
    if let Ok(root) = LongValueRoot::decode(data) {
        let mut stored = Vec::new();
        root.encode(&mut stored);
        assert_eq!(LongValueRoot::decode(&stored), Ok(root));
    }
    let mut whole = b"before".to_vec();
    match append_chunk(data, expected, &mut whole) {
        Ok(()) => assert_eq!(whole.len(), 6 + expected as usize),
        Err(_) => assert_eq!(whole, b"before"),
    }
}

/// Inflates `stored` under every limit that matters.
fn inflate(stored: &[u8]) -> Option<Vec<u8>> {
    const BYTES_MAX: usize = 1 << 20;
    let mut whole = Vec::new();
    let result = decompress(stored, BYTES_MAX, &mut whole);
    let mut beginning = Vec::new();
    let began = decompress_beginning(stored, 100, &mut beginning);
    if result.is_err() {
        assert!(whole.is_empty());
        assert!(began.is_ok() || beginning.is_empty());
        return None;
    }
    assert_eq!(Ok(whole.len()), decompressed_size(stored));
    assert!(began.is_ok(), "the beginning of what inflates");
    assert_eq!(beginning, whole[..whole.len().min(100)]);
    if let Some(one_less) = whole.len().checked_sub(1) {
        assert!(decompress(stored, one_less, &mut Vec::new()).is_err());
    }
    Some(whole)
}

/// The input behind a first byte of the scheme, whose low bits are the input's.
fn with_scheme(scheme: u8, input: &[u8]) -> Vec<u8> {
    let mut stored = input.to_vec();
    if let Some(first) = stored.first_mut() {
        *first = scheme << 3 | *first & 7;
    }
    stored
}

pub(super) fn seven_bit_ascii(input: &[u8]) {
    if let Some(plain) = inflate(&with_scheme(1, input)) {
        assert!(plain.is_ascii());
    }
}

pub(super) fn seven_bit_unicode(input: &[u8]) {
    if let Some(plain) = inflate(&with_scheme(2, input)) {
        assert!(plain.chunks(2).all(|unit| matches!(unit, [low, 0] if low.is_ascii())));
    }
}

/// XPRESS, and every scheme the first byte can say.
pub(super) fn xpress(input: &[u8]) {
    let mut stored = input.to_vec();
    if let Some(first) = stored.first_mut() {
        *first = 3 << 3;
    }
    inflate(&stored);
    inflate(input);
}

/// What is compressed inflates to itself, whichever scheme the policy chose.
pub(super) fn compression_round_trip(input: &[u8]) {
    for xpress_min_bytes in [0, 1024] {
        let mut stored = Vec::new();
        if compress(input, CompressionPolicy { xpress_min_bytes }, &mut stored) == Compressed::Yes {
            assert!(stored.len() < input.len());
            assert_eq!(inflate(&stored).as_deref(), Some(input));
        } else {
            assert!(stored.is_empty());
        }
    }
}
