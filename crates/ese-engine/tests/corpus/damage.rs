//! Damaged databases: every lie ends in an error that names file, page and field; nothing panics, hangs or eats memory.

use std::sync::Arc;

use crate::samples::open_bytes;
use ese_corpus::CorpusFile;
use ese_engine::cache::PageCache;
use ese_engine::database::{Database, OpenOptions};
use ese_engine::error::Result;
use ese_engine::io::{Access, FileSystem, OsFileSystem, SimulatedFileSystem};
use ese_engine::space::TreeSpace;
use ese_format::checksum::seal_page;
use ese_format::error::JetError;
use ese_format::page::PageFlags;
use ese_format::page_size::PageSize;

/// Generator of places to damage: xorshift64*.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

/// A database in memory whose pages can be changed and sealed again.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
    pub(crate) size: PageSize,
}

impl Image {
    pub(crate) fn of(file: &CorpusFile) -> Self {
        let bytes = file.bytes();
        let size =
            PageSize::from_header_field(u32::from_le_bytes(bytes[236..240].try_into().unwrap())).unwrap();
        Self { bytes, size }
    }

    pub(crate) fn start(&self, page: u32) -> usize {
        (page as usize + 1) * self.size.bytes()
    }

    pub(crate) fn page(&mut self, page: u32) -> &mut [u8] {
        let start = self.start(page);
        let bytes = self.size.bytes();
        &mut self.bytes[start..start + bytes]
    }

    pub(crate) fn number(&self, page: u32, offset: usize) -> u32 {
        let at = self.start(page) + offset;
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap())
    }

    pub(crate) fn put_number(&mut self, page: u32, offset: usize, number: u32) {
        self.page(page)[offset..offset + 4].copy_from_slice(&number.to_le_bytes());
        self.seal(page);
    }

    pub(crate) fn seal(&mut self, page: u32) {
        let size = self.size;
        seal_page(self.page(page), size, page).unwrap();
    }

    pub(crate) fn pages(&self) -> u32 {
        (self.bytes.len() / self.size.bytes()) as u32 - 2
    }

    pub(crate) fn is_used(&self, page: u32) -> bool {
        let start = self.start(page);
        self.bytes[start..start + 8].iter().any(|byte| *byte != 0)
    }

    pub(crate) fn flags(&self, page: u32) -> PageFlags {
        PageFlags::from_bits_retain(self.number(page, 36))
    }

    pub(crate) fn open(&self) -> Result<Database> {
        open_bytes(self.bytes.clone(), None)
    }
}

const PREVIOUS: usize = 16;
const NEXT: usize = 20;
const OBJID: usize = 24;

#[derive(Default, Debug)]
struct Read {
    rows: usize,
    bytes: usize,
    entries: usize,
    owned: u64,
}

/// Reads all that a database has: schema, rows, values, index entries with their rows, space.
fn read_everything(database: &Database) -> Result<Read> {
    let mut read = Read::default();
    let mut buffer = Vec::new();
    read.owned += TreeSpace::read(&database.root_tree()?)?.owned_pages();
    for schema in database.tables()? {
        let table = database.open_schema(&schema)?;
        read.owned += TreeSpace::read(table.tree())?.owned_pages();
        table.tree().visit_pages(&mut |_, _| Ok(()))?;
        let mut cursor = table.cursor();
        while cursor.move_next()? {
            read.rows += 1;
            for column in cursor.row()?.columns() {
                for value in column?.1.iter() {
                    read.bytes += value?.read(&mut buffer)?.len();
                }
            }
        }
        for index in schema.indexes() {
            let mut cursor = table.index_cursor(index.name.as_bytes())?;
            while cursor.move_next()? {
                read.entries += 1;
                cursor.row()?;
            }
        }
        if let Some(tree) = table.long_value_tree()? {
            tree.tree().visit_pages(&mut |_, _| Ok(()))?;
            let mut chunks = tree.tree().cursor();
            while chunks.move_next()? {}
        }
    }
    Ok(read)
}

fn read_image(image: &Image) -> Result<Read> {
    read_everything(&image.open()?)
}

pub(crate) fn sample(name: &str) -> Option<Image> {
    let corpus = ese_corpus::corpus()?;
    Some(Image::of(&ese_corpus::file(&corpus, name).unwrap_or_else(|| panic!("the corpus has no {name}"))))
}

