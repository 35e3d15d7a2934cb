//! Seeds from logs, checkpoints and flush maps.

use std::collections::BTreeMap;

use ese_format::log::LogFile;

use super::Seeds;

/// Records of one type taken from one log.
const RECORDS_PER_TYPE: usize = 3;
/// Bytes of a log's or checkpoint's header before its attach list.
const HEADER_BYTES: usize = 680;
const ATTACH_LIST_AT: usize = 671;
const CHECKPOINT_ATTACH_LIST_AT: usize = 679;
const ATTACH_LIST_BYTES: usize = 2048;

pub(super) fn collect_log(file: &[u8], seeds: &mut Seeds) {
    let Ok(log) = LogFile::read(file) else { return };
    seeds.add("log_header", file.get(..ATTACH_LIST_AT + 400).unwrap_or_default().to_vec());
    seeds.add(
        "attach_list",
        file.get(ATTACH_LIST_AT..ATTACH_LIST_AT + ATTACH_LIST_BYTES).unwrap_or_default().to_vec(),
    );
    let version = log.header().version();
    let first = [version.update_major as u8, version.update_minor as u8];
    for pair in log.segments().chunks(2).take(3) {
        let mut seed = first.to_vec();
        for segment in pair {
            seed.push(0);
            seed.extend_from_slice(segment.bytes());
        }
        seeds.add("log_segment", seed);
    }
    if let Some(segment) = log.segments().first() {
        seeds.add("log_stream_of_version_7", segment.bytes().get(..2048).unwrap_or_default().to_vec());
    }
    let mut taken = BTreeMap::new();
    for record in log.records() {
        let count = taken.entry(record.record_type() as u8).or_insert(0);
        if *count < RECORDS_PER_TYPE {
            *count += 1;
            seeds.add("log_record", record.bytes.to_vec());
        }
    }
}

pub(super) fn collect_checkpoint(file: &[u8], seeds: &mut Seeds) {
    seeds.add("checkpoint", file.get(..HEADER_BYTES + 400).unwrap_or_default().to_vec());
    let list = file.get(CHECKPOINT_ATTACH_LIST_AT..CHECKPOINT_ATTACH_LIST_AT + ATTACH_LIST_BYTES);
    seeds.add("attach_list", list.unwrap_or_default().to_vec());
}

pub(super) fn collect_flush_map(file: &[u8], seeds: &mut Seeds) {
    const MAP_PAGE_BYTES: usize = 8192;
    for (selector, page) in [0, 1].into_iter().zip(file.chunks(MAP_PAGE_BYTES)) {
        seeds.add("flush_map", [&[selector], page.get(..700).unwrap_or(page)].concat());
    }
}
