//! Seeds from a database file.

use ese_format::database_header::choose_header;
use ese_format::node::NodeView;
use ese_format::page::{PageFlags, PageView};
use ese_format::page_size::PageSize;
use ese_format::record::{RecordFormat, RecordView, Value};

use super::Seeds;

/// Pages taken from one database.
const PAGES_MAX: usize = 120;
/// Bytes of a header that mean something.
const HEADER_BYTES: usize = 668;
/// Object ids of the catalog and its shadow.
const CATALOGS: [u32; 2] = [2, 3];

fn selector(size: PageSize) -> u8 {
    PageSize::ALL.iter().position(|other| *other == size).unwrap_or_default() as u8
}

fn record_selector(size: PageSize) -> u8 {
    u8::from(size.is_large())
}

pub(super) fn collect(file: &[u8], seeds: &mut Seeds) {
    let Ok(pair) = choose_header(file) else { return };
    let size = pair.header.page_size();
    let header = [&[selector(size)], file.get(..HEADER_BYTES).unwrap_or_default()].concat();
    seeds.add("database_header", header);
    seeds.add("trailer", [&[selector(size)], file.get(..148).unwrap_or_default()].concat());
    let pages = (file.len() / size.bytes()).saturating_sub(2);
    for index in (0..pages).step_by(pages.div_ceil(PAGES_MAX).max(1)) {
        let number = index as u32 + 1;
        let start = (index + 2) * size.bytes();
        let bytes = &file[start..start + size.bytes()];
        if let Ok(page) = PageView::parse(bytes, size, number) {
            collect_page(&page, seeds);
        }
    }
}

fn collect_page(page: &PageView<'_>, seeds: &mut Seeds) {
    let size = page.size();
    // The entry lays the first half of what follows the number at the page's start and the rest at its end.
    let number = page.number().to_le_bytes();
    seeds.add("page", [&[selector(size)][..], &number, page.bytes()].concat());
    if page.flags().contains(PageFlags::ROOT) {
        seeds.add("space_header", page.external_header().unwrap_or_default().to_vec());
    }
    let prefix = page.key_prefix().unwrap_or_default();
    let lines = page.line_count();
    for index in (0..lines).step_by(lines.div_ceil(8).max(1)) {
        let (Ok(line), Ok(node)) = (page.line(index), page.node(index)) else { continue };
        if let Ok(prefix_length) = u8::try_from(prefix.len()) {
            seeds.add("node", [&[line.flags.bits(), prefix_length], prefix, line.bytes].concat());
        }
        if page.flags().contains(PageFlags::LONG_VALUE) {
            collect_long_value(&node, seeds);
        } else if !page.flags().intersects(PageFlags::SPACE_TREE | PageFlags::INDEX)
            && page.flags().contains(PageFlags::LEAF)
        {
            collect_record(&node, page.objid(), size, seeds);
        }
    }
}

fn collect_record(node: &NodeView<'_>, objid: u32, size: PageSize, seeds: &mut Seeds) {
    let stored = [&[record_selector(size)], node.data].concat();
    if CATALOGS.contains(&objid) {
        seeds.add("catalog_row", stored);
        return;
    }
    seeds.add("record", stored);
    for coltyp in [1, 4, 6, 9, 10, 11, 16] {
        let value = node.data.get(4..40).unwrap_or(node.data);
        seeds.add("key_normalisation", [&[coltyp, 0, 31, coltyp, 3, 18], value].concat());
    }
    let Ok(record) = RecordView::parse(node.data, RecordFormat::of(size)) else { return };
    for column in record.tagged_area().iter().flatten() {
        for value in column.iter().flatten() {
            match value {
                Value::Compressed(stored) => collect_compressed(stored, seeds),
                Value::Inline(plain) if plain.len() > 16 => {
                    seeds.add("compression_round_trip", plain.to_vec());
                }
                _ => {}
            }
        }
    }
}

fn collect_compressed(stored: &[u8], seeds: &mut Seeds) {
    let target = match stored.first().map(|byte| byte >> 3) {
        Some(1) => "seven_bit_ascii",
        Some(2) => "seven_bit_unicode",
        Some(3) => "xpress",
        _ => return,
    };
    seeds.add(target, stored.to_vec());
}

fn collect_long_value(node: &NodeView<'_>, seeds: &mut Seeds) {
    let key = node.key().to_vec();
    let Ok(key_length) = u8::try_from(key.len()) else { return };
    for expected in [node.data.len() as u32, 4014] {
        seeds.add("long_value", [&[key_length][..], &expected.to_le_bytes(), &key, node.data].concat());
    }
    collect_compressed(node.data, seeds);
    seeds.add("compression_round_trip", node.data.to_vec());
}
