use proptest::prelude::*;

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits")).collect()
}

fn inflated(stored: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    decompress(stored, 65_535, &mut plain).expect("a compressed value");
    plain
}

fn compressed(plain: &[u8]) -> Option<Vec<u8>> {
    let mut stored = Vec::new();
    (compress(plain, CompressionPolicy::default(), &mut stored) == Compressed::Yes).then_some(stored)
}

const MULTI_EDB_CHUNK: &str = "18500402000000536f6d652076657279206c6f6e6720636f6d707265737365642062696e61b000641108\
    0000617461207468617420686173206d756c7469706c9001616c7565732cc8006973201000ffffff877a002031206107000ffffc03";

#[test]
fn seven_bit_values_of_the_spec_inflate_and_pack_to_the_same_bytes() {
    let unicode: Vec<u8> = "Record          0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let vectors = [
        ("16D2F2F82D2783402010080402814030", unicode),
        ("0ED2F2F82D2783402010080402814030", b"Record          0".to_vec()),
        ("0ED2F2F82D2783402010080402814039", b"Record          9".to_vec()),
    ];
    for (hex, plain) in vectors {
        assert_eq!(inflated(&bytes(hex)), plain);
        assert_eq!(compressed(&plain), Some(bytes(hex)));
    }
}

#[test]
fn the_xpress_chunk_of_multi_edb_inflates_to_1104_bytes() {
    let stored = bytes(MULTI_EDB_CHUNK);
    assert_eq!(stored.len(), 95);
    assert_eq!(decompressed_size(&stored), Ok(1104));
    let text = b"Some very long compressed binary data that has multiple values, this is value 1 ";
    let expected: Vec<u8> = text.iter().copied().chain(std::iter::repeat_n(b'a', 1024)).collect();
    assert_eq!(inflated(&stored), expected);
}

#[test]
fn the_beginning_of_a_value_can_be_had_alone() {
    let stored = bytes(MULTI_EDB_CHUNK);
    let mut beginning = vec![1, 2];
    decompress_beginning(&stored, 9, &mut beginning).expect("a compressed value");
    assert_eq!(beginning, b"\x01\x02Some very");
    let error = decompress(&stored, 1103, &mut beginning).expect_err("more than was allowed");
    assert_eq!(error.jet(), JetError::DECOMPRESSION_FAILED);
    assert_eq!(beginning.len(), 11);
}

#[test]
fn schemes_that_no_file_shows_are_refused_and_named() {
    for first in [0x20, 0x28, 0x30, 0x38, 0x00, 0x19, 0x40, 0xFF] {
        let error = decompress(&[first, 0, 0, 0, 0, 0, 0, 0, 0], 100, &mut Vec::new()).expect_err("refused");
        assert_eq!(error.jet(), JetError::DECOMPRESSION_FAILED);
    }
    assert_eq!(Scheme::of(&[0x20, 0x6C]), Ok(Scheme::Scrubbed));
    let error = decompress(&[0x38, 1, 0, 0x10, 0x61], 100, &mut Vec::new()).expect_err("LZ4");
    assert_eq!(*error.problem(), Problem::Unsupported("LZ4"));
}

/// What Windows' decoder checks at the end of a stream: another flag bit follows the last item, and all that follow are 1.
fn ends_as_windows_wants(stored: &[u8]) -> bool {
    let size = usize::from(u16::from_le_bytes([stored[1], stored[2]]));
    let (mut at, mut produced, mut flags, mut left) = (3, 0, 0u32, 0u32);
    let mut half = None;
    loop {
        if left == 0 {
            flags = u32::from_le_bytes(stored[at..at + 4].try_into().expect("a flag word"));
            (at, left) = (at + 4, 32);
        }
        if produced == size {
            let rest = flags >> (32 - left);
            return at == stored.len() && u64::from(rest) == (1u64 << left) - 1;
        }
        left -= 1;
        if flags >> 31 == 0 {
            (at, produced) = (at + 1, produced + 1);
        } else {
            let word = u16::from_le_bytes([stored[at], stored[at + 1]]);
            at += 2;
            let mut length = usize::from(word & 7);
            if length == 7 {
                let nibble = if let Some(nibble) = half.take() {
                    nibble
                } else {
                    half = Some(stored[at] >> 4);
                    at += 1;
                    stored[at - 1] & 15
                };
                length += usize::from(nibble);
            }
            if length == 22 {
                length += usize::from(stored[at]);
                at += 1;
                if length == 277 {
                    length = usize::from(u16::from_le_bytes([stored[at], stored[at + 1]]));
                    at += 2;
                }
            }
            produced += length + 3;
        }
        flags <<= 1;
    }
}

/// Bytes as columns have them: text, runs, repeated pieces, noise.
fn column_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[ -~]{0,40}".prop_map(String::into_bytes),
        "[a-z ]{0,30}".prop_map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        (any::<u8>(), 1..600usize).prop_map(|(byte, count)| vec![byte; count]),
        prop::collection::vec(any::<u8>(), 0..60),
    ];
    prop::collection::vec((piece, 1..30usize), 0..12).prop_map(|pieces| {
        pieces.into_iter().flat_map(|(piece, times)| piece.repeat(times)).take(65_535).collect()
    })
}

proptest! {
    #[test]
    fn what_is_compressed_is_shorter_and_inflates_to_itself(plain in column_bytes(), xpress_min_bytes in 0..2000usize) {
        let mut stored = vec![7];
        if compress(&plain, CompressionPolicy { xpress_min_bytes }, &mut stored) == Compressed::Yes {
            let stored = &stored[1..];
            prop_assert!(stored.len() < plain.len());
            prop_assert_eq!(inflated(stored), plain);
            if Scheme::of(stored) == Ok(Scheme::Xpress) {
                prop_assert!(ends_as_windows_wants(stored));
            }
        } else {
            prop_assert_eq!(stored, vec![7]);
        }
    }

    #[test]
    fn beginnings_are_prefixes(plain in column_bytes(), wanted in 0..5000usize) {
        if let Some(stored) = compressed(&plain) {
            let mut beginning = Vec::new();
            decompress_beginning(&stored, wanted, &mut beginning).expect("our own");
            prop_assert_eq!(&beginning[..], &plain[..wanted.min(plain.len())]);
        }
    }

    #[test]
    fn hostile_bytes_never_panic_nor_give_more_than_allowed(
        first in any::<u8>(), rest in prop::collection::vec(any::<u8>(), 0..300), max in 0..70_000usize,
    ) {
        let stored: Vec<u8> = [8, 16, 24, first].into_iter().map(|head| head | (first & 7)).collect();
        for head in stored.into_iter().chain([0x18]) {
            let bytes: Vec<u8> = std::iter::once(head).chain(rest.iter().copied()).collect();
            let mut plain = Vec::new();
            let whole = decompress(&bytes, max, &mut plain);
            prop_assert!(plain.len() <= max);
            prop_assert!(whole.is_ok() || plain.is_empty());
            plain.clear();
            let _ = decompress_beginning(&bytes, max, &mut plain);
            prop_assert!(plain.len() <= max);
        }
    }

    #[test]
    fn damaged_streams_never_panic(at in 0..95usize, byte in any::<u8>(), cut in 0..95usize) {
        let mut stored = bytes(MULTI_EDB_CHUNK);
        stored[at] = byte;
        stored.truncate(cut);
        let mut plain = Vec::new();
        let _ = decompress(&stored, 65_535, &mut plain);
        prop_assert!(plain.len() <= 65_535);
    }
}
