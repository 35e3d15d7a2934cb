//! Indexes over UTF-16 text through the C ABI: a C program fills and walks them, the order is compared with that of the
//! sort keys, and the database is verified.

mod programs;

use std::fs;
use std::process::Command;

use ese_engine::database::{Database, OpenOptions};
use ese_engine::verify::{VerifyOptions, verify};
use ese_format::catalog::LcMapFlags;
use ese_format::sort_key::{MadeKey, Sort, SortRules};
use tempfile::TempDir;

use programs::{build, with_own_library};

/// Texts of the big test; the issue asks for 100,000.
const TEXTS: usize = 100_000;
/// The indexes of the program: locale and flags.
const INDEXES: [(&str, u32); 6] = [
    ("en-US", 0x30401),
    ("", 0x30401),
    ("sv-SE", 0x30401),
    ("de-DE_phoneb", 0x30401),
    ("en-US", 0x400),
    ("en-US", 0x30401),
];

/// Scripts and their units.
const SCRIPTS: [(u16, u16); 12] = [
    (0x61, 0x7A),
    (0x41, 0x5A),
    (0x20, 0x7E),
    (0xC0, 0x17F),
    (0x391, 0x3C9),
    (0x410, 0x44F),
    (0x5D0, 0x5EA),
    (0x627, 0x64A),
    (0x905, 0x939),
    (0x3041, 0x3096),
    (0x4E00, 0x9FA5),
    (0xAC00, 0xD7A3),
];

/// Texts of several scripts, the same on every run.
fn texts(count: usize) -> Vec<Vec<u16>> {
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut draw = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let special = [
        "", "\0", "coop", "co-op", "can't", "Straße", "strasse", "Åre", "Äpple", "Apple", "ZÜRICH", "Zurich",
        "Ærø", "🦊 fox",
    ];
    let mut all: Vec<Vec<u16>> = special.iter().map(|text| text.encode_utf16().collect()).collect();
    while all.len() < count {
        let mut text = Vec::new();
        for _ in 0..1 + draw(3) {
            let (first, last) = SCRIPTS[draw(SCRIPTS.len())];
            for _ in 0..1 + draw(12) {
                text.push(first + u16::try_from(draw(usize::from(last - first) + 1)).unwrap());
            }
        }
        all.push(text);
    }
    all
}

fn key_of(rules: &SortRules, text: &[u16]) -> Vec<u8> {
    let bytes: Vec<u8> = text.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    if bytes.is_empty() {
        return vec![0x40];
    }
    let mut key = vec![0x7F];
    let made = rules.make(&bytes, 1999, &mut key);
    assert!(!matches!(made, MadeKey::Uncertain(..)), "{text:04X?}");
    made.search();
    key
}

#[test]
fn texts_of_many_scripts_are_found_ranged_over_and_in_the_order_of_their_sort_keys() {
    let folder = TempDir::new().expect("a temporary folder");
    let program = build(&folder, "c_tests/texts.c");
    let texts = texts(TEXTS);
    let mut file = u32::try_from(texts.len()).unwrap().to_le_bytes().to_vec();
    for text in &texts {
        file.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        file.extend(text.iter().flat_map(|unit| unit.to_le_bytes()));
    }
    let (input, orders) = (folder.path().join("input"), folder.path().join("orders"));
    fs::write(&input, file).expect("a file");
    let data = format!("{}/", folder.path().display());
    let output = with_own_library(Command::new(program).arg(&data).arg(&input).arg(&orders)).output();
    let output = output.expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {said}", output.status);
    let orders = fs::read(orders).expect("the program wrote it");
    let mut numbers = orders.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes) as usize);
    for (locale, flags) in INDEXES {
        let rules = SortRules::new(Sort::of_locale(locale), LcMapFlags::from_bits_retain(flags));
        let mut expected: Vec<usize> = (0..texts.len()).collect();
        expected.sort_by_cached_key(|place| (key_of(&rules, &texts[*place]), *place));
        let found: Vec<usize> = numbers.by_ref().take(texts.len()).collect();
        let differs = expected.iter().zip(&found).position(|(one, other)| one != other);
        assert_eq!((differs, found.len()), (None, texts.len()), "{locale} {flags:X}");
    }
    assert_eq!(numbers.next(), None);
    let database =
        Database::open(folder.path().join("texts.edb"), &OpenOptions::default()).expect("a clean file");
    let report = verify(&database, &VerifyOptions::default(), &mut |_| ());
    assert!(report.is_sound(), "{:?}", report.damage().collect::<Vec<_>>());
    ese_corpus::report!(
        "{} texts in {} indexes: sought, ranged over, in order, verified",
        texts.len(),
        INDEXES.len()
    );
}
