use proptest::prelude::*;

use super::make::is_witnessed;
use super::*;
use crate::catalog::{LCMAP_FLAGS_DEFAULT, LcMapFlags};
use crate::key::KeyEnd;

const NO_LIMIT: usize = usize::MAX;

fn bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn key_of(locale: &str, flags: u32, text: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    let rules = SortRules::new(Sort::of_locale(locale), LcMapFlags::from_bits_retain(flags));
    assert_eq!(rules.make(text, NO_LIMIT, &mut key).search(), KeyEnd::Whole);
    key
}

fn default_key(text: &str) -> Vec<u8> {
    key_of("en-US", 0x30401, &bytes(text))
}

fn level_of(locale: &str, flags: u32, units: &[u16]) -> u8 {
    let text: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let mut key = Vec::new();
    let rules = SortRules::new(Sort::of_locale(locale), LcMapFlags::from_bits_retain(flags));
    match rules.make(&text, NO_LIMIT, &mut key) {
        MadeKey::Witnessed(_) => b'A',
        MadeKey::Published(_) => b'B',
        MadeKey::Uncertain(..) => b'C',
    }
}

#[test]
fn every_published_vector_is_made_again() {
    let mut counts = std::collections::BTreeMap::new();
    for line in include_str!("tables/vectors.txt").lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [source, locale, flags, units, expected] = fields[..] else { panic!("{line}") };
        let locale = if locale == "-" { "" } else { locale };
        let text: Vec<u8> = match units {
            "-" => Vec::new(),
            units => unhex(units).chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect(),
        };
        let flags = u32::from_str_radix(flags, 16).unwrap();
        let mut found = key_of(locale, flags, &text);
        let expected = unhex(expected);
        // One real key was cut by its index.
        if expected.len() == 254 {
            found.truncate(254);
        }
        assert_eq!(hex(&found), hex(&expected), "{line}");
        *counts.entry(source).or_insert(0u32) += 1;
    }
    assert_eq!(counts.values().sum::<u32>(), 291);
    ese_corpus::report!("sort keys: vectors {counts:?}, all equal");
}

#[test]
fn the_sort_of_a_locale_is_that_of_its_longest_listed_beginning() {
    for (name, number) in [
        ("", 0x01),
        ("en-US", 0x01),
        ("de-DE", 0x01),
        ("de-DE_phoneb", 0x3F),
        ("DE-de_PHONEB", 0x3F),
        ("fr-CA", 0x03),
        ("zh-TW", 0x37),
        ("zh-TW_radstr", 0x3B),
        ("zh-SG", 0x3A),
        ("sv-SE", 0x1A),
        ("se-SE", 0x1B),
        ("se-NO", 0x21),
        ("x-IV_mathan", 0x35),
        ("no-such-place", 0x20),
        ("xx", 0x01),
    ] {
        assert_eq!(Sort::of_locale(name).number(), number, "{name}");
    }
    assert_eq!(hex(&Sort::default_sort().id()), "01000000EE575C1E00B4D0000BB1E11E");
    assert_eq!(Sort::all().count(), 75);
    for sort in Sort::all() {
        assert_eq!(Sort::of_id(&sort.id()), Some(sort));
    }
    assert!(Sort::of_locale("ru").is_same_as(Sort::of_id(&sort_id(0x49, [0; 3], SORT_ID_TAIL)).unwrap()));
}

