//! The write side as a whole: threads, a small cache, a simulated disk, and a disk that checks the order of writes.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::node::NodeFlags;
use ese_format::page::{FlushType, NewPage, PageFlags, PageMut, PageView, ReservedTagForm};
use ese_format::page_size::PageSize;
use parking_lot::Mutex;

use crate::btree::Logged;
use crate::cache::{CACHE_PAGES_MIN, CachedFile, OpenGate, PageCache, WriteBack, WriteGate};
use crate::error::{Error, IoOperation, Result};
use crate::io::{Access, Existing, File, FileSystem, SimulatedFileSystem};

const SIZE: PageSize = PageSize::K4;
const PATH: &str = "/x.edb";
/// The key of the one node of a page, behind its length.
const KEY: [u8; 3] = [1, 0, 0x7F];

/// A position whose number is that of a change.
fn at(change: u64) -> Lgpos {
    Lgpos::new((change >> 16) as i32 + 1, change as u16, 0)
}

fn change_at(position: Lgpos) -> u64 {
    ((position.generation.get() - 1) as u64) << 16 | u64::from(position.isec.get())
}

fn logged(change: u64) -> Logged {
    Logged { position: at(change), oldest_begin0: at(change) }
}

/// A log whose records are numbers.
#[derive(Debug, Default)]
struct NumberLog {
    durable: AtomicU64,
    flushes: AtomicU64,
    seen: Mutex<Vec<u32>>,
    broken: AtomicBool,
    /// The record with the before-image of the next page that is written, 0 = it needs none.
    before_image: AtomicU64,
}

impl WriteGate for NumberLog {
    fn before_write(&self, page: &PageView<'_>, modified: Lgpos) -> Result<Lgpos> {
        self.seen.lock().push(page.number());
        let before_image = self.before_image.swap(0, Ordering::SeqCst);
        Ok(if before_image == 0 { modified } else { at(before_image) })
    }

    fn make_durable(&self, through: Lgpos) -> Result<()> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::refused(JetError::LOG_WRITE_FAIL, "the log"));
        }
        self.durable.fetch_max(change_at(through), Ordering::SeqCst);
        self.flushes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A file that panics when a page comes whose newest change (its dbtime) is not durable, or that is not sealed.
#[derive(Debug)]
struct CheckedFile {
    file: Arc<dyn File>,
    log: Arc<NumberLog>,
}

impl File for CheckedFile {
    fn path(&self) -> &Arc<Path> {
        self.file.path()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        for (index, page) in bytes.chunks(SIZE.bytes()).enumerate() {
            let number = (offset / SIZE.bytes() as u64) as u32 - 1 + index as u32;
            let view = PageView::parse(page, SIZE, number).unwrap();
            assert!(
                view.dbtime() <= self.log.durable.load(Ordering::SeqCst),
                "page {number} overtook its log"
            );
            assert!(self.log.seen.lock().contains(&number), "page {number} came around the gate");
        }
        self.file.write_at(bytes, offset)
    }

    fn length(&self) -> Result<u64> {
        self.file.length()
    }

    fn set_length(&self, length: u64) -> Result<()> {
        self.file.set_length(length)
    }

    fn sync(&self) -> Result<()> {
        self.file.sync()
    }

    fn let_go(&self) {
        self.file.let_go();
    }
}

struct Setup {
    disk: SimulatedFileSystem,
    log: Arc<NumberLog>,
    cache: Arc<PageCache>,
    file: Arc<CachedFile>,
}

impl Setup {
    fn new(pages: u32, cache_bytes: usize) -> Self {
        let disk = SimulatedFileSystem::default();
        let log = Arc::new(NumberLog::default());
        let cache = PageCache::new(cache_bytes);
        let plain = disk.create(Path::new(PATH), Existing::Keep).unwrap();
        let checked = Arc::new(CheckedFile { file: plain, log: Arc::clone(&log) });
        let file = cache.attach(checked, SIZE).unwrap();
        file.set_gate(Arc::clone(&log) as Arc<dyn WriteGate>);
        file.set_page_count(pages).unwrap();
        Self { disk, log, cache, file }
    }

