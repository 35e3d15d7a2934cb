//! Logs built here, to end and break where real ones rarely do.

use ese_format::lgpos::Lgpos;
use ese_format::log::segment::{SEGMENT_BYTES, segment_checksum};
use ese_format::log::writer::SegmentBuilder;
use ese_format::log::{LogEnd, LogFile, LogHeader, RecordType};
use ese_format::logtime::Logtime;
use zerocopy::IntoBytes;

const GENERATION: i32 = 5;
const SEGMENTS: u16 = 8;

fn builder() -> SegmentBuilder {
    SegmentBuilder::new(GENERATION, SEGMENTS)
}

fn trace(length: usize) -> Vec<u8> {
    let mut record = vec![22, 5, 0];
    record.extend(((length - 5) as u16).to_le_bytes());
    record.resize(length, b'x');
    record
}

fn recovery_undo() -> Vec<u8> {
    let mut record = vec![RecordType::RecoveryUndo2 as u8];
    record.resize(9, 1);
    record
}

fn file(body: &[u8]) -> Vec<u8> {
    let mut header = LogHeader::zeroed();
    header.generation = GENERATION.into();
    header.sector_bytes = 4096.into();
    header.header_sectors = 1.into();
    header.file_sectors = SEGMENTS.into();
    header.major = 8.into();
    header.minor = 4000.into();
    header.update_major = 60.into();
    header.update_minor = 140.into();
    header.file_type = 3.into();
    header.seal();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes.resize(usize::from(SEGMENTS) * SEGMENT_BYTES, 0);
    bytes
}

fn read(bytes: &[u8]) -> (Vec<(Lgpos, RecordType)>, LogEnd) {
    let log = LogFile::read(bytes).expect("the header is good");
    let mut records = log.records();
    let list = records
        .by_ref()
        .filter(|record| record.record_type() != RecordType::Nop)
        .map(|record| (record.position, record.record_type()))
        .collect();
    (list, records.end().cloned().expect("read to its end"))
}

fn at(isec: u16, ib: u16) -> Lgpos {
    Lgpos::new(GENERATION, isec, ib)
}

#[test]
fn a_record_after_short_padding_has_the_position_of_the_padding() {
    let mut log = builder();
    for (length, expected) in [(4056 - 20, at(1, 0)), (50, at(1, 4096 - 20)), (6, at(2, 40 + 50))] {
        assert_eq!(log.append(&trace(length), Logtime::default()), Some(expected));
    }
    log.start_segment();
    assert_eq!(log.append(&recovery_undo(), Logtime::default()), Some(at(3, 0)));
    let (list, end) = read(&file(&log.sealed()));
    let positions: Vec<_> = list.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, [at(1, 0), at(1, 4076), at(2, 90), at(3, 0)]);
    assert_eq!(end, LogEnd::Complete);
}

#[test]
fn a_record_that_fills_its_segment_puts_the_next_at_offset_zero() {
    let mut log = builder();
    log.append(&trace(4056), Logtime::default());
    assert_eq!(log.next_position(), at(2, 0));
    log.append(&trace(10), Logtime::default());
    assert_eq!(read(&file(&log.sealed())).0[1].0, at(2, 0));
}

#[test]
fn the_last_segment_and_one_byte_before_it_stay_free() {
    let mut log = builder();
    for _ in 1..SEGMENTS - 2 {
        assert!(log.append(&trace(4056), Logtime::default()).is_some());
    }
    assert!(!log.has_room(4056), "no byte would stay");
    assert!(log.has_room(4055));
    assert!(!log.has_room(100_000));
    assert_eq!(log.append(&trace(4056), Logtime::default()), None);
    assert_eq!(log.append(&trace(4055), Logtime::default()), Some(at(6, 0)));
    assert!(!log.has_room(1));
    assert_eq!(log.sealed().len(), usize::from(SEGMENTS - 2) * SEGMENT_BYTES);
}

