//! The known answers of spec 01 §17.1 and spec 05 §5.2, and the correction of wrong bits.

use super::*;

/// The buffer of spec 01 §17.1, before bit 0x20 of byte 37 is set.
fn plain_pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index + index / 13) as u8).collect()
}

fn pattern(length: usize) -> Vec<u8> {
    let mut bytes = plain_pattern(length);
    bytes[37] |= 0x20;
    bytes
}

const NUMBER: u32 = 0x9876_5431;

#[test]
fn ecc_of_a_small_page_gives_the_known_answers() {
    for (length, expected) in
        [(2048, 0x3877_3877_1D4C_FF54), (4096, 0x05D4_7A2B_F42F_1E8A), (8192, 0xF9E0_061F_D03F_EBF0)]
    {
        assert_eq!(ecc_block(&pattern(length), BlockStart::Header, NUMBER), Some(expected), "{length} bytes");
    }
    let mut counted: Vec<u8> = (0..8192_usize).map(|index| index as u8).collect();
    counted[37] |= 0x20;
    assert_eq!(ecc_block(&counted, BlockStart::Header, 9876), Some(0x0000_0000_0404_2290));
    let mut lone = vec![0; 4096];
    lone[37] = 0x20;
    assert_eq!(ecc_block(&lone, BlockStart::Header, 1), Some(0x7ED2_012D_0000_2001));
}

#[test]
fn ecc_of_nearly_empty_blocks_gives_the_known_answers() {
    for length in [2048, 4096, 8192] {
        assert_eq!(ecc_block(&vec![0; length], BlockStart::Header, 1), Some(1));
    }
    let mut first = vec![0; 4096];
    first[0] = 1;
    assert_eq!(ecc_block(&first, BlockStart::Data, 1), Some(0x7FFF_0000_0000_0000));
    let mut last = vec![0; 8192];
    last[8191] = 0x80;
    assert_eq!(ecc_block(&last, BlockStart::Data, 1), Some(0x0000_FFFF_8000_0001));
    assert_eq!(ecc_block(&[0; 4095], BlockStart::Data, 1), None);
    assert_eq!(ecc_block(&[], BlockStart::Data, 1), None);
    assert_eq!(ecc_block(&[0; 16384], BlockStart::Data, 1), None);
}

#[test]
fn ecc_of_log_segments_gives_the_known_answers() {
    let mut segment = vec![0; 4096];
    segment[8] = 1;
    assert_eq!(ecc_block(&segment, BlockStart::Header, 1), Some(0x7FBF_0040_0000_0000));
    let counted: Vec<u8> = (0..4096_usize).map(|index| (7 * index + 3) as u8).collect();
    assert_eq!(ecc_block(&counted, BlockStart::Header, 0xE), Some(0x7FCA_0035_2C3C_2C12));
}

#[test]
fn large_pages_are_sealed_with_the_known_answers() {
    let cases = [
        (
            PageSize::K16,
            [0x7B80_7B80_651E_03FC, 0x7C34_7C34_BC66_A14B, 0x6C7E_6C7E_CB3A_6C94, 0x05D1_05D1_9E99_A841],
        ),
        (
            PageSize::K32,
            [0xF9CE_0631_47B6_B865, 0x69AF_69AF_CDD5_90E4, 0x7709_88F6_2EA1_A9E2, 0x7CB7_7CB7_7B83_9A0E],
        ),
    ];
    for (size, expected) in cases {
        let mut page = pattern(size.bytes());
        seal_page(&mut page, size, NUMBER).expect("a whole page");
        let stored: Vec<u64> = (0..4).map(|block| u64_at(&page, checksum_offset(block))).collect();
        assert_eq!(stored, expected, "{size}");
        assert_eq!(verify_page(&page, size, NUMBER).unwrap(), PageVerdict::Good(ChecksumForm::Ecc));
    }
}

#[test]
fn one_wrong_bit_in_every_block_of_a_large_page_is_repaired() {
    for (size, flips) in
        [(PageSize::K32, [321, 65538, 131_075, 196_612]), (PageSize::K16, [321, 32770, 65539, 98308])]
    {
        let mut page = pattern(size.bytes());
        seal_page(&mut page, size, NUMBER).expect("a whole page");
        let sealed = page.clone();
        for bit in flips {
            page[bit / 8] ^= 1 << (bit % 8);
        }
        let (verdict, wrong) = repair_page(&mut page, size, NUMBER).unwrap();
        assert_eq!(verdict, PageVerdict::Good(ChecksumForm::Ecc));
        assert_eq!(wrong.iter().map(|bit| bit as usize).collect::<Vec<_>>(), flips);
        assert_eq!(page, sealed);
    }
}