pub(crate) fn image(test: &str, name: &str) -> Option<Image> {
    let image = sample(name);
    if image.is_none() {
        ese_corpus::skipped(test);
    }
    image
}

/// The outcome must be an error of bytes that names page and field, or no error at all.
fn assert_named(outcome: Result<Read>, what: &str) -> bool {
    match outcome {
        Ok(_) => false,
        Err(error) => {
            let Some(inside) = error.format_error() else {
                // A value that nobody can read without a key, or a tree that the catalog does not name, is no damage.
                let jet = error.jet();
                let about_no_page = [JetError::COLUMN_NO_ENCRYPTION_KEY, JetError::LV_CORRUPTED];
                assert!(about_no_page.contains(&jet), "{what}: {error}");
                return true;
            };
            assert!(
                !inside.field().is_empty() && error.to_string().contains("/memory.edb"),
                "{what}: {error}"
            );
            assert!(inside.page().is_some(), "{what} names no page: {error}");
            true
        }
    }
}

#[test]
fn flipped_bits_under_a_good_checksum_never_break_the_reader() {
    let test = "flipped_bits_under_a_good_checksum_never_break_the_reader";
    let samples = [
        "windows/tables/multi.edb",
        "windows/tables/index.edb",
        "windows/tables/test.edb",
        "ese/fresh-16k/fresh.edb",
    ];
    let (mut tried, mut errors) = (0, 0);
    for name in samples {
        let Some(original) = image(test, name) else { return };
        assert!(read_image(&original).unwrap().rows > 50);
        let used: Vec<_> = (1..=original.pages()).filter(|page| original.is_used(*page)).collect();
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        for round in 0..400 {
            let mut damaged = original.clone();
            for _ in 0..1 + round % 4 {
                let page = used[random.below(used.len())];
                let bytes = original.size.bytes();
                // Half of the damage goes where the structure is: header, first items, tags.
                let at = match random.below(4) {
                    0 => 8 + random.below(92),
                    1 => bytes - 1 - random.below(64),
                    _ => random.below(bytes),
                };
                damaged.page(page)[at] ^= 1 << random.below(8);
                damaged.seal(page);
            }
            tried += 1;
            errors += usize::from(assert_named(read_image(&damaged), &format!("{name}, round {round}")));
        }
    }
    ese_corpus::report!("{tried} damaged databases read, {errors} errors named");
    assert!(errors > tried / 10, "{errors} of {tried}");
}

#[test]
fn a_truncated_database_says_which_page_is_missing() {
    let test = "a_truncated_database_says_which_page_is_missing";
    let Some(original) = image(test, "windows/tables/multi.edb") else { return };
    let (mut tried, mut errors) = (0, 0);
    let step = original.size.bytes() / 2 + 37;
    for length in (2 * original.size.bytes()..original.bytes.len()).step_by(step) {
        let cut = Image { bytes: original.bytes[..length].to_vec(), size: original.size };
        tried += 1;
        let outcome = read_image(&cut);
        if let Err(error) = &outcome {
            assert_eq!(error.jet(), JetError::FILE_IO_BEYOND_EOF, "{length}: {error}");
        }
        errors += usize::from(assert_named(outcome, &format!("cut at {length}")));
    }
    ese_corpus::report!("{tried} lengths, {errors} errors");
    assert!(errors > 20, "{errors}");
}

#[test]
fn what_is_no_database_is_refused_with_the_documented_code() {
    for content in [vec![], vec![7], vec![0xA5; 4096], vec![0; 100_000]] {
        let error = open_bytes(content, None).unwrap_err();
        assert_eq!(error.jet(), JetError::DATABASE_CORRUPTED, "{error}");
    }
    let Some(original) = image("what_is_no_database…", "windows/tables/basic.edb") else { return };
    let mut both_copies_bad = original.clone();
    both_copies_bad.bytes[100] ^= 1;
    both_copies_bad.bytes[4096 + 100] ^= 1;
    assert_eq!(both_copies_bad.open().unwrap_err().jet(), JetError::DATABASE_CORRUPTED);
    let mut shadow_stands_in = original.clone();
    shadow_stands_in.bytes[100] ^= 1;
    assert_eq!(read_image(&shadow_stands_in).unwrap().rows, read_image(&original).unwrap().rows);
}