#[test]
fn a_record_of_many_fragments_comes_back_whole() {
    let mut log = builder();
    log.append(&trace(1000), Logtime::default());
    let mut long = trace(20_000);
    long[19_999] = b'!';
    assert_eq!(log.append(&long, Logtime::default()), Some(at(1, 1040)));
    log.append(&trace(7), Logtime::default());
    let bytes = file(&log.sealed());
    let reader = LogFile::read(&bytes).expect("the header is good");
    let records: Vec<_> = reader.records().collect();
    assert_eq!(records[1].bytes, long);
    assert!(records[1].is_fragmented());
    // 3049 bytes in the first piece, then four whole segments and 739 bytes.
    assert_eq!((records[1].first_segment, records[1].last_segment), (1, 6));
    assert_eq!(records[2].bytes.len(), 7);
    assert_eq!(records[2].position, records[2].reader_position);
}

/// A log whose second record was begun and whose second half never reached the disk.
fn torn() -> Vec<u8> {
    let mut log = builder();
    log.append(&trace(100), Logtime::default());
    log.append(&trace(5000), Logtime::default());
    let mut sealed = log.sealed();
    sealed.truncate(SEGMENT_BYTES);
    sealed
}

#[test]
fn a_record_torn_at_the_end_is_told_from_damage() {
    let (list, end) = read(&file(&torn()));
    assert_eq!(list, [(at(1, 0), RecordType::Trace)]);
    assert_eq!(end, LogEnd::TornRecord(at(1, 140)));
}

/// The torn log, and behind it a segment that a later run began with this record.
fn torn_then(record: &[u8]) -> Vec<u8> {
    let mut log = builder();
    log.append(&trace(4056), Logtime::default());
    log.append(record, Logtime::default());
    let mut body = torn();
    body.extend_from_slice(&log.sealed()[SEGMENT_BYTES..2 * SEGMENT_BYTES]);
    file(&body)
}

#[test]
fn recovery_goes_on_behind_a_torn_record_and_anything_else_there_is_corruption() {
    let (list, end) = read(&torn_then(&recovery_undo()));
    assert_eq!(list, [(at(1, 0), RecordType::Trace), (at(2, 0), RecordType::RecoveryUndo2)]);
    assert_eq!(end, LogEnd::Complete);

    let (list, end) = read(&torn_then(&trace(30)));
    assert_eq!(list.len(), 1);
    let LogEnd::Damaged(damage) = end else { panic!("{end:?}") };
    assert_eq!((damage.position, damage.error.offset()), (at(1, 140), 2 * 4096 + 40));
}

#[test]
fn an_error_inside_a_fragmented_record_names_the_offset_in_the_file() {
    let mut log = builder();
    let mut long = trace(6000);
    // Shorter than the fragments say: found where the record is put together.
    long[3..5].copy_from_slice(&5000_u16.to_le_bytes());
    log.append(&long, Logtime::default());
    let (_, end) = read(&file(&log.sealed()));
    let LogEnd::Damaged(damage) = end else { panic!("{end:?}") };
    assert_eq!((damage.error.field(), damage.error.offset()), ("FragmentBegin.total", 4096 + 40 + 7));
    // Longer: the text runs out of the record, at its fifth byte.
    long[3..5].copy_from_slice(&7000_u16.to_le_bytes());
    let mut log = builder();
    log.append(&long, Logtime::default());
    let (_, end) = read(&file(&log.sealed()));
    let LogEnd::Damaged(damage) = end else { panic!("{end:?}") };
    assert_eq!((damage.error.field(), damage.error.offset()), ("Trace.text", 4096 + 40 + 7 + 5));
}

#[test]
fn a_recycled_file_ends_where_its_old_generation_begins() {
    let mut old = SegmentBuilder::new(GENERATION - 1, SEGMENTS);
    while old.append(&trace(1000), Logtime::default()).is_some() {}
    let mut log = builder();
    log.append(&trace(5000), Logtime::default());
    let mut body = log.sealed();
    let new = body.len();
    body.extend_from_slice(&old.sealed()[new..]);
    assert_eq!(read(&file(&body)).1, LogEnd::Complete);
    let bytes = file(&body);
    assert_eq!(LogFile::read(&bytes).expect("good").end_of_data(), at(3, 0));

    // A segment of a generation to come is no left-over.
    let next = &mut body[new..new + SEGMENT_BYTES];
    next[12] = GENERATION as u8 + 1;
    let checksum = segment_checksum(next, 3).expect("a segment");
    next[..8].copy_from_slice(&checksum.to_le_bytes());
    let LogEnd::Damaged(damage) = read(&file(&body)).1 else { panic!("it was taken for good") };
    assert_eq!((damage.position, damage.error.field()), (at(3, 0), "segment lgpos"));
}