    /// The numbers in the pages as another process finds them.
    fn reopened(self, pages: u32) -> Vec<Option<u64>> {
        drop((self.file, self.cache));
        let cache = PageCache::new(0);
        let file = cache.attach(self.disk.open(Path::new(PATH), Access::Read).unwrap(), SIZE).unwrap();
        (1..=pages).map(|page| file.latch(page).ok().map(|guard| number_in(guard.view()))).collect()
    }
}

/// Makes a page with one line that holds a number.
fn build(file: &CachedFile, page: u32, number: u64, change: u64) {
    let mut guard = file.latch_new(page).unwrap();
    let new = NewPage {
        objid: 7,
        dbtime: change,
        flags: PageFlags::ROOT | PageFlags::LEAF,
        reserved_tags: ReservedTagForm::Implied,
    };
    let mut built = PageMut::create(guard.buffer(), SIZE, page, new).unwrap();
    built.insert_line(0, &[&KEY, &number.to_le_bytes()], NodeFlags::empty()).unwrap();
    guard.mark_changed(logged(change));
}

fn number_in(view: PageView<'_>) -> u64 {
    u64::from_le_bytes(view.node(0).unwrap().data.try_into().unwrap())
}

fn add_one(file: &CachedFile, page: u32, change: impl FnOnce() -> u64) {
    let mut guard = file.latch_write(page).unwrap();
    let change = change();
    let number = number_in(guard.view()) + 1;
    let mut changed = guard.page();
    changed.replace_line(0, &[&KEY, &number.to_le_bytes()], NodeFlags::empty()).unwrap();
    changed.set_dbtime(change);
    guard.mark_changed(logged(change));
}

#[test]
fn changed_pages_come_back_from_the_file_and_neighbours_share_a_write() {
    let setup = Setup::new(40, 1 << 20);
    for page in (1..=10).chain(20..=29) {
        build(&setup.file, page, page.into(), page.into());
    }
    assert_eq!((setup.file.dirty_pages(), setup.file.oldest_begin0()), (20, Some(at(1))));
    assert_eq!(setup.file.write_back(WriteBack::OldestBefore(at(6))).unwrap(), 5);
    assert_eq!(setup.file.oldest_begin0(), Some(at(6)));
    assert_eq!(setup.file.write_back(WriteBack::All).unwrap(), 15);
    assert_eq!((setup.file.dirty_pages(), setup.file.oldest_begin0()), (0, None));
    let statistics = setup.cache.statistics();
    assert_eq!((statistics.written, statistics.writes), (20, 3));
    assert_eq!(setup.log.flushes.load(Ordering::SeqCst), 2, "one flush for each batch");
    let found = setup.reopened(40);
    let wanted = |page: u32| (page <= 10 || (20..=29).contains(&page)).then_some(u64::from(page));
    assert_eq!(found, (1..=40).map(wanted).collect::<Vec<_>>());
}

#[test]
fn every_write_advances_the_flush_type_of_the_page_in_the_file() {
    let setup = Setup::new(4, 1 << 20);
    build(&setup.file, 3, 0, 1);
    let mut types = Vec::new();
    for change in 2..=5 {
        setup.file.write_back(WriteBack::All).unwrap();
        let content = setup.disk.content(Path::new(PATH)).unwrap();
        let page = PageView::parse(&content[4 * SIZE.bytes()..], SIZE, 3).unwrap();
        types.push(page.flags().flush_type());
        add_one(&setup.file, 3, || change);
    }
    assert_eq!(types, [FlushType::Rock, FlushType::Paper, FlushType::Scissors, FlushType::Rock]);
}

#[test]
fn a_new_page_that_nobody_announced_leaves_everything_as_it_was() {
    let setup = Setup::new(4, 1 << 20);
    setup.file.latch_new(2).unwrap().buffer().fill(7);
    assert_eq!(setup.file.latch(2).unwrap_err().jet(), JetError::PAGE_NOT_INITIALIZED);
    build(&setup.file, 2, 22, 1);
    setup.file.latch_new(2).unwrap().buffer().fill(7);
    assert_eq!(number_in(setup.file.latch(2).unwrap().view()), 22);
    let shared = setup.file.latch_write(2).unwrap().downgrade();
    assert_eq!(number_in(setup.file.latch(2).unwrap().view()), number_in(shared.view()));
}

