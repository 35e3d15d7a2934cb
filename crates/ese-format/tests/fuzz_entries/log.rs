//! The targets of log files and what goes with them: header, segments, records, checkpoint, attach list, flush map, trailer.

use ese_format::attach_list::{ATTACH_LIST_BYTES, AttachList, AttachListBuilder};
use ese_format::checkpoint::{CHECKPOINT_BYTES, Checkpoint};
use ese_format::checksum::{BlockStart, ecc_block, seal_header};
use ese_format::error::FileKind;
use ese_format::flush_map::{FlushMapHeader, MAP_PAGE_BYTES, MapPage};
use ese_format::log::record::{BeforeImage, Record};
use ese_format::log::segment::{SEGMENT_BYTES, SEGMENT_FLAGS, segment_checksum};
use ese_format::log::{LOG_HEADER_BYTES, LogFile, LogHeader, LogVersion};
use ese_format::trailer::Trailer;
use zerocopy::{FromBytes, IntoBytes};

use super::database::page_size;
use super::take;

const SEGMENTS_MAX: usize = 8;
const GENERATION: i32 = 7;

fn read_attachments(list: AttachList<'_>) {
    for entry in list.flatten() {
        let _ = entry.path.to_text();
    }
}

/// The input as it is, and as a header whose checksum holds.
pub(super) fn log_header(input: &[u8]) {
    let _ = LogHeader::read(input).map(|header| header.attachments().count());
    let mut bytes = input.to_vec();
    bytes.resize(LOG_HEADER_BYTES, 0);
    let mut header = LogHeader::read_from_bytes(&bytes).expect("the length of a header");
    header.seal();
    let Ok(read) = LogHeader::read(header.as_bytes()) else { return };
    assert_eq!(*read, header);
    assert!(!read.version().is_segmented() || read.update_major.get() <= LogVersion::MAX.update_major);
    read_attachments(read.attachments());
    let _ = (read.parameters.system_path_text(), read.parameters.log_path_text(), read.page_size());
    let _ = read.check_follows(&header);
}

fn header_of(version: LogVersion, sector_bytes: u16, file_sectors: usize) -> LogHeader {
    let mut header = LogHeader::zeroed();
    header.generation = GENERATION.into();
    header.sector_bytes = sector_bytes.into();
    header.header_sectors = (LOG_HEADER_BYTES as u16 / sector_bytes).into();
    header.file_sectors = (file_sectors as u16).into();
    header.major = version.major.into();
    header.minor = version.minor.into();
    header.update_major = version.update_major.into();
    header.update_minor = version.update_minor.into();
    header.file_type = 3.into();
    header.seal();
    header
}

fn read_log(file: &[u8]) {
    let log = LogFile::read(file).expect("header and size are right");
    let (mut records, mut bytes) = (0, 0);
    for record in log.records() {
        records += 1;
        bytes += record.bytes.len();
        assert!(records <= file.len() && bytes <= file.len(), "a log holds no more than its own bytes");
        let decoded = record.decode().expect("a reader gives only what decodes");
        assert_eq!(decoded.encode().as_deref(), Ok(&record.bytes[..]));
    }
    let _ = (log.clean_end(), log.end_of_data(), log.accumulated_checksum());
}

/// Segments of 4096 bytes, each behind a byte: even = put in its place with a good checksum, odd = as it is. Bytes 0 and
/// 1 before them: update major and minor of the version.
pub(super) fn log_segment(input: &[u8]) {
    let mut rest = input;
    let [major, minor] = take(&mut rest);
    let version = LogVersion::segmented(u32::from(major) % 131, u32::from(minor));
    let mut body = Vec::new();
    while !rest.is_empty() && body.len() < SEGMENTS_MAX * SEGMENT_BYTES {
        let [mode] = take(&mut rest);
        let mut segment: [u8; SEGMENT_BYTES] = take(&mut rest);
        let number = (body.len() / SEGMENT_BYTES + 1) as u16;
        if mode % 2 == 0 {
            segment[8..12].copy_from_slice(&[0, 0, number as u8, 0]);
            segment[12..16].copy_from_slice(&GENERATION.to_le_bytes());
            segment[36..40].copy_from_slice(&SEGMENT_FLAGS.to_le_bytes());
            let checksum = segment_checksum(&segment, number).expect("a whole segment");
            segment[..8].copy_from_slice(&checksum.to_le_bytes());
        }
        body.extend_from_slice(&segment);
    }
    let file_segments = body.len() / SEGMENT_BYTES + 2;
    let mut file = header_of(version, SEGMENT_BYTES as u16, file_segments).as_bytes().to_vec();
    file.extend_from_slice(&body);
    file.resize(file_segments * SEGMENT_BYTES, 0);
    read_log(&file);
}

/// The stream of a version-7 log. Byte 0: update version.
pub(super) fn log_stream_of_version_7(input: &[u8]) {
    const SECTOR_BYTES: usize = 512;
    let mut rest = input;
    let [update] = take(&mut rest);
    let version = LogVersion { major: 7, minor: 3704, update_major: u32::from(update), update_minor: 0 };
    let sectors = LOG_HEADER_BYTES / SECTOR_BYTES + rest.len().div_ceil(SECTOR_BYTES).min(64);
    let mut file = header_of(version, SECTOR_BYTES as u16, sectors).as_bytes().to_vec();
    file.extend_from_slice(rest);
    file.resize(sectors * SECTOR_BYTES, 0);
    if LogFile::read(&file).is_ok() {
        read_log(&file);
    }
}

