//! Records as a fuzzer makes them: well formed, with contents that no engine would write.

use ese_engine::error::Result;
use ese_engine::redo::{Redo, RedoPages};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{
    Begin, Begin0, BeginLevels, DBTIME_NIL, ExtendDb, MacroMark, NewPage, PageMove, PageMoveFlags,
    PageOperation, PageOperationFlags, Record, RecordType, Rollback, ShrinkDb3, ShrinkFields, TrimDb,
};
use ese_format::page::PAGE_NUMBER_MAX;
use ese_format::page_size::PageSize;

use crate::flush_order::Chance;
use crate::memory::{MemoryPages, OneDatabase, Watch};
use crate::sets::{begin_everywhere, one_database};

/// Page numbers that lie, and the few that are there.
const PAGES: [u32; 12] =
    [0, 1, 2, 3, 4, 5, 200, PAGE_NUMBER_MAX, PAGE_NUMBER_MAX + 1, 1 << 31, u32::MAX - 1, u32::MAX];
const OBJID: u32 = 7;

/// Redo over a database of five pages of one tree, in a transaction.
struct Bed {
    redo: Redo,
    target: OneDatabase,
    position: u16,
}

impl Bed {
    fn new(required: i32) -> Self {
        let pages = MemoryPages::watched(PageSize::K4, Watch::Nothing);
        let mut bed = Self { redo: Redo::new(), target: one_database(pages, 1, required), position: 1 };
        begin_everywhere(&mut bed.redo, &mut bed.target);
        for page_number in 1..=5 {
            let new = NewPage { procid: 1, dbid: 1, page_number, objid: OBJID, dbtime: 100 };
            bed.feed(&Record::NewPage(new)).unwrap();
        }
        bed
    }

    fn feed(&mut self, record: &Record<'_>) -> Result<()> {
        self.feed_bytes(&record.encode().unwrap())
    }

    fn feed_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += 1;
        match Record::decode(bytes) {
            Ok(record) if Redo::takes(record.record_type()) => {
                let position = Lgpos::new(1, self.position, 1);
                self.redo.record(position, &record, bytes, &mut self.target)
            }
            _ => Ok(()),
        }
    }

    fn code(&mut self, record: &Record<'_>) -> Option<JetError> {
        self.feed(record).err().map(|error| error.jet())
    }
}

fn operation(page_number: u32, dbtime_before: u64, dbtime: u64) -> PageOperation {
    PageOperation {
        procid: 1,
        dbid: 1,
        page_number,
        dbtime,
        dbtime_before,
        trx_begin0: 4,
        level: 1,
        line: 0,
        flags: PageOperationFlags::empty(),
    }
}

fn page_move(page: u32, destination_page: u32) -> PageMove<'static> {
    PageMove {
        page: operation(page, 40, 50),
        destination_page,
        left_page: 0,
        right_page: 0,
        parent_page: 0,
        left_dbtime_before: DBTIME_NIL,
        right_dbtime_before: DBTIME_NIL,
        parent_dbtime_before: DBTIME_NIL,
        fdp: 1,
        objid: OBJID,
        parent_line: 0,
        move_flags: PageMoveFlags::empty(),
        header: &[],
        trailer: &[],
    }
}

#[test]
fn pages_that_cannot_be_are_refused_and_nothing_is_made_of_them() {
    let mut bed = Bed::new(0);
    for page_number in [0, PAGE_NUMBER_MAX + 1, u32::MAX] {
        let new = NewPage { procid: 1, dbid: 1, page_number, objid: OBJID, dbtime: 200 };
        assert_eq!(bed.code(&Record::NewPage(new)), Some(JetError::LOG_CORRUPTED), "new page {page_number}");
    }
    for last_page in [PAGE_NUMBER_MAX + 1, u32::MAX] {
        let extend = ExtendDb { dbid: 1, last_page };
        assert_eq!(bed.code(&Record::ExtendDb(extend)), Some(JetError::LOG_CORRUPTED), "{last_page} pages");
    }
    let shrink = ShrinkFields { dbid: 1, last_page: u32::MAX, page_count: u32::MAX };
    assert_eq!(bed.code(&Record::ShrinkDb3(ShrinkDb3 { shrink, dbtime: 1 })), Some(JetError::LOG_CORRUPTED));
    for (first_page, page_count) in [(u32::MAX, u32::MAX), (0, 0), (1, u32::MAX)] {
        assert_eq!(bed.code(&Record::TrimDb(TrimDb { dbid: 1, first_page, page_count })), None);
    }
    let beyond = Record::PageMove(PageMove { page: operation(900, 40, 50), ..page_move(900, 901) });
    assert_eq!(bed.code(&beyond), Some(JetError::FILE_IO_BEYOND_EOF));
    assert_eq!(bed.target.database.pages().page_count(), 5);
}

