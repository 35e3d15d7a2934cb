//! Sort keys a second, beside those of ICU4X's collator in the same run.
//!
//! `sort_keys`: wanted are 5 million short ASCII keys a second on one core, and no more than twice ICU4X's time for Latin
//! text. Both make the whole key of every text into a buffer that is used again.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use ese_format::catalog::LCMAP_FLAGS_DEFAULT;
use ese_format::sort_key::{Sort, SortRules};
use icu_collator::options::{CollatorOptions, Strength};
use icu_collator::{Collator, CollatorBorrowed};
use icu_locale_core::locale;

const RUNS: usize = 7;
const TEXTS: usize = 20_000;

const SHORT_ASCII: &str = "short ASCII";
/// Keys of short ASCII text a second, in millions.
const MILLIONS_MIN: f64 = 5.0;
/// What a key may take, in times of ICU4X.
const TIME_OF_ICU4X_MAX: f64 = 2.0;

struct Text {
    name: &'static str,
    texts: Vec<String>,
}

fn texts(name: &'static str, words: &[&str]) -> Text {
    let mut seed = 1u64;
    let mut draw = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let text = |_| format!("{}{}", words[draw(words.len())], words[draw(words.len())]);
    Text { name, texts: (0..TEXTS).map(text).collect() }
}

/// The shortest of some runs over all texts.
fn shortest(mut run: impl FnMut() -> usize) -> Duration {
    let timed = |_| {
        let begun = Instant::now();
        black_box(run());
        begun.elapsed()
    };
    (0..RUNS).map(timed).min().unwrap_or_default()
}

fn ours(rules: &SortRules, texts: &[Vec<u8>]) -> Duration {
    let mut key = Vec::with_capacity(4096);
    shortest(|| {
        texts.iter().fold(0, |bytes, text| {
            key.clear();
            rules.make(text, usize::MAX, &mut key).search();
            bytes + black_box(&key).len()
        })
    })
}

fn theirs(collator: &CollatorBorrowed<'_>, texts: &[Vec<u16>]) -> Result<Duration> {
    let mut key: Vec<u8> = Vec::with_capacity(4096);
    let time = shortest(|| {
        texts.iter().fold(0, |bytes, text| {
            key.clear();
            if collator.write_sort_key_utf16_to(text, &mut key).is_err() {
                return bytes;
            }
            bytes + black_box(&key).len()
        })
    });
    ensure!(!key.is_empty(), "ICU4X makes keys");
    Ok(time)
}

fn main() -> Result<()> {
    let all = [
        texts(SHORT_ASCII, &["alpha", "Bravo", "chess", "delta", "Echo", "fox", "golf7", "h"]),
        texts(
            "Latin",
            &["Größe ", "naïve ", "smörgåsbord ", "Ångström ", "façade ", "Łódź ", "plain words "],
        ),
        texts(
            "long Latin",
            &[
                "The quick brown fox jumps over the lazy dog. ",
                "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. ",
            ],
        ),
        texts("Cyrillic", &["Съешь ", "ещё ", "этих ", "мягких ", "французских ", "булок "]),
    ];
    let rules = SortRules::new(Sort::of_locale("en-US"), LCMAP_FLAGS_DEFAULT);
    let mut options = CollatorOptions::default();
    // Diacritics and no case, as ESE's default flags have it.
    options.strength = Some(Strength::Secondary);
    let collator = Collator::try_new(locale!("en-US").into(), options)?;
    for Text { name, texts } in &all {
        let utf16: Vec<Vec<u16>> = texts.iter().map(|text| text.encode_utf16().collect()).collect();
        let bytes: Vec<Vec<u8>> =
            utf16.iter().map(|text| text.iter().flat_map(|unit| unit.to_le_bytes()).collect()).collect();
        let (our, their) = (ours(&rules, &bytes), theirs(&collator, &utf16)?);
        let a_second = |time: Duration| texts.len() as f64 / time.as_secs_f64() / 1e6;
        let of_their_time = our.as_secs_f64() / their.as_secs_f64();
        let verdict = |is_met| if is_met { "met" } else { "MISSED" };
        println!(
            "{name}: libesent makes {:.1} million keys a second, ICU4X {:.1}; libesent takes {of_their_time:.2} of ICU4X's time, so it is {:.1} times as fast (wanted: at most 2.00 of its time: {})",
            a_second(our),
            a_second(their),
            1.0 / of_their_time,
            verdict(of_their_time <= TIME_OF_ICU4X_MAX)
        );
        if *name == SHORT_ASCII {
            let is_met = a_second(our) >= MILLIONS_MIN;
            println!("{name}: wanted at least {MILLIONS_MIN:.1} million keys a second: {}", verdict(is_met));
        }
    }
    Ok(())
}