#[test]
fn exact_stamps_are_only_for_sorts_and_flags_that_are_certain() {
    let exact = |locale, flags| ExactStamp::new(Sort::of_locale(locale), LcMapFlags::from_bits_retain(flags));
    let stamp = exact("sv-SE", 0x30401).unwrap();
    assert_eq!(stamp.version(), SortVersion(0x0006_0305_0006_0305));
    assert_eq!(stamp.sort_id()[0], 0x1A);
    assert!(exact("", 0x803_1407).is_some());
    for (locale, flags) in [("hu-HU", 0x30401), ("lv-LV", 0x30401), ("ja-JP", 0x30401), ("zh-CN", 0x30401)] {
        assert_eq!(exact(locale, flags), None, "{locale}");
    }
    for flag in [0x8, 0x10, 0x20, 0x800, 0x200] {
        assert_eq!(exact("en-US", 0x30401 | flag), None, "{flag:X}");
    }
    let private = PrivateStamp::new(Sort::of_locale("ja-JP"));
    assert_eq!(private.version(), SortVersion(0x7E06_0305_7E06_0305));
    assert_eq!(
        hex(&private.sort_id()),
        "65626C6965736E740000000000000001".replace("65626C6965736E74", "6562696C6573746E")
    );
    assert!(PrivateStamp::of_id(&private.sort_id()).is_some());
    assert!(PrivateStamp::of_id(&[0; 16]).is_none());
    assert!(PrivateStamp::of_id(&Sort::default_sort().id()).is_none());
}

#[test]
fn versions_of_one_family_are_the_same() {
    let version = |nls: u64| SortVersion(nls << 32 | nls);
    assert!(is_same_version(version(0x6020D), version(0x6020F)));
    assert!(is_same_version(version(0x60101), version(0x60102)));
    assert!(!is_same_version(version(0x6020F), WINDOWS_VERSION));
    assert!(is_same_version(WINDOWS_VERSION, WINDOWS_VERSION));
    assert!(!is_same_version(SortVersion(0), SortVersion(0)));
}

#[test]
fn certainty_is_what_the_evidence_gives() {
    let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    let default = |text: &str| level_of("en-US", 0x30401, &units(text));
    assert_eq!(
        (0..=u16::MAX).filter(|unit| is_witnessed(*unit) && tables::default_weights(*unit)[0] != 0).count(),
        79
    );
    assert_eq!(default("lab\\dc-1$\0"), b'A');
    assert_eq!(default("Simple Unicode text \u{1F98A}"), b'A');
    assert_eq!(default("Quiz"), b'B');
    assert_eq!(level_of("en-US", 0x400, &units("abc")), b'B');
    assert_eq!(level_of("de-DE_phoneb", 0x30401, &units("abc")), b'B');
    assert_eq!(default("Привет, été, 東京, 가"), b'B');
    assert_eq!(default("カー"), b'B');
    assert_eq!(default("人々"), b'C');
    assert_eq!(default("\u{1100}\u{1161}"), b'C');
    assert_eq!(default("\u{30A0}"), b'C');
    assert_eq!(default("\u{309F}"), b'C');
    assert_eq!(default("ﬃ"), b'B');
    assert_eq!(default("\u{E000}"), b'B');
    assert_eq!(default("-\u{E000}"), b'B');
    assert_eq!(default("\u{E000}-"), b'C');
    assert_eq!(level_of("en-US", 0x30401, &[0xDC00, 0xD800]), b'B');
    for flag in [0x8, 0x10, 0x20, 0x800] {
        assert_eq!(level_of("en-US", 0x30401 | flag, &units("abc")), b'C');
    }
    for locale in ["hu-HU", "lv", "ko-KR"] {
        assert_eq!(level_of(locale, 0x30401, &units("abc")), b'C');
    }
}

#[test]
fn uncertain_keys_do_not_stay_unless_somebody_may_keep_them() {
    let rules = SortRules::new(Sort::default_sort(), LCMAP_FLAGS_DEFAULT);
    let mut key = vec![0x7F];
    assert!(matches!(rules.make(&bytes("人々"), 250, &mut key), MadeKey::Uncertain(_, 0x3005)));
    assert_eq!(key, [0x7F]);
    let private = PrivateStamp::new(Sort::default_sort());
    rules.make(&bytes("人々"), 250, &mut key).store_private(&private);
    assert!(key.len() > 1);
    let whole = key.len();
    let MadeKey::Witnessed(made) = rules.make(&bytes("abc"), 250, &mut key) else { panic!("abc is shown") };
    made.store(&ExactStamp::new(Sort::default_sort(), LCMAP_FLAGS_DEFAULT).unwrap());
    assert!(key.len() > whole);
}

