//! Version-7 streams. No real one is at hand: these are built here by the rules of spec 05 §12.

use ese_format::lgpos::Lgpos;
use ese_format::log::header::LogHeader;
use ese_format::log::record::{Record, RecordType};
use ese_format::log::{LogEnd, LogFile};
use zerocopy::IntoBytes;

const SECTOR: usize = 512;
const SECTORS: usize = 24;
const GENERATION: i32 = 9;
const SHADOW: u32 = 0x5AD0_5EC7;

fn words(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0, |sum, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum ^ u32::from_le_bytes(word)
    })
}

/// A log under construction: records are added to the stream, and ranges closed over them.
struct Builder {
    file: Vec<u8>,
    /// Offset of the Checksum record of the open range, and the bytes before it that it covers.
    open: usize,
    before: usize,
    end: usize,
}

impl Builder {
    fn new() -> Self {
        let mut header = LogHeader::zeroed();
        header.generation = GENERATION.into();
        header.sector_bytes = (SECTOR as u16).into();
        header.header_sectors = 8.into();
        header.file_sectors = (SECTORS as u16).into();
        header.major = 7.into();
        header.minor = 3704.into();
        header.update_major = 15.into();
        header.seal();
        let mut file = header.as_bytes().to_vec();
        for at in file.len()..SECTORS * SECTOR {
            let place = at % 512;
            file.push(if place % 16 == 0 { (0xDA + place) as u8 } else { 0xDA });
        }
        Self { file, open: 4096, before: 0, end: 4096 + 22 }
    }

    fn put(&mut self, record: &[u8]) {
        self.file[self.end..self.end + record.len()].copy_from_slice(record);
        self.end += record.len();
    }

    /// A Trace of this many bytes in all.
    fn trace(&mut self, length: usize) {
        let mut record = vec![22, 5, 0];
        record.extend(((length - 5) as u16).to_le_bytes());
        record.resize(length, b'x');
        self.put(&record);
    }

    /// Closes the range at `stop`; the next Checksum record lies at `next`, or there is none.
    fn close(&mut self, stop: usize, next: Option<usize>) {
        let behind = self.open + 22;
        let sector_end = self.open / SECTOR * SECTOR + SECTOR;
        let flag = if stop > sector_end { 0x9A } else { 0xD1 };
        let forwards = (stop - behind) as u32;
        let distance = next.map_or(0, |next| (next - behind) as u32);
        let fields = self.before as u32 ^ forwards ^ distance ^ flag ^ GENERATION as u32;
        let before = words(&self.file[self.open - self.before..self.open]);
        let sum = 0xFEED_BEAF ^ fields ^ before ^ words(&self.file[behind..stop]);
        let short = 0xDEAD_C0DE ^ fields ^ before ^ words(&self.file[behind..sector_end.max(behind)]);
        let mut record = vec![42];
        let short = if flag == 0x9A { short } else { 0 };
        for field in [self.before as u32, forwards, distance, sum, short] {
            record.extend(field.to_le_bytes());
        }
        record.push(flag as u8);
        self.file[self.open..behind].copy_from_slice(&record);
    }

    /// Opens the next range with its Checksum record at `at`.
    fn open(&mut self, at: usize, before: usize) {
        self.open = at;
        self.before = before;
        self.end = at + 22;
    }

    /// Zeros to the end of the sector.
    fn fill_sector(&mut self) {
        let stop = self.end.next_multiple_of(SECTOR);
        self.file[self.end..stop].fill(0);
        self.end = stop;
    }
}

/// Three ranges: one sector; one of two sectors with a record that runs on into the third, which begins with its tail.
fn sound() -> Builder {
    let mut log = Builder::new();
    log.trace(100);
    log.trace(50);
    log.fill_sector();
    let first_stop = log.end;
    log.close(first_stop, Some(first_stop));

    log.open(first_stop, 0);
    log.trace(600);
    log.trace(500);
    let second_stop = first_stop + 2 * SECTOR;
    let tail = log.end - second_stop;
    let third = log.end;
    log.close(second_stop, Some(third));

    log.open(third, tail);
    log.trace(40);
    log.put(&[23]);
    let stop = log.end;
    log.close(stop, None);
    log.file[stop..stop.next_multiple_of(SECTOR)].fill(0);
    log
}

fn read(file: &[u8]) -> (Vec<(Lgpos, RecordType, usize)>, LogEnd) {
    let log = LogFile::read(file).expect("the header is good");
    assert!(log.segments().is_empty());
    let mut records = log.records();
    let list = records
        .by_ref()
        .map(|record| {
            assert!(!record.is_fragmented());
            assert!(matches!(record.decode(), Ok(decoded) if decoded.encoded_len() == record.bytes.len()));
            (record.position, record.record_type(), record.bytes.len())
        })
        .collect();
    (list, records.end().cloned().expect("read to its end"))
}

fn types(list: &[(Lgpos, RecordType, usize)]) -> Vec<RecordType> {
    list.iter().map(|(_, record_type, _)| *record_type).collect()
}