#[test]
fn a_dirty_database_is_refused_unless_a_dump_asks_for_it() {
    let test = "a_dirty_database_is_refused_unless_a_dump_asks_for_it";
    let Some(dirty) = image(test, "windows/srum-belkasoft/Dirty/SRUDB.dat") else { return };
    let disk = SimulatedFileSystem::default();
    disk.put("/dirty.dat", dirty.bytes.clone());
    let options = OpenOptions { file_system: Arc::new(disk), ..OpenOptions::default() };
    let error = Database::open("/dirty.dat", &options).unwrap_err();
    assert_eq!(error.jet(), JetError::DATABASE_DIRTY_SHUTDOWN, "{error}");
    assert!(!dirty.open().unwrap().tables().unwrap().is_empty());
}

#[test]
fn one_wrong_bit_is_corrected_and_two_are_an_error_that_names_the_page() {
    let test = "one_wrong_bit_is_corrected_and_two_are_an_error_that_names_the_page";
    for name in [
        "windows/tables/multi.edb",
        "ese/fresh-8k/fresh.edb",
        "ese/fresh-16k/fresh.edb",
        "ese/fresh-32k/fresh.edb",
    ] {
        let Some(original) = image(test, name) else { return };
        let rows = read_image(&original).unwrap().rows;
        let mut damaged = original.clone();
        damaged.page(4)[200] ^= 0x10;
        let cache = PageCache::new(1 << 20);
        let database = open_bytes(damaged.bytes.clone(), Some(Arc::clone(&cache))).unwrap();
        assert_eq!(read_everything(&database).unwrap().rows, rows);
        assert_eq!(cache.statistics().corrected, 1, "{name}");
        damaged.page(4)[300] ^= 0x01;
        let error = read_image(&damaged).unwrap_err();
        assert_eq!(
            (error.jet(), error.format_error().unwrap().page()),
            (JetError::READ_VERIFY_FAILURE, Some(4))
        );
    }
}

/// Leaves of a tree that are not its root, in the order of their page numbers.
fn leaves(image: &Image, kind: PageFlags, wanted: impl Fn(u32) -> bool) -> Vec<u32> {
    let mask =
        PageFlags::INDEX | PageFlags::LONG_VALUE | PageFlags::SPACE_TREE | PageFlags::ROOT | PageFlags::EMPTY;
    let is_leaf = |page: &u32| {
        let flags = image.flags(*page);
        image.is_used(*page) && flags.contains(PageFlags::LEAF) && flags.intersection(mask) == kind
    };
    (1..=image.pages()).filter(is_leaf).filter(|page| wanted(image.number(*page, OBJID))).collect()
}

#[test]
fn sibling_links_that_run_in_a_circle_end_in_bad_page_link() {
    let test = "sibling_links_that_run_in_a_circle_end_in_bad_page_link";
    let Some(original) = image(test, "ese/big/big.edb") else { return };
    let catalog = [2, 3];
    let table_leaves = leaves(&original, PageFlags::empty(), |objid| !catalog.contains(&objid));
    let last = *table_leaves.iter().find(|page| original.number(**page, NEXT) == 0).unwrap();
    let first = *table_leaves.iter().find(|page| original.number(**page, PREVIOUS) == 0).unwrap();
    let scan = |image: &Image| {
        let database = image.open().unwrap();
        let schema =
            database.tables().unwrap().into_iter().find(|table| !table.name().starts_with("MSys")).unwrap();
        let mut cursor = database.open_schema(&schema).unwrap().cursor();
        let mut rows = 0;
        loop {
            match cursor.move_next() {
                Ok(true) => rows += 1,
                Ok(false) => return Ok(rows),
                Err(error) => return Err((rows, error)),
            }
        }
    };
    let rows: usize = scan(&original).unwrap();
    // The last leaf names the first as its neighbour, and the first agrees: order betrays them.
    let mut circle = original.clone();
    circle.put_number(last, NEXT, first);
    let (read, error) = scan(&circle).unwrap_err();
    assert_eq!((read, error.jet()), (rows, JetError::BAD_PAGE_LINK), "{error}");
    // One leaf names itself.
    let mut knot = original.clone();
    knot.put_number(first, NEXT, first);
    let (read, error) = scan(&knot).unwrap_err();
    assert!(read < rows && error.jet() == JetError::BAD_PAGE_LINK, "{error}");
    assert_eq!(error.format_error().unwrap().page(), Some(first));
}