#[test]
fn pages_beyond_the_end_are_errors_until_the_file_has_grown() {
    let setup = Setup::new(3, 1 << 20);
    assert_eq!(setup.file.latch_new(4).unwrap_err().jet(), JetError::FILE_IO_BEYOND_EOF);
    assert_eq!(setup.file.latch_write(4).unwrap_err().jet(), JetError::FILE_IO_BEYOND_EOF);
    setup.file.set_page_count(10).unwrap();
    build(&setup.file, 4, 4, 1);
    build(&setup.file, 9, 9, 2);
    setup.file.set_page_count(8).unwrap();
    assert_eq!(
        (setup.file.dirty_pages(), setup.file.latch(9).unwrap_err().jet()),
        (1, JetError::FILE_IO_BEYOND_EOF)
    );
    setup.file.write_back(WriteBack::All).unwrap();
    assert_eq!(setup.file.file().length().unwrap(), 10 * SIZE.bytes() as u64);
    setup.file.set_page_count(10).unwrap();
    assert_eq!(setup.file.latch(9).unwrap_err().jet(), JetError::PAGE_NOT_INITIALIZED);
}

#[test]
fn a_file_without_a_gate_is_not_writable() {
    let setup = Setup::new(3, 1 << 20);
    setup.disk.put("/y.edb", vec![0; 5 * SIZE.bytes()]);
    let file = setup.disk.open(Path::new("/y.edb"), Access::Read).unwrap();
    let file = setup.cache.attach(file, SIZE).unwrap();
    assert_eq!(file.latch_new(1).unwrap_err().jet(), JetError::DATABASE_FILE_READ_ONLY);
    assert_eq!(file.latch_write(1).unwrap_err().jet(), JetError::DATABASE_FILE_READ_ONLY);
    assert_ne!(file.id(), setup.file.id());
}

#[test]
fn a_latched_page_is_refused_to_who_does_not_wait() {
    let setup = Setup::new(3, 1 << 20);
    build(&setup.file, 1, 1, 1);
    let reader = setup.file.latch(1).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(setup.file.try_latch_write(1).unwrap().is_none()));
    });
    drop(reader);
    assert_eq!(setup.file.try_latch_write(1).unwrap().map(|guard| guard.number()), Some(1));
}

#[test]
fn pages_stay_dirty_when_the_log_or_the_disk_fails_and_are_written_when_it_is_well_again() {
    let setup = Setup::new(20, 1 << 20);
    (1..=20).for_each(|page| build(&setup.file, page, page.into(), page.into()));
    setup.log.broken.store(true, Ordering::SeqCst);
    assert_eq!(setup.file.write_back(WriteBack::All).unwrap_err().jet(), JetError::LOG_WRITE_FAIL);
    setup.log.broken.store(false, Ordering::SeqCst);
    setup.disk.fail_after(0, io::ErrorKind::StorageFull);
    assert_eq!(setup.file.write_back(WriteBack::All).unwrap_err().jet(), JetError::DISK_FULL);
    assert_eq!((setup.file.dirty_pages(), setup.file.oldest_begin0()), (20, Some(at(1))));
    setup.disk.heal();
    assert_eq!(setup.file.write_back(WriteBack::All).unwrap(), 20);
    assert_eq!(setup.reopened(20), (1..=20).map(Some).collect::<Vec<_>>());
}

#[test]
fn a_before_image_that_was_logged_is_durable_before_the_page_also_at_the_second_try() {
    let setup = Setup::new(20, 1 << 20);
    build(&setup.file, 1, 1, 1);
    setup.log.before_image.store(77, Ordering::SeqCst);
    setup.log.broken.store(true, Ordering::SeqCst);
    setup.file.write_back(WriteBack::All).unwrap_err();
    setup.log.broken.store(false, Ordering::SeqCst);
    setup.file.write_back(WriteBack::All).unwrap();
    assert_eq!(setup.log.durable.load(Ordering::SeqCst), 77);
}