#[test]
fn a_flipped_bit_names_itself() {
    let mut page = pattern(4096);
    page[1000] ^= 0x10;
    let computed = ecc_block(&page, BlockStart::Header, NUMBER).unwrap();
    assert_eq!(computed, 0x656F_656F_F42F_1E9A);
    assert_eq!(computed ^ 0x05D4_7A2B_F42F_1E8A, 0x60BB_1F44_0000_0010);
    let verdict = judge_block(0x05D4_7A2B_F42F_1E8A, computed, BlockStart::Header, 4096);
    assert_eq!(verdict, BlockVerdict::WrongBit(8004));
}

#[test]
fn every_single_wrong_bit_is_repaired_or_refused_by_the_rules() {
    for size in PageSize::ALL {
        let mut page = pattern(size.bytes());
        seal_page(&mut page, size, 7).expect("a whole page");
        let sealed = page.clone();
        let later_places = if size.is_large() { 40 * 8..64 * 8 } else { 0..0 };
        // Every bit of the header area, then a stride that is coprime to every block size.
        for bit in (0..1024).chain((1024..size.bytes() * 8).step_by(1009)) {
            page[bit / 8] ^= 1 << (bit % 8);
            let (verdict, wrong) = repair_page(&mut page, size, 7).unwrap();
            let fatal = bit < 64 || bit == FLAG_ECC_BIT as usize;
            if fatal {
                assert!(matches!(verdict, PageVerdict::Bad { .. }), "{size}: bit {bit} gives {verdict:?}");
                page.copy_from_slice(&sealed);
            } else {
                assert_eq!(verdict, PageVerdict::Good(ChecksumForm::Ecc), "{size}: bit {bit}");
                assert_eq!(wrong.iter().collect::<Vec<_>>(), [bit as u32], "{size} {later_places:?}");
                assert_eq!(page, sealed, "{size}: bit {bit}");
            }
        }
    }
}

#[test]
fn two_wrong_bits_in_a_block_are_refused() {
    let mut page = pattern(4096);
    seal_page(&mut page, PageSize::K4, 7).expect("a whole page");
    page[100] ^= 1;
    page[2000] ^= 0x40;
    assert!(matches!(verify_page(&page, PageSize::K4, 7).unwrap(), PageVerdict::Bad { block: 0, .. }));
}

#[test]
fn a_page_at_the_wrong_place_is_bad() {
    for size in PageSize::ALL {
        let mut page = pattern(size.bytes());
        seal_page(&mut page, size, 8).expect("a whole page");
        for other in [0, 1, 7, 9, 0x8000_0008] {
            assert!(
                matches!(verify_page(&page, size, other).unwrap(), PageVerdict::Bad { .. }),
                "{size} {other}"
            );
        }
    }
}

#[test]
fn xor_forms_give_the_known_answers() {
    for (length, expected) in [(2048, 0x0B97_638E), (4096, 0xE2F4_8250), (8192, 0xC6E4_772A)] {
        assert_eq!(xor_header_checksum(&plain_pattern(length)), expected, "{length} bytes");
    }
    let mut page = plain_pattern(4096);
    page[37] &= !0x20;
    page[4..8].copy_from_slice(&7_u32.to_le_bytes());
    assert_eq!(xor_header_checksum(&page), 0xE5F2_A753);
    seal_header(&mut page);
    assert_eq!(page[..8], [0x53, 0xA7, 0xF2, 0xE5, 7, 0, 0, 0]);
    assert_eq!(verify_page(&page, PageSize::K4, 7).unwrap(), PageVerdict::Good(ChecksumForm::Xor));
    assert!(matches!(verify_page(&page, PageSize::K4, 8).unwrap(), PageVerdict::Bad { .. }));
    page[77] ^= 1;
    assert!(matches!(verify_page(&page, PageSize::K4, 7).unwrap(), PageVerdict::Bad { .. }));
    for size in PageSize::ALL {
        assert_eq!(xor_header_checksum(&vec![0; size.bytes()]), XOR_SEED);
    }
    let log_block: Vec<u8> = (0..4096_usize).map(|index| (7 * index + 3) as u8).collect();
    assert_eq!(xor_header_checksum(&log_block), 0x91BA_C7EC);
}

#[test]
fn an_all_zero_page_is_uninitialized_and_a_short_one_is_an_error() {
    for size in PageSize::ALL {
        let mut page = vec![0; size.bytes()];
        assert_eq!(verify_page(&page, size, 5).unwrap(), PageVerdict::Uninitialized);
        *page.last_mut().expect("not empty") = 1;
        assert!(matches!(verify_page(&page, size, 5).unwrap(), PageVerdict::Bad { .. }));
        page.pop();
        assert!(verify_page(&page, size, 5).is_err());
        assert!(seal_page(&mut page, size, 5).is_err());
    }
}