#[test]
fn child_pointers_that_run_in_a_circle_end_in_bad_parent_page_link() {
    let test = "child_pointers_that_run_in_a_circle_end_in_bad_parent_page_link";
    let Some(original) = image(test, "windows/tables/basic.edb") else { return };
    // Page 4, the root of the catalog, has two children; each child pointer is the last 4 bytes of its line.
    let find = |image: &Image, child: u32| {
        let start = image.start(4);
        let page = &image.bytes[start..start + image.size.bytes()];
        page.windows(4).position(|bytes| bytes == child.to_le_bytes()).unwrap()
    };
    for target in [4, 2, 7, 24, 200, 0, u32::MAX] {
        let mut damaged = original.clone();
        let at = find(&original, 13);
        damaged.put_number(4, at, target);
        let error = read_image(&damaged).unwrap_err();
        let documented = [
            JetError::BAD_PARENT_PAGE_LINK,
            JetError::PAGE_NOT_INITIALIZED,
            JetError::NODE_CORRUPTED,
            JetError::FILE_IO_BEYOND_EOF,
        ];
        assert!(documented.contains(&error.jet()), "child {target}: {error}");
        assert!(error.format_error().unwrap().page().is_some(), "{error}");
    }
}

#[test]
fn long_values_that_lie_about_their_size_end_in_an_error_of_the_long_value() {
    let test = "long_values_that_lie_about_their_size_end_in_an_error_of_the_long_value";
    let Some(original) = image(test, "windows/tables/test.edb") else { return };
    // The root of LID 1: 8 bytes of key and count, then data with count 1 and size 65536 (spec 04 §10.2).
    let root: Vec<u8> = [&[0, 0, 0, 1], &1u32.to_le_bytes()[..], &65536u32.to_le_bytes()].concat();
    let at = original.bytes.windows(root.len()).position(|bytes| bytes == root).unwrap() + 8;
    let page = (at / original.size.bytes()) as u32 - 1;
    for size in [65535_u32, 65537, 70_000, 0x7FFF_FFFF, 4013, u32::MAX] {
        let mut damaged = original.clone();
        damaged.put_number(page, at % original.size.bytes(), size);
        let error = read_image(&damaged).unwrap_err();
        // A last chunk shorter than the lie makes it is taken for a compressed one.
        let documented = [JetError::LV_CORRUPTED, JetError::DECOMPRESSION_FAILED];
        assert!(documented.contains(&error.jet()), "size {size}: {error}");
        assert!(error.format_error().unwrap().page().is_some(), "{error}");
    }
}

#[test]
fn long_value_trees_whose_leaves_run_in_a_circle_end_in_bad_page_link() {
    let test = "long_value_trees_whose_leaves_run_in_a_circle_end_in_bad_page_link";
    let Some(original) = image(test, "ese/types/types.edb") else { return };
    let tree_leaves = leaves(&original, PageFlags::LONG_VALUE, |_| true);
    assert!(tree_leaves.len() > 20, "{tree_leaves:?}");
    let (mut tried, mut errors) = (0, 0);
    for (place, leaf) in tree_leaves.iter().enumerate().step_by(tree_leaves.len() / 12) {
        for target in [*leaf, tree_leaves[place / 2], 4, 3, original.pages() + 7] {
            let mut damaged = original.clone();
            damaged.put_number(*leaf, NEXT, target);
            if target == original.number(*leaf, NEXT) {
                continue;
            }
            tried += 1;
            errors += usize::from(assert_named(read_image(&damaged), &format!("{leaf} -> {target}")));
        }
    }
    ese_corpus::report!("{tried} wrong links, {errors} errors");
    assert_eq!(errors, tried);
}