#[test]
fn a_cache_full_of_pages_that_cannot_be_written_gives_the_error_and_loses_none_of_them() {
    let pages = 6 * CACHE_PAGES_MIN as u32;
    let setup = Setup::new(pages, 0);
    setup.disk.fail_after(0, io::ErrorKind::StorageFull);
    let mut built = 0;
    let refused = (1..=pages).find_map(|page| match setup.file.latch_new(page) {
        Ok(guard) => {
            drop(guard);
            build(&setup.file, page, page.into(), page.into());
            built = page;
            None
        }
        Err(error) => Some(error.jet()),
    });
    assert_eq!(refused, Some(JetError::DISK_FULL));
    assert!(built >= 2 * CACHE_PAGES_MIN as u32, "{built} pages");
    setup.disk.heal();
    (1..=built)
        .for_each(|page| assert_eq!(number_in(setup.file.latch(page).unwrap().view()), u64::from(page)));
    setup.file.write_back(WriteBack::All).unwrap();
    let found = setup.reopened(built);
    assert_eq!(found, (1..=built).map(|page| Some(page.into())).collect::<Vec<_>>());
}

#[test]
fn a_thread_that_holds_latches_makes_its_room_itself() {
    let setup = Setup::new(400, 0);
    (1..=100).for_each(|page| build(&setup.file, page, page.into(), page.into()));
    let held: Vec<_> = (1..=3).map(|page| setup.file.latch_write(page).unwrap()).collect();
    (101..=400).for_each(|page| build(&setup.file, page, page.into(), page.into()));
    assert!(setup.cache.statistics().bytes <= 2 * CACHE_PAGES_MIN * SIZE.bytes());
    drop(held);
    setup.file.write_back(WriteBack::All).unwrap();
    assert_eq!(setup.reopened(400), (1..=400).map(Some).collect::<Vec<_>>());
}

#[test]
fn the_cleaner_writes_what_will_be_given_up_and_a_smaller_cache_gives_up_at_once() {
    let setup = Setup::new(400, 200 * SIZE.bytes());
    (1..=200).for_each(|page| build(&setup.file, page, page.into(), page.into()));
    let written = setup.cache.write_some().unwrap();
    assert!((50..=200).contains(&written), "{written} pages");
    assert_eq!(setup.file.dirty_pages() as u64, 200 - written);
    setup.cache.set_capacity(100 * SIZE.bytes());
    setup.file.write_back(WriteBack::All).unwrap();
    setup.cache.set_capacity(50 * SIZE.bytes());
    assert_eq!(setup.cache.capacity(), 50 * SIZE.bytes());
    assert!(setup.cache.statistics().bytes <= 50 * SIZE.bytes());
    assert_eq!(setup.reopened(200), (1..=200).map(Some).collect::<Vec<_>>());
}

#[test]
fn a_scan_neither_loses_nor_repeats_changes_and_reads_no_page_older_than_the_cache() {
    let setup = Setup::new(300, 64 * SIZE.bytes());
    (1..=300).for_each(|page| build(&setup.file, page, 0, page.into()));
    for round in 1..=3 {
        for page in (1..=300).step_by(7) {
            add_one(&setup.file, page, || 300 * round + u64::from(page));
        }
        setup.file.read_ahead(1);
        for page in 1..=300 {
            if page % 50 == 1 {
                setup.file.read_ahead(page);
            }
            let wanted = if page % 7 == 1 { round } else { 0 };
            assert_eq!(number_in(setup.file.latch(page).unwrap().view()), wanted, "page {page}");
        }
    }
}

