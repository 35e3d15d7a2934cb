//! Writes a database of about the wanted size: `generate FILE SIZE [PAGE_SIZE]`, sizes in bytes or with K, M, G.

#![forbid(unsafe_code)]

use std::path::Path;

use anyhow::{Context, Result, bail};
use ese_benches::generated::write_database;
use ese_format::page_size::PageSize;

fn bytes(text: &str) -> Result<u64> {
    let (number, shift) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(number) if text.ends_with('K') => (number, 10),
        Some(number) if text.ends_with('M') => (number, 20),
        Some(number) => (number, 30),
        None => (text, 0),
    };
    let number: u64 = number.parse().with_context(|| format!("{text} is no size"))?;
    number.checked_mul(1 << shift).with_context(|| format!("{text} is too large"))
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (file, size, page_size) = match arguments.as_slice() {
        [file, size] => (file, size, "4096"),
        [file, size, page_size] => (file, size, page_size.as_str()),
        _ => bail!("usage: generate FILE SIZE [PAGE_SIZE]"),
    };
    let page_size = u32::try_from(bytes(page_size)?).ok().and_then(PageSize::from_bytes);
    let page_size = page_size.filter(|size| *size != PageSize::K2);
    let page_size = page_size.context("pages are made of 4096, 8192, 16384 and 32768 bytes")?;
    let made = write_database(Path::new(file), page_size, bytes(size)?)?;
    println!("{file}: {} bytes, {} rows, pages of {page_size} bytes", made.bytes, made.rows);
    Ok(())
}