#[test]
fn catalog_rows_that_lie_end_in_catalog_corrupted() {
    let test = "catalog_rows_that_lie_end_in_catalog_corrupted";
    let Some(original) = image(test, "ese/indexes/indexes.edb") else { return };
    let patched = |from: &[u8], to: &[u8]| {
        let mut damaged = original.clone();
        let mut patches = 0;
        for page in (1..=original.pages()).filter(|page| original.is_used(*page)) {
            if original.number(page, OBJID) != 2 || !original.flags(page).contains(PageFlags::LEAF) {
                continue;
            }
            let places: Vec<_> = damaged
                .page(page)
                .windows(from.len())
                .enumerate()
                .filter(|(_, bytes)| *bytes == from)
                .map(|(at, _)| at)
                .collect();
            patches += places.len();
            for at in places {
                damaged.page(page)[at..at + to.len()].copy_from_slice(to);
                damaged.seal(page);
            }
        }
        assert!(patches > 0, "nothing to patch");
        damaged.open().unwrap()
    };
    // Names lie one behind the other: first the table's, then its template's.
    for (what, from, to) in [
        ("no such template", b"DerivedTmpl", b"DerivedTmpx"),
        ("a template that is none", b"DerivedTmpl", b"DerivedIx\0\0"),
    ] {
        let database = patched(from, to);
        let error = database.open_table("Derived").unwrap_err();
        assert_eq!(error.jet(), JetError::CATALOG_CORRUPTED, "{what}: {error}");
        assert!(error.format_error().unwrap().page().is_some(), "{what}: {error}");
        assert!(database.open_table("Ix").is_ok(), "{what}: other tables are as they were");
        assert_eq!(database.open_table("Nobody").unwrap_err().jet(), JetError::OBJECT_NOT_FOUND);
    }
}

#[test]
fn a_database_on_the_real_disk_is_read_the_same_and_writers_are_kept_out() {
    let test = "a_database_on_the_real_disk_is_read_the_same_and_writers_are_kept_out";
    let Some(original) = image(test, "windows/tables/multi.edb") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("multi.edb");
    std::fs::write(&path, &original.bytes).unwrap();
    let database = Database::open(&path, &OpenOptions::default()).unwrap();
    let second = Database::open(&path, &OpenOptions::default()).unwrap();
    assert_eq!(read_everything(&database).unwrap().bytes, read_image(&original).unwrap().bytes);
    let refused = OsFileSystem.open(&path, Access::ReadWrite).unwrap_err();
    assert_eq!(refused.jet(), JetError::FILE_ACCESS_DENIED);
    drop((database, second));
    OsFileSystem.open(&path, Access::ReadWrite).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), original.bytes, "reading changed the file");
}

#[test]
fn a_page_of_zeros_and_a_page_at_the_wrong_place_are_told_apart() {
    let test = "a_page_of_zeros_and_a_page_at_the_wrong_place_are_told_apart";
    for name in ["windows/tables/basic.edb", "ese/fresh-32k/fresh.edb"] {
        let Some(original) = image(test, name) else { return };
        let mut zeros = original.clone();
        zeros.page(4).fill(0);
        let error = zeros.open().unwrap_err();
        assert_eq!(
            (error.jet(), error.format_error().unwrap().page()),
            (JetError::PAGE_NOT_INITIALIZED, Some(4))
        );
        let mut moved = original.clone();
        let other = moved.page(24).to_vec();
        moved.page(4).copy_from_slice(&other);
        let error = moved.open().unwrap_err();
        assert_eq!(error.format_error().unwrap().page(), Some(4));
        let documented = [JetError::READ_VERIFY_FAILURE, JetError::READ_PGNO_VERIFY_FAILURE];
        assert!(documented.contains(&error.jet()), "{error}");
    }
}

#[test]
fn a_disk_that_fails_at_any_read_gives_an_error_with_its_place() {
    let test = "a_disk_that_fails_at_any_read_gives_an_error_with_its_place";
    let Some(original) = image(test, "windows/tables/multi.edb") else { return };
    let disk = SimulatedFileSystem::default();
    disk.put("/memory.edb", original.bytes.clone());
    let mut failures = 0;
    for calls in 0.. {
        disk.fail_after(calls, std::io::ErrorKind::Other);
        let options = OpenOptions { file_system: Arc::new(disk.clone()), ..OpenOptions::default() };
        match Database::open("/memory.edb", &options).and_then(|database| read_everything(&database)) {
            Ok(read) => {
                assert!(read.rows > 50);
                break;
            }
            Err(error) => {
                assert_eq!(error.jet(), JetError::DISK_IO, "{error}");
                assert!(error.to_string().contains("/memory.edb"), "{error}");
                failures += 1;
            }
        }
        disk.heal();
    }
    ese_corpus::report!("{failures} failing calls, {failures} errors");
    assert!(failures > 20, "{failures}");
}