#[test]
fn discarded_changes_are_gone() {
    let setup = Setup::new(10, 1 << 20);
    (1..=10).for_each(|page| build(&setup.file, page, 1, page.into()));
    setup.file.write_back(WriteBack::All).unwrap();
    (1..=5).for_each(|page| add_one(&setup.file, page, || 20));
    setup.file.discard_changes();
    assert_eq!((setup.file.dirty_pages(), setup.file.oldest_begin0()), (0, None));
    (1..=10).for_each(|page| assert_eq!(number_in(setup.file.latch(page).unwrap().view()), 1));
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "would wait for itself")]
fn a_thread_that_would_wait_for_itself_is_caught() {
    let setup = Setup::new(10, 1 << 20);
    build(&setup.file, 1, 1, 1);
    let _reader = setup.file.latch(1).unwrap();
    drop(setup.file.latch_write(1));
}

#[test]
fn an_unlogged_file_needs_no_log() {
    let disk = SimulatedFileSystem::default();
    let cache = PageCache::new(0);
    let file = cache.attach(disk.create(Path::new(PATH), Existing::Keep).unwrap(), SIZE).unwrap();
    file.set_gate(Arc::new(OpenGate));
    file.set_page_count(100).unwrap();
    for page in 1..=100 {
        build(&file, page, page.into(), 0);
        file.latch_write(page).unwrap().mark_untidy();
    }
    (1..=100).for_each(|page| assert_eq!(number_in(file.latch(page).unwrap().view()), u64::from(page)));
}

/// xorshift64.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn threads_that_write_read_clean_and_scan_a_cache_too_small_lose_no_change() {
    const PAGES: u32 = 400;
    const WRITERS: u64 = 3;
    const CHANGES: u64 = 4000;
    let setup = Setup::new(PAGES, 48 * SIZE.bytes());
    let change = AtomicU64::new(u64::from(PAGES));
    (1..=PAGES).for_each(|page| build(&setup.file, page, 0, page.into()));
    let counts: Vec<AtomicU64> = (0..=PAGES).map(|_| AtomicU64::new(0)).collect();
    let (file, cache) = (&setup.file, &setup.cache);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (1..=WRITERS)
            .map(|seed| {
                let (counts, change) = (&counts, &change);
                scope.spawn(move || {
                    let mut state = seed;
                    for _ in 0..CHANGES {
                        let page = (next(&mut state) % u64::from(PAGES)) as u32 + 1;
                        add_one(file, page, || change.fetch_add(1, Ordering::SeqCst) + 1);
                        counts[page as usize].fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut state = 99;
            while !stop.load(Ordering::SeqCst) {
                let page = (next(&mut state) % u64::from(PAGES)) as u32 + 1;
                let before = counts[page as usize].load(Ordering::SeqCst);
                assert!(number_in(file.latch(page).unwrap().view()) >= before, "page {page} went back");
                if state % 16 == 0 {
                    file.read_ahead(page);
                }
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                cache.write_some().unwrap();
                let tip = change.load(Ordering::SeqCst);
                file.write_back(WriteBack::OldestBefore(at(tip.saturating_sub(100)))).unwrap();
            }
        });
        let writers: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        stop.store(true, Ordering::SeqCst);
        assert!(writers.iter().all(|joined| joined.is_ok()));
    });
    assert!(setup.cache.statistics().evictions > 1000, "the cache is too small for all pages");
    setup.file.write_back(WriteBack::All).unwrap();
    setup.file.sync().unwrap();
    let wanted: Vec<_> = counts.iter().skip(1).map(|count| Some(count.load(Ordering::SeqCst))).collect();
    assert_eq!(wanted.iter().flatten().sum::<u64>(), WRITERS * CHANGES);
    assert_eq!(setup.reopened(PAGES), wanted);
}

#[test]
fn an_error_of_the_disk_names_operation_and_place() {
    let setup = Setup::new(3, 1 << 20);
    build(&setup.file, 3, 1, 1);
    setup.disk.fail_after(0, io::ErrorKind::Other);
    let Err(Error::Io(failure)) = setup.file.write_back(WriteBack::All) else {
        panic!("an error of the disk")
    };
    assert_eq!((failure.operation, failure.offset), (IoOperation::Write, Some(4 * SIZE.bytes() as u64)));
}