#[test]
fn moves_onto_themselves_and_images_that_are_no_pages_are_refused() {
    let mut bed = Bed::new(i32::MAX);
    for (page, destination) in [(3, 3), (3, 0)] {
        let moved = Record::PageMove(page_move(page, destination));
        assert_eq!(bed.code(&moved), Some(JetError::LOG_CORRUPTED), "{page} to {destination}");
    }
    let twice = Record::PageMove(PageMove { parent_page: 8, ..page_move(3, 8) });
    assert_eq!(bed.code(&twice), Some(JetError::LOG_CORRUPTED), "a parent that is the destination");
    // The source has the change already: what is moved comes from the record.
    let no_page = Record::PageMove(page_move(3, 9));
    assert_eq!(bed.code(&no_page), Some(JetError::DATABASE_BUFFER_DEPENDENCIES_CORRUPTED));
    let image = bed.target.database.pages().get(4).unwrap();
    let (header, trailer) = image.split_at(2000);
    let stolen = Record::PageMove(PageMove { objid: OBJID + 1, header, trailer, ..page_move(3, 9) });
    assert_eq!(
        bed.code(&stolen),
        Some(JetError::DATABASE_BUFFER_DEPENDENCIES_CORRUPTED),
        "the image of another tree"
    );
    let longer = Record::PageMove(PageMove { header: &image, trailer, ..page_move(3, 9) });
    assert_eq!(bed.code(&longer), Some(JetError::LOG_CORRUPTED));
}

#[test]
fn levels_that_cannot_be_end_with_the_transaction() {
    let mut bed = Bed::new(0);
    for byte in 0..=u8::MAX {
        let levels = BeginLevels(byte);
        bed.feed(&Record::Begin0(Begin0 { procid: 9, levels, trx_begin0: 8 })).unwrap();
        for _ in 0..3 {
            bed.feed(&Record::Begin(Begin { procid: 9, levels })).unwrap();
        }
        bed.feed(&Record::Rollback(Rollback { procid: 9, level_count: byte })).unwrap();
        bed.feed(&Record::Rollback(Rollback { procid: 9, level_count: u8::MAX })).unwrap();
        let session = bed.redo.sessions().find(|session| session.procid() == 9).unwrap();
        assert_eq!((session.level(), session.versions().count()), (0, 0));
    }
}

#[test]
fn macros_that_never_end_hold_what_was_given_to_them_alone() {
    let mut bed = Bed::new(0);
    for dbtime in 0..10_000 {
        bed.feed(&Record::MacroBegin(MacroMark { procid: 1, dbtime })).unwrap();
        bed.feed(&Record::MacroBegin(MacroMark { procid: 1, dbtime: 5 })).unwrap();
    }
    let session = bed.redo.sessions().find(|session| session.procid() == 1).unwrap();
    assert_eq!(session.open_macros().count(), 10_000);
    for dbtime in 0..10_000 {
        bed.feed(&Record::MacroCommit(MacroMark { procid: 1, dbtime })).unwrap();
    }
    let session = bed.redo.sessions().find(|session| session.procid() == 1).unwrap();
    assert_eq!(session.open_macros().count(), 0);
}

/// A record of any kind with a page operation that fits pages of the bed now and then, and anything behind it.
fn drawn(chance: &mut Chance, dbtime: u64) -> Vec<u8> {
    let kinds: Vec<RecordType> = RecordType::ALL.iter().copied().filter(|kind| Redo::takes(*kind)).collect();
    let mut bytes: Vec<u8> = vec![kinds[chance.below(kinds.len())] as u8];
    let number = |chance: &mut Chance| match chance.below(4) {
        0 => PAGES[chance.below(PAGES.len())],
        1 => OBJID,
        2 => chance.below(8) as u32,
        _ => chance.below(1 << 32) as u32,
    };
    if chance.below(4) > 0 {
        bytes.extend([1 + chance.below(2) as u8, 0, 1]);
        bytes.extend(number(chance).to_le_bytes());
        bytes.extend((100 + dbtime).to_le_bytes());
        bytes.extend(if chance.below(4) > 0 { DBTIME_NIL } else { 99 + dbtime }.to_le_bytes());
        bytes.extend(4_u32.to_le_bytes());
        bytes.extend([chance.below(12) as u8, chance.below(3) as u8, 0, chance.below(8) as u8]);
        bytes.extend(number(chance).to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(OBJID.to_le_bytes());
    }
    for _ in 0..chance.below(30) {
        let four = number(chance).to_le_bytes();
        bytes.extend(&four[..1 + chance.below(4)]);
    }
    bytes
}

#[test]
fn any_stream_of_absurd_records_ends_in_errors_of_the_log() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..1500 {
        let mut chance = Chance(seed);
        let mut bed = Bed::new(if seed % 2 == 0 { 0 } else { i32::MAX });
        for step in 0..60 {
            let bytes = drawn(&mut chance, step);
            match bed.feed_bytes(&bytes) {
                Ok(()) => taken += 1,
                Err(error) => {
                    assert_ne!(error.jet(), JetError::INTERNAL_ERROR, "seed {seed} step {step}: {error}");
                    refused += 1;
                }
            }
        }
        assert!(bed.target.database.pages().len() <= 200, "a page for each record at the most");
        for session in bed.redo.sessions() {
            assert!(session.versions().count() <= 120);
        }
    }
    println!("absurd records: {taken} taken, {refused} refused");
    assert!(taken > 0 && refused > 0);
}