fn unpack(image: Option<BeforeImage<'_>>) {
    for size in ese_format::page_size::PageSize::ALL {
        if let Some(Ok(page)) = image.map(|image| image.unpack(size)) {
            assert_eq!(page.len(), size.bytes());
        }
    }
}

/// One record.
pub(super) fn log_record(input: &[u8]) {
    let Ok(record) = Record::decode(input) else { return };
    let length = record.encoded_len();
    assert!(length <= input.len());
    assert_eq!(record.encode().as_deref(), Ok(&input[..length]));
    assert_eq!(Record::decode(&input[..length]).as_ref(), Ok(&record));
    let _ = (record.record_type(), record.page_operation(), record.node_operation());
    match &record {
        Record::Replace(replace) | Record::ReplaceD(replace) => {
            let old: Vec<u8> = (0..=255).cycle().take(4096).collect();
            let _ = replace.apply(&old);
            let _ = replace.apply(&[]);
            let _ = replace.collect_diffs();
        }
        Record::Split2(split) => unpack(split.before_image()),
        Record::Merge2(merge) => unpack(merge.before_image()),
        Record::CreateDb(create) => drop(create.stored_path().to_text()),
        Record::AttachDb(attach) => drop(attach.stored_path().to_text()),
        Record::DetachDb(detach) => drop(detach.stored_path().to_text()),
        _ => {}
    }
}

/// The input as it is, and as a checkpoint whose checksum holds.
pub(super) fn checkpoint(input: &[u8]) {
    let _ = Checkpoint::read(input);
    let mut bytes = input.to_vec();
    bytes.resize(CHECKPOINT_BYTES, 0);
    let mut checkpoint = Checkpoint::read_from_bytes(&bytes).expect("the length of a checkpoint");
    checkpoint.seal();
    let file = checkpoint.to_file();
    let Ok((read, _)) = Checkpoint::read(&file) else { return };
    assert_eq!(*read, checkpoint);
    let _ = (read.consistent_from(), read.checkpoint_flags());
    if let Some(list) = read.attachments(LogVersion::MAX) {
        read_attachments(list);
    }
}

/// The entries of an attach list, stored again.
pub(super) fn attach_list(input: &[u8]) {
    for kind in [FileKind::Log, FileKind::Checkpoint] {
        let mut builder = AttachListBuilder::default();
        let mut kept = Vec::new();
        let mut list = AttachList::new(input, kind);
        for entry in list.by_ref().flatten() {
            let _ = entry.path.to_text();
            assert!(entry.path.terminated_len() <= entry.path.bytes().len() + 2);
            if builder.push_stored(*entry.info, entry.path.bytes()).is_ok() {
                kept.push((*entry.info, entry.path));
            }
        }
        assert!(list.bytes_read() <= input.len());
        let stored = builder.build();
        assert_eq!(stored.len(), ATTACH_LIST_BYTES);
        let again: Vec<_> = AttachList::new(&stored, kind)
            .map(|entry| entry.map(|entry| (*entry.info, entry.path)).expect("what was built is read"))
            .collect();
        assert_eq!(again, kept);
    }
}

/// Byte 0: even = header, odd = map page; then its bytes, as they are and with a checksum that holds.
pub(super) fn flush_map(input: &[u8]) {
    let mut rest = input;
    let [selector] = take(&mut rest);
    let number = u32::from(selector / 2);
    let _ = FlushMapHeader::decode(rest);
    let _ = MapPage::decode(rest, number);
    let mut page = rest.to_vec();
    page.resize(MAP_PAGE_BYTES, 0);
    if selector % 2 == 0 {
        page[4..8].copy_from_slice(&3u32.to_le_bytes());
        page[667..671].copy_from_slice(&7u32.to_le_bytes());
        seal_header(&mut page);
        if let Ok(header) = FlushMapHeader::decode(&page) {
            assert_eq!(header.encode(), page);
            let _ = header.state();
        }
        return;
    }
    page[16..20].copy_from_slice(&number.to_le_bytes());
    page[36..40].copy_from_slice(&0x2000u32.to_le_bytes());
    let checksum = ecc_block(&page, BlockStart::Header, number).expect("a whole map page");
    page[..8].copy_from_slice(&checksum.to_le_bytes());
    let mut map = MapPage::decode(&page, number).expect("checksum and number hold");
    assert_eq!(map.encode(), page);
    for slot in [0, 1, 3, 4, 32511, 32512, u32::MAX] {
        let state = map.state(slot);
        map.set_state(slot, state);
    }
    assert_eq!(map.encode(), page);
}

/// Byte 0: page size; then a trailer, as it is and with a checksum that holds.
pub(super) fn trailer(input: &[u8]) {
    let mut rest = input;
    let [selector] = take(&mut rest);
    let size = page_size(selector);
    let _ = Trailer::decode(rest, size);
    let mut page = rest.to_vec();
    page.resize(size.bytes(), 0);
    page[ese_format::trailer::TRAILER_BYTES..].fill(0);
    seal_header(&mut page);
    if let Ok(trailer) = Trailer::decode(&page, size) {
        assert_eq!(trailer.encode(size), page);
        let _ = trailer.has_generations();
    }
}