#[test]
fn texts_that_compare_equal_have_equal_keys() {
    for (one, other) in [
        ("あ", "ア"),
        ("ア", "ｱ"),
        ("きゃ", "キャ"),
        ("a", "ａ"),
        ("'", "＇"),
        ("ー", "ｰ"),
        ("'　'", "' '"),
        ("m²", "m2"),
        ("①", "1"),
        ("été", "e\u{301}te\u{301}"),
        ("ß", "ss"),
        ("Æ", "ae"),
        ("soft\u{AD}hyphen", "softhyphen"),
        ("a\0", "a"),
        ("ABC", "abc"),
    ] {
        assert_eq!(hex(&default_key(one)), hex(&default_key(other)), "{one} {other}");
    }
    for (lesser, greater) in [
        ("'", "\u{2019}"),
        ("－", "ー"),
        ("\u{305F}", "\u{3060}"),
        ("coop", "co-op"),
        ("e", "é"),
        ("１", "Ⅰ"),
        ("z", "а"),
    ] {
        assert!(default_key(lesser) < default_key(greater), "{lesser} {greater}");
    }
}

#[test]
fn marks_add_up_modulo_256() {
    let mut text = String::from("A\u{302}");
    text.push_str(&"\u{320}".repeat(3));
    let key = key_of("en-US", 0x400, &bytes(&text));
    let sum =
        tables::default_weights(0x302)[2].wrapping_add(tables::default_weights(0x320)[2].wrapping_mul(3));
    assert_eq!(key[3], 2u8.wrapping_add(sum));
}

#[test]
fn weightless_and_huge_texts_take_bounded_room() {
    let rules = SortRules::new(Sort::default_sort(), LCMAP_FLAGS_DEFAULT);
    for text in ["\0", "-", "\u{301}", "々", "ー", "a", "あ", "\u{1100}"] {
        let long = bytes(&text.repeat(300_000));
        let mut key = Vec::new();
        let end = rules.make(&long, 254, &mut key).search();
        assert!(key.len() <= 254 && key.capacity() < 10_000, "{text}: {}", key.capacity());
        let weightless = ["\0", "\u{301}"].contains(&text);
        assert_eq!(end == KeyEnd::Whole, weightless, "{text}");
    }
}

#[test]
fn capitals_are_kept_as_they_are() {
    let key = key_of("en-US", 0x200, &bytes("abÇ"));
    assert_eq!(hex(&key), "0041004200C70000");
    let rules = SortRules::new(Sort::default_sort(), LcMapFlags::UPPERCASE);
    let mut cut = Vec::new();
    assert_eq!(rules.make(&bytes("abc"), 5, &mut cut).search(), KeyEnd::Truncated);
    assert_eq!(hex(&cut), "0041004200");
}

fn any_flags() -> impl Strategy<Value = u32> {
    let bits = [0x1u32, 0x2, 0x4, 0x8, 0x10, 0x20, 0x800, 0x1000, 0x1_0000, 0x2_0000, 0x800_0000];
    proptest::sample::subsequence(bits.to_vec(), 0..=bits.len())
        .prop_map(|bits| bits.iter().sum::<u32>() | 0x400)
}

fn any_unit() -> impl Strategy<Value = u16> {
    prop_oneof![
        any::<u16>(),
        0x20u16..0x7F,
        0x3040u16..0x3100,
        0x1100u16..0x1200,
        0xE000u16..0xE100,
        0x300u16..0x370,
        0x600u16..0x700,
        0xD800u16..0xE000,
        proptest::sample::select(vec![0x3005, 0x30FC, 0x2D, 0x27, 0xFB03, 0x132, 0x63, 0x68, 0xA015]),
    ]
}