const ALL: [RecordType; 10] = [
    RecordType::Checksum,
    RecordType::Trace,
    RecordType::Trace,
    RecordType::Nop,
    RecordType::Checksum,
    RecordType::Trace,
    RecordType::Trace,
    RecordType::Checksum,
    RecordType::Trace,
    RecordType::ShutDownMark,
];

#[test]
fn a_stream_is_read_through_its_ranges_and_records_cross_sectors() {
    let log = sound();
    let (list, end) = read(&log.file);
    assert_eq!(types(&list), ALL);
    assert_eq!(end, LogEnd::Complete);
    assert_eq!(list[0].0, Lgpos::new(GENERATION, 8, 0));
    assert_eq!(list[1].0, Lgpos::new(GENERATION, 8, 22));
    assert_eq!(list[5].0, Lgpos::new(GENERATION, 9, 22));
    assert_eq!(list[6].0, Lgpos::new(GENERATION, 10, 110));
    // 1122 bytes into the second range: 98 of them behind its two sectors.
    assert_eq!(list[7].0, Lgpos::new(GENERATION, 11, 98));
    let reader = LogFile::read(&log.file).expect("the header is good");
    assert_eq!(reader.end_of_data(), Lgpos::new(GENERATION, 11, 98 + 22 + 40 + 1));
    assert_eq!(reader.accumulated_checksum(), 0);
}

#[test]
fn a_damaged_range_in_the_middle_is_named_and_what_lies_before_it_is_read() {
    let mut log = sound();
    log.file[9 * SECTOR + 700] ^= 1;
    let (list, end) = read(&log.file);
    assert_eq!(types(&list), ALL[..4]);
    let LogEnd::Damaged(damage) = end else { panic!("{end:?}") };
    assert_eq!((damage.position, damage.error.field()), (Lgpos::new(GENERATION, 9, 0), "Checksum.checksum"));
}

#[test]
fn the_last_sector_comes_back_from_its_shadow() {
    let mut log = sound();
    let start = 11 * SECTOR;
    let mut shadow = log.file[start..start + SECTOR].to_vec();
    let at = log.open - start;
    let sum = u32::from_le_bytes(shadow[at + 13..at + 17].try_into().expect("four bytes")) ^ SHADOW;
    shadow[at + 13..at + 17].copy_from_slice(&sum.to_le_bytes());
    log.file[start + SECTOR..start + 2 * SECTOR].copy_from_slice(&shadow);
    assert_eq!(read(&log.file), (read(&sound().file).0, LogEnd::Complete), "the shadow alone does no harm");

    log.file[start + at + 30] ^= 0xFF;
    assert_eq!(read(&log.file), (read(&sound().file).0, LogEnd::Complete));

    log.file[start + SECTOR + at + 30] ^= 0xFE;
    let (list, end) = read(&log.file);
    // The seventh record has its tail in the damaged sector.
    assert_eq!(types(&list), ALL[..6]);
    assert!(matches!(end, LogEnd::Damaged(_)), "neither is good");
}

#[test]
fn bytes_behind_the_last_range_that_are_no_pattern_are_corruption() {
    let mut log = sound();
    log.file[20 * SECTOR + 5] ^= 1;
    let (list, end) = read(&log.file);
    assert_eq!(types(&list), ALL, "all records are there");
    let LogEnd::Damaged(damage) = end else { panic!("{end:?}") };
    assert_eq!(damage.position.isec.get(), 12);
}

#[test]
fn a_torn_range_of_several_sectors_keeps_its_first() {
    let mut log = Builder::new();
    log.trace(300);
    log.trace(400);
    log.fill_sector();
    let stop = log.end;
    log.close(stop, None);
    assert_eq!(read(&log.file).1, LogEnd::Complete);
    log.file[9 * SECTOR + 200] ^= 1;
    let (list, end) = read(&log.file);
    assert_eq!(types(&list), [RecordType::Checksum, RecordType::Trace]);
    assert_eq!(end, LogEnd::TornRecord(Lgpos::new(GENERATION, 8, 322)));
}

#[test]
fn a_record_cut_off_by_a_crash_is_dropped_and_the_stream_goes_on() {
    let mut log = Builder::new();
    log.trace(300);
    // Begun, never finished: its second sector was lost, and recovery went on in the middle of that.
    log.trace(400);
    let stop = 9 * SECTOR;
    let next = stop + 60;
    log.close(stop, Some(next));
    log.open(next, 0);
    log.put(&Record::decode(&[51, 0, 0, 0, 0, 0, 0, 0, 0]).expect("nine bytes").encode().expect("fits"));
    let end = log.end;
    log.close(end, None);
    let (list, end) = read(&log.file);
    use RecordType::{Checksum, RecoveryUndo2, Trace};
    assert_eq!(types(&list), [Checksum, Trace, Checksum, RecoveryUndo2]);
    assert_eq!(end, LogEnd::Complete);
}

#[test]
fn every_single_wrong_byte_of_a_stream_is_noticed_or_changes_nothing() {
    let good = sound().file;
    let expected = read(&good);
    for at in 4096..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x5A;
        let (list, end) = read(&bytes);
        let behind_data = (11 * SECTOR + 161..12 * SECTOR).contains(&at);
        assert!(behind_data == ((&list, &end) == (&expected.0, &expected.1)), "byte {at}: {end:?}");
    }
}
