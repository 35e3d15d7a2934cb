//! A closed database with its indexes over text under the stamp of another Windows: sort versions in the catalog and in
//! `MSysLocales`, the page checksums made anew.

use ese_format::checksum::seal_page;
use ese_format::page_size::PageSize;

/// Gives every index of NLS version `from` the version `to`; how many places were changed.
pub(crate) fn restamp(file: &mut [u8], from: u32, to: u32) -> usize {
    let field: [u8; 4] = file[236..240].try_into().expect("four bytes");
    let size = match u32::from_le_bytes(field) {
        0 => PageSize::from_bytes(4096),
        bytes => PageSize::from_bytes(bytes),
    };
    let size = size.expect("a page size");
    let in_row = |version: u32| [version.to_le_bytes(), version.to_le_bytes()].concat();
    // `Ver=` in the key of a count, which the key of its node has as well, with a byte between each eight.
    let in_text = |version: u32| -> Vec<u8> {
        let number = u64::from(version) << 32 | u64::from(version);
        format!("Ver={number:x}").encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let mut places = 0;
    for (place, page) in file.chunks_exact_mut(size.bytes()).enumerate().skip(2) {
        let changed = replace(page, &in_row(from), &in_row(to)) + replace(page, &in_text(from), &in_text(to));
        if changed > 0 {
            seal_page(page, size, u32::try_from(place).unwrap() - 1).expect("a whole page");
        }
        places += changed;
    }
    places
}

/// Replaces a pattern, single bytes `09` in which do not count.
fn replace(page: &mut [u8], from: &[u8], to: &[u8]) -> usize {
    assert_eq!(from.len(), to.len());
    let mut found = 0;
    for start in 0..page.len() {
        let Some(places) = matched(page, start, from) else { continue };
        for (place, byte) in places.into_iter().zip(to) {
            page[place] = *byte;
        }
        found += 1;
    }
    found
}

fn matched(page: &[u8], start: usize, pattern: &[u8]) -> Option<Vec<usize>> {
    let mut places = Vec::with_capacity(pattern.len());
    let mut at = start;
    for byte in pattern {
        if page.get(at) != Some(byte) {
            let is_between = !places.is_empty() && page.get(at) == Some(&9) && page.get(at + 1) == Some(byte);
            at = is_between.then_some(at + 1)?;
        }
        places.push(at);
        at += 1;
    }
    Some(places)
}