proptest! {
    #[test]
    fn any_text_has_a_key(
        units in proptest::collection::vec(any_unit(), 0..60),
        flags in any_flags(),
        sort in 0usize..75,
        room in 0usize..300,
        odd in any::<bool>(),
    ) {
        let mut text: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        if odd { text.push(0x41); }
        let sort = Sort::all().nth(sort).unwrap();
        let rules = SortRules::new(sort, LcMapFlags::from_bits_retain(flags));
        let mut whole = Vec::new();
        prop_assert_eq!(rules.make(&text, NO_LIMIT, &mut whole).search(), KeyEnd::Whole);
        prop_assert!(whole.len() >= 5 && whole.len() <= units.len() * 15 + 10);
        if flags & 0x800 == 0 { prop_assert_eq!(whole.last(), Some(&0)); }
        // A cut key is the beginning of the whole one, and is called so.
        let mut cut = vec![0x7F];
        let end = rules.make(&text, room, &mut cut).search();
        prop_assert_eq!(&cut[1..], &whole[..whole.len().min(room)]);
        prop_assert_eq!(end == KeyEnd::Whole, whole.len() <= room);
        // U+0000 has no weight.
        let with_zero = [&units[..], &[0]].concat().into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let mut longer = Vec::new();
        rules.make(&with_zero, NO_LIMIT, &mut longer).search();
        prop_assert_eq!(longer, whole);
    }

    #[test]
    fn case_does_not_count_by_default(text in "[ -~]{0,40}") {
        let swapped: String = text.chars().map(|letter| {
            if letter.is_ascii_uppercase() { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() }
        }).collect();
        prop_assert_eq!(default_key(&text), default_key(&swapped));
    }

    #[test]
    fn certainty_is_never_better_than_that_of_a_part(
        one in proptest::collection::vec(any_unit(), 0..20),
        other in proptest::collection::vec(any_unit(), 0..20),
    ) {
        let whole = level_of("en-US", 0x30401, &[&one[..], &other[..]].concat());
        prop_assert!(whole >= level_of("en-US", 0x30401, &one));
    }
}

#[test]
fn the_standing_of_an_index_is_that_of_its_stamp() {
    let version = |nls: u64| Some(SortVersion(nls << 32 | nls));
    let default = Sort::default_sort().id();
    let of = |version, id: Option<&[u8; 16]>| Standing::of(version, id, LCMAP_FLAGS_DEFAULT);
    assert!(matches!(of(version(0x60305), Some(&default)), Standing::Exact(_)));
    for adopted in [0x6020D, 0x6020E, 0x6020F] {
        assert!(matches!(of(version(adopted), Some(&default)), Standing::Adopted(_)));
        assert!(matches!(of(version(adopted), Some(&Sort::of_locale("sv").id())), Standing::Foreign(_)));
        assert!(matches!(of(version(adopted), Some(&Sort::of_locale("ru").id())), Standing::Adopted(_)));
    }
    assert!(matches!(of(version(0x60403), Some(&default)), Standing::Foreign(_)));
    assert_eq!(of(version(0x60101), Some(&default)), Standing::Bad);
    assert_eq!(of(None, Some(&default)), Standing::Bad);
    assert_eq!(of(version(0x60305), None), Standing::Bad);
    assert_eq!(of(version(0), Some(&[0; 16])), Standing::Bad);
    assert_eq!(of(version(0x60305), Some(&Sort::of_locale("hu").id())), Standing::Unmade);
    let private = PrivateStamp::new(Sort::of_locale("hu"));
    assert!(matches!(of(Some(private.version()), Some(&private.sort_id())), Standing::Private(_)));
    // Keys of a later edition of our own rules are nobody's.
    assert_eq!(of(version(0x7E06_0306), Some(&private.sort_id())), Standing::Bad);
}
