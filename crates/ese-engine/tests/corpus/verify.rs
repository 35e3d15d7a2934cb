//! The verifier on real databases: clean ones are sound, known leaks are warnings, and every kind of damage is found on
//! the page it was done to.

use std::collections::BTreeMap;
use std::sync::Arc;

use ese_engine::catalog::TableSchema;
use ese_engine::database::Database;
use ese_engine::verify::{Finding, Severity, VerifyOptions, VerifyReport, verify};
use ese_format::column_type::ColumnType;
use ese_format::database_header::{DatabaseState, PROBE_BYTES, choose_header};
use ese_format::error::JetError;
use ese_format::node::NodeFlags;
use ese_format::page::{PageFlags, PageMut};
use ese_format::record::{
    ColumnDefinition, ColumnLocation, NewValue, RecordBuilder, RecordFormat, RecordView, Value,
};

use crate::damage::{Image, Random, image};
use crate::samples::open_bytes;

fn check(database: &Database) -> VerifyReport {
    verify(database, &VerifyOptions::default(), &mut |_| {})
}

/// Every database of the corpus that is closed cleanly, by its path, with its bytes.
pub(crate) fn clean_databases(mut visit: impl FnMut(&str, Vec<u8>)) -> Option<usize> {
    let corpus = ese_corpus::corpus()?;
    let mut count = 0;
    for file in ese_corpus::files(&corpus) {
        let bytes = file.bytes();
        let probe = bytes.get(..PROBE_BYTES).unwrap_or(&bytes);
        let Ok(pair) = choose_header(probe) else { continue };
        let header = &pair.header;
        if header.fields.magic.get() == ese_format::database_header::MAGIC
            && header.state() == Some(DatabaseState::CleanShutdown)
        {
            count += 1;
            visit(&file.name, bytes);
        }
    }
    Some(count)
}

#[test]
fn clean_databases_are_sound_and_their_leaks_are_known() {
    let mut leaks = BTreeMap::new();
    let (mut pages, mut rows, mut entries, mut compared, mut not_compared, mut values) = (0, 0, 0, 0, 0, 0);
    let count = clean_databases(|name, bytes| {
        let database = open_bytes(bytes, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = check(&database);
        for finding in report.damage() {
            ese_corpus::report!("{name}: {finding}");
        }
        assert!(report.is_sound(), "{name}: {} errors", report.errors);
        let counts = report.counts;
        pages += counts.pages;
        rows += counts.rows;
        entries += counts.entries;
        compared += counts.indexes_compared;
        not_compared += counts.indexes_not_compared;
        values += counts.long_values;
        if counts.leaked_pages > 0 {
            leaks.insert(name.to_owned(), counts.leaked_pages);
        }
    });
    let Some(count) = count else {
        return ese_corpus::skipped("clean_databases_are_sound_and_their_leaks_are_known");
    };
    ese_corpus::report!(
        "{count} clean databases: {pages} pages, {rows} rows, {entries} entries, {compared} indexes rebuilt, \
         {not_compared} checked in structure, {values} long values; leaked pages {leaks:?}"
    );
    assert!(count >= 20 && pages > 5000 && compared > 200 && values > 50);
}

/// What a damage must be found as.
struct Expected {
    jet: JetError,
    /// A piece of the text.
    what: &'static str,
}

fn find<'r>(report: &'r VerifyReport, severity: Severity, expected: &Expected) -> Option<&'r Finding> {
    report.findings.iter().find(|finding| {
        finding.severity == severity && finding.jet == expected.jet && finding.what.contains(expected.what)
    })
}

impl Image {
    /// Changes a page by its rules and seals it.
    fn edit(&mut self, page: u32, change: impl FnOnce(&mut PageMut<'_>)) {
        let size = self.size;
        change(&mut PageMut::open(self.page(page), size, page).unwrap());
        self.seal(page);
    }

    /// Replaces a node's data.
    fn put_data(&mut self, page: u32, line: usize, data: &[u8]) {
        self.edit(page, |page| {
            let view = page.view();
            let node = view.node(line).unwrap();
            let (flags, prefix) = (node.flags, node.prefix.len() as u16);
            let suffix = node.suffix.to_vec();
            let mut bytes = Vec::new();
            if flags.contains(NodeFlags::COMPRESSED) {
                bytes.extend(prefix.to_le_bytes());
            }
            bytes.extend((suffix.len() as u16).to_le_bytes());
            bytes.extend(suffix);
            bytes.extend(data);
            page.replace_line(line, &[&bytes], flags).unwrap();
        });
    }

    fn data(&mut self, page: u32, line: usize) -> Vec<u8> {
        let size = self.size;
        let page = PageMut::open(self.page(page), size, page).unwrap();
        page.view().node(line).unwrap().data.to_vec()
    }
}

/// Applies a damage to a copy and expects it to be found on `page`, or on no certain page.
fn assert_found(
    sound: &Image,
    what: &str,
    page: Option<u32>,
    severity: Severity,
    expected: Expected,
    damage: impl FnOnce(&mut Image),
) {
    let mut damaged = sound.clone();
    damage(&mut damaged);
    let database = damaged.open().unwrap_or_else(|error| panic!("{what}: {error}"));
    let report = check(&database);
    let found = find(&report, severity, &expected);
    let found = found.unwrap_or_else(|| panic!("{what} is not found: {:#?}", report.findings));
    if page.is_some() {
        assert_eq!(found.page, page, "{what}: {found}");
    }
    assert_eq!(report.is_sound(), severity == Severity::Warning, "{what}: {:#?}", report.findings);
}

/// The pages of the leaves of a table's tree of one kind, from the left.
fn leaves(image: &Image, tree: impl Fn(&Database) -> ese_engine::btree::Tree) -> Vec<u32> {
    let database = image.open().unwrap();
    let mut pages = Vec::new();
    tree(&database)
        .visit_pages(&mut |_, page| {
            if page.view().flags().contains(PageFlags::LEAF) {
                pages.push(page.number());
            }
            Ok(())
        })
        .unwrap();
    pages
}

#[test]
fn damage_to_a_tree_is_found_on_its_page() {
    let test = "damage_to_a_tree_is_found_on_its_page";
    let Some(sound) = image(test, "ese/big/big.edb") else { return };
    let table = |database: &Database| {
        let tables = database.tables().unwrap();
        let user = tables.iter().find(|table| table.definition().objid >= 8).unwrap();
        database.open_schema(user).unwrap().tree().clone()
    };
    let leaves = leaves(&sound, table);
    assert!(leaves.len() > 100, "{}", leaves.len());
    let (first, second, third) = (leaves[0], leaves[1], leaves[2]);
    let root = table(&sound.open().unwrap()).root();
    let error = Severity::Error;
    let expect = |jet, what| Expected { jet, what };
    let bad_link = JetError::BAD_PAGE_LINK;
    let bad_parent = JetError::BAD_PARENT_PAGE_LINK;
    assert_found(
        &sound,
        "two wrong bits",
        Some(second),
        error,
        expect(JetError::READ_VERIFY_FAILURE, ""),
        |image| {
            image.page(second)[900] ^= 1;
            image.page(second)[1700] ^= 1;
        },
    );
    assert_found(
        &sound,
        "a page of zeros",
        Some(second),
        error,
        expect(JetError::PAGE_NOT_INITIALIZED, ""),
        |image| {
            image.page(second).fill(0);
        },
    );
    assert_found(
        &sound,
        "free bytes that lie",
        Some(second),
        error,
        expect(JetError::DATABASE_CORRUPTED, "free bytes"),
        |image| {
            image.page(second)[28] ^= 4;
            image.seal(second);
        },
    );
    assert_found(
        &sound,
        "uncommitted free bytes",
        Some(second),
        error,
        expect(JetError::DATABASE_CORRUPTED, "uncommitted"),
        |image| {
            image.page(second)[30..32].copy_from_slice(&4000u16.to_le_bytes());
            image.seal(second);
        },
    );
    assert_found(
        &sound,
        "a right sibling",
        Some(second),
        error,
        expect(bad_link, "right sibling"),
        |image| {
            image.put_number(second, 20, first);
        },
    );
    assert_found(&sound, "a left sibling", Some(second), error, expect(bad_link, "left sibling"), |image| {
        image.put_number(second, 16, third);
    });
    assert_found(
        &sound,
        "another tree's page",
        Some(second),
        error,
        expect(bad_parent, "belongs to object"),
        |image| {
            image.put_number(second, 24, 77);
        },
    );
    assert_found(
        &sound,
        "another kind of page",
        Some(second),
        error,
        expect(bad_parent, "kind of tree"),
        |image| {
            let flags = image.flags(second) | PageFlags::INDEX;
            image.put_number(second, 36, flags.bits());
        },
    );
    assert_found(
        &sound,
        "a root in the middle",
        Some(second),
        error,
        expect(JetError::NODE_CORRUPTED, ""),
        |image| {
            // Roots have no prefix, so its nodes lose the beginnings of their keys.
            let flags = image.flags(second) | PageFlags::ROOT;
            image.put_number(second, 36, flags.bits());
        },
    );
    assert_found(&sound, "an emptied page", Some(second), error, expect(bad_parent, "emptied"), |image| {
        let flags = image.flags(second) | PageFlags::EMPTY;
        image.put_number(second, 36, flags.bits());
    });
    assert_found(
        &sound,
        "a leaf that says it is none",
        Some(second),
        error,
        expect(bad_parent, "level"),
        |image| {
            let flags = image.flags(second) - PageFlags::LEAF;
            image.put_number(second, 36, flags.bits());
        },
    );
    assert_found(
        &sound,
        "a dbtime of the future",
        Some(second),
        error,
        expect(JetError::DB_TIME_CORRUPTED, "dbtime"),
        |image| {
            image.page(second)[8..16].copy_from_slice(&u64::from(u32::MAX).to_le_bytes());
            image.seal(second);
        },
    );
    assert_found(
        &sound,
        "a leaf without nodes",
        Some(second),
        error,
        expect(JetError::BAD_EMPTY_PAGE, "no nodes"),
        |image| {
            image.edit(second, |page| {
                for _ in 0..page.view().line_count() {
                    page.delete_line(0).unwrap();
                }
            });
        },
    );
    assert_found(
        &sound,
        "two nodes exchanged",
        Some(second),
        error,
        expect(JetError::DATABASE_CORRUPTED, "not above"),
        |image| {
            image.edit(second, |page| {
                let line = page.view().line(5).unwrap();
                let (bytes, flags) = (line.bytes.to_vec(), line.flags);
                page.delete_line(5).unwrap();
                page.insert_line(2, &[&bytes], flags).unwrap();
            });
        },
    );
    assert_found(
        &sound,
        "a child named twice",
        None,
        error,
        expect(JetError::DATABASE_CORRUPTED, "a second time"),
        |image| {
            let data = image.data(root, 0);
            image.put_data(root, 1, &data);
        },
    );
    assert_found(
        &sound,
        "a child beyond the file",
        None,
        error,
        expect(JetError::FILE_IO_BEYOND_EOF, ""),
        |image| {
            image.put_data(root, 1, &9_000_000u32.to_le_bytes());
        },
    );
    assert_found(
        &sound,
        "a separator that is too low",
        None,
        error,
        expect(bad_parent, "separator"),
        |image| {
            image.edit(root, |page| {
                let data = page.view().node(1).unwrap().data.to_vec();
                let low = page.view().node(0).unwrap().key().to_vec();
                page.delete_line(1).unwrap();
                let key = [low, vec![0]].concat();
                let length = (key.len() as u16).to_le_bytes();
                page.insert_line(1, &[&length, &key, &data], NodeFlags::empty()).unwrap();
            });
        },
    );
}

#[test]
fn damage_to_space_is_found() {
    let test = "damage_to_space_is_found";
    let Some(sound) = image(test, "windows/tables/index.edb") else { return };
    let error = Severity::Error;
    let expect = |jet, what| Expected { jet, what };
    let (owned, available) = (JetError::SP_OWN_EXT_CORRUPTED, JetError::SP_AVAIL_EXT_CORRUPTED);
    let table = {
        let database = sound.open().unwrap();
        database.open_table("index").unwrap().tree().root()
    };
    assert_found(
        &sound,
        "a free page that is in use",
        None,
        error,
        expect(JetError::DATABASE_CORRUPTED, "a second time"),
        |image| {
            let pages = u32::from_le_bytes(image.data(3, 0).try_into().unwrap());
            image.put_data(3, 0, &(pages + 1).to_le_bytes());
        },
    );
    assert_found(
        &sound,
        "pages that are lost",
        None,
        Severity::Warning,
        expect(JetError::DATABASE_LEAK_IN_SPACE, "leaked"),
        |image| {
            let pages = u32::from_le_bytes(image.data(3, 0).try_into().unwrap());
            image.put_data(3, 0, &(pages - 7).to_le_bytes());
        },
    );
    assert_found(&sound, "the root as a free page", None, error, expect(available, "none may be"), |image| {
        image.put_data(3, 0, &254u32.to_le_bytes());
    });
    assert_found(
        &sound,
        "free pages nobody owns",
        None,
        error,
        expect(available, "no part of one"),
        |image| {
            image.edit(3, |page| {
                let (key, pages) = (300u32.to_be_bytes(), 20u32.to_le_bytes());
                page.insert_line(1, &[&4u16.to_le_bytes(), &key, &pages], NodeFlags::empty()).unwrap();
            });
        },
    );
    assert_found(
        &sound,
        "an owned extent that is too short",
        None,
        error,
        expect(owned, "belong to nobody"),
        |image| {
            image.put_data(2, 0, &200u32.to_le_bytes());
        },
    );
    assert_found(
        &sound,
        "a parent that is none",
        Some(table),
        error,
        expect(JetError::DATABASE_CORRUPTED, "as parent"),
        |image| {
            image.edit(table, |page| {
                let mut header = page.view().external_header().unwrap().to_vec();
                header[4] = 99;
                page.set_external_header(&[&header]).unwrap();
            });
        },
    );
    assert_found(
        &sound,
        "uniqueness that contradicts",
        Some(table),
        error,
        expect(JetError::DATABASE_CORRUPTED, "unique keys"),
        |image| {
            image.edit(table, |page| {
                let mut header = page.view().external_header().unwrap().to_vec();
                header[8] ^= 2;
                page.set_external_header(&[&header]).unwrap();
            });
        },
    );
    assert_found(
        &sound,
        "a split buffer with used pages",
        None,
        error,
        expect(JetError::DATABASE_CORRUPTED, "a second time"),
        |image| {
            image.edit(3, |page| {
                let header: Vec<u8> = [35u32, 2, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
                page.set_external_header(&[&header]).unwrap();
            });
        },
    );
}

#[test]
fn damage_to_contents_is_found() {
    let test = "damage_to_contents_is_found";
    let Some(sound) = image(test, "windows/tables/index.edb") else { return };
    let error = Severity::Error;
    let expect = |jet, what| Expected { jet, what };
    let corrupted = JetError::SECONDARY_INDEX_CORRUPTED;
    let (table, index, values) = {
        let database = sound.open().unwrap();
        let table = database.open_table("index").unwrap();
        let index = table.schema().indexes().iter().find(|index| index.name.is(b"IxLong")).unwrap();
        let values = table.long_value_tree().unwrap().unwrap().tree().root();
        (table.tree().root(), index.row.fdp_page, values)
    };
    assert_found(
        &sound,
        "an entry that is missing",
        Some(index),
        error,
        expect(corrupted, "no entry for key"),
        |image| {
            image.edit(index, |page| page.delete_line(0).unwrap());
        },
    );
    assert_found(
        &sound,
        "an entry too many",
        Some(index),
        error,
        expect(corrupted, "which has no such entry"),
        |image| {
            image.edit(index, |page| {
                let bookmark = page.view().node(0).unwrap().data.to_vec();
                let key = [0x7F, 0xFF, 0xFF, 0xFF, 0xFE];
                let lines = page.view().line_count();
                page.insert_line(lines, &[&5u16.to_le_bytes(), &key, &bookmark], NodeFlags::empty()).unwrap();
            });
        },
    );
    assert_found(
        &sound,
        "an entry of another row",
        Some(index),
        error,
        expect(corrupted, "which has no such entry"),
        |image| {
            image.put_data(index, 0, &[0x7F, 0x80, 0, 0, 0x77]);
        },
    );
    let table_leaf = {
        let database = sound.open().unwrap();
        let mut cursor = database.open_table("index").unwrap().cursor();
        assert!(cursor.move_first().unwrap());
        cursor.row().unwrap().page_number()
    };
    assert_found(
        &sound,
        "a row that is gone",
        None,
        error,
        expect(corrupted, "which has no such entry"),
        |image| {
            assert!(image.flags(table_leaf).contains(PageFlags::LEAF) && table != 0);
            image.edit(table_leaf, |page| page.delete_line(0).unwrap());
        },
    );
    assert_found(
        &sound,
        "a record that is none",
        Some(table_leaf),
        error,
        expect(JetError::DATABASE_CORRUPTED, ""),
        |image| {
            image.put_data(table_leaf, 0, &[9]);
        },
    );
    let lv = JetError::LV_CORRUPTED;
    assert_found(&sound, "a reference count", None, error, expect(lv, "references, and has"), |image| {
        let mut root = image.data(values, 0);
        root[0] = 9;
        image.put_data(values, 0, &root);
    });
    assert_found(&sound, "a size", None, error, expect(lv, "chunk"), |image| {
        let mut root = image.data(values, 0);
        root[4] = root[4].wrapping_sub(1);
        image.put_data(values, 0, &root);
    });
    assert_found(&sound, "a chunk that is missing", None, error, expect(lv, "bytes"), |image| {
        image.edit(values, |page| page.delete_line(1).unwrap());
    });
    assert_found(&sound, "a value that is missing", None, error, expect(lv, "does not exist"), |image| {
        image.edit(values, |page| {
            page.delete_line(0).unwrap();
            page.delete_line(0).unwrap();
        });
    });
    assert_found(&sound, "an orphan", None, Severity::Warning, expect(lv, "orphan"), |image| {
        image.edit(values, |page| {
            let lines = page.view().line_count();
            let root = [[1, 0, 0, 0], [0; 4]].concat();
            page.insert_line(lines, &[&4u16.to_le_bytes(), &[0, 0, 0x70, 0], &root], NodeFlags::empty())
                .unwrap();
        });
    });
    assert_found(
        &sound,
        "a shadow that differs",
        None,
        error,
        expect(JetError::CATALOG_CORRUPTED, "of the shadow"),
        |image| {
            let leaf = leaves(image, |database| {
                ese_engine::btree::Tree::open(database.file(), 24, 3, ese_engine::btree::TreeKind::Primary)
                    .unwrap()
            })[0];
            let mut data = image.data(leaf, 3);
            *data.last_mut().unwrap() ^= 1;
            image.put_data(leaf, 3, &data);
        },
    );
}

/// The first record of a table that has a column which `wanted` takes: its page, its line, and what it holds.
fn record_with(
    image: &mut Image,
    table: &str,
    wanted: impl Fn(&ColumnDefinition) -> bool,
) -> (u32, usize, Vec<u8>, ColumnDefinition, TableSchemaAndFormat) {
    let database = image.open().unwrap();
    let opened = database.open_table(table).unwrap();
    let schema = Arc::clone(opened.schema());
    let mut cursor = opened.cursor();
    while cursor.move_next().unwrap() {
        let row = cursor.row().unwrap();
        let column = schema.columns().find(|column| {
            wanted(column)
                && matches!(row.record().value(column, 1), Ok(Value::Inline(bytes)) if !bytes.is_empty())
        });
        let Some(column) = column else { continue };
        let (page, key) = (row.page_number(), row.bookmark().to_vec());
        let record = row.record().bytes().to_vec();
        let size = image.size;
        let held = PageMut::open(image.page(page), size, page).unwrap();
        let line = held.view().nodes().position(|node| node.unwrap().key().to_vec() == key).unwrap();
        let format = RecordFormat::of(size);
        return (page, line, record, column.clone(), TableSchemaAndFormat { schema, format });
    }
    panic!("no record of {table} has such a column");
}

struct TableSchemaAndFormat {
    schema: Arc<TableSchema>,
    format: RecordFormat,
}

/// The record with another value of a column, which need not be one of its type.
fn with_value(
    record: &[u8],
    column: &ColumnDefinition,
    table: &TableSchemaAndFormat,
    value: &[u8],
) -> Vec<u8> {
    let view = RecordView::parse(record, table.format).unwrap();
    let mut builder = RecordBuilder::from_view(&view, table.format).unwrap();
    // A column of bytes in the same place takes what the real one would not.
    let column = &ColumnDefinition { column_type: ColumnType::Binary, bytes_max: 0, ..column.clone() };
    builder.set(table.schema.layout(), column, 1, NewValue::Inline(value)).unwrap();
    builder.to_bytes().unwrap()
}

#[test]
fn values_that_are_none_of_their_columns_are_found() {
    let test = "values_that_are_none_of_their_columns_are_found";
    let Some(sound) = image(test, "ese/types/types.edb") else { return };
    let error = Severity::Error;
    let bad = |what| Expected { jet: JetError::DATABASE_CORRUPTED, what };
    let table = {
        let database = sound.open().unwrap();
        let tables = database.tables().unwrap();
        tables.iter().find(|table| table.definition().objid >= 8).unwrap().name()
    };
    let is_tagged = |column: &ColumnDefinition| matches!(column.location, ColumnLocation::Tagged { .. });
    let (page, line, record, column, schema) = record_with(&mut sound.clone(), &table, |column| {
        is_tagged(column) && column.column_type.fixed_size().is_some_and(|size| size > 1)
    });
    assert_found(&sound, "a number of too few bytes", Some(page), error, bad("bytes instead of"), |image| {
        image.put_data(page, line, &with_value(&record, &column, &schema, &[1]));
    });
    let (page, line, record, column, schema) = record_with(&mut sound.clone(), &table, |column| {
        !matches!(column.location, ColumnLocation::Fixed { .. })
            && column.column_type.fixed_size().is_none()
            && (1..=255).contains(&column.bytes_max)
    });
    assert_found(&sound, "a value that is too long", Some(page), error, bad("more than its"), |image| {
        let long = vec![b'x'; column.bytes_max as usize + 1];
        image.put_data(page, line, &with_value(&record, &column, &schema, &long));
    });
    let (page, line, record, ..) = record_with(&mut sound.clone(), &table, is_tagged);
    assert_found(
        &sound,
        "a column nobody knows",
        Some(page),
        error,
        bad("the table columns up to"),
        |image| {
            let view = RecordView::parse(&record, schema.format).unwrap();
            let tagged = view.tagged_area().bytes();
            let count = usize::from(u16::from_le_bytes([tagged[2], tagged[3]]) & 0x3FFF) / 4;
            let mut record = record.clone();
            let last = record.len() - tagged.len() + (count - 1) * 4;
            record[last..last + 2].copy_from_slice(&60_000u16.to_le_bytes());
            image.put_data(page, line, &record);
        },
    );
    assert_found(
        &sound,
        "fixed columns nobody knows",
        Some(page),
        error,
        Expected { jet: JetError::DATABASE_CORRUPTED, what: "" },
        |image| {
            let mut record = record.clone();
            record[0] = 127;
            image.put_data(page, line, &record);
        },
    );
}

#[test]
fn trees_that_own_the_same_pages_are_found() {
    let test = "trees_that_own_the_same_pages_are_found";
    let Some(sound) = image(test, "windows/tables/index.edb") else { return };
    let (table, other) = {
        let database = sound.open().unwrap();
        let locales = database.open_table("MSysObjids").unwrap().tree().root();
        (database.open_table("index").unwrap().tree().root(), locales)
    };
    let expected = || Expected { jet: JetError::SP_OWN_EXT_CORRUPTED, what: "owns pages" };
    // A tree of one extent begins at its root; with more pages it reaches into what comes behind it.
    assert_found(&sound, "a table that owns another's pages", None, Severity::Error, expected(), |image| {
        image.edit(other, |page| {
            let mut header = page.view().external_header().unwrap().to_vec();
            header[..4].copy_from_slice(&(table - other + 1).to_le_bytes());
            page.set_external_header(&[&header]).unwrap();
        });
    });
    let expected =
        Expected { jet: JetError::SP_OWN_EXT_CORRUPTED, what: "no part of one extent of its parent" };
    assert_found(&sound, "more than its parent owns", None, Severity::Error, expected, |image| {
        image.edit(other, |page| {
            let mut header = page.view().external_header().unwrap().to_vec();
            header[..4].copy_from_slice(&100_000u32.to_le_bytes());
            page.set_external_header(&[&header]).unwrap();
        });
    });
}

#[test]
fn little_memory_costs_passes_and_finds_the_same() {
    let test = "little_memory_costs_passes_and_finds_the_same";
    for name in ["ese/big/big.edb", "ese/indexes/indexes.edb"] {
        let Some(mut image) = image(test, name) else { return };
        let options = VerifyOptions { memory_bytes: 64 << 10, ..VerifyOptions::default() };
        let verify_with = |image: &Image, options| {
            let report = verify(&image.open().unwrap(), &options, &mut |_| {});
            let mut errors: Vec<_> = report.damage().map(ToString::to_string).collect();
            errors.sort();
            errors.dedup();
            (report.counts, errors)
        };
        assert_eq!(verify_with(&image, options), verify_with(&image, VerifyOptions::default()), "{name}");
        let index = {
            let database = image.open().unwrap();
            let tables = database.tables().unwrap();
            let indexes = tables.iter().filter(|table| table.definition().objid >= 8).flat_map(|table| {
                let table = database.open_schema(table).unwrap();
                let secondary = table.schema().indexes().iter().filter(|index| !index.is_primary()).cloned();
                secondary.map(|index| table.index_tree(&index).unwrap()).collect::<Vec<_>>()
            });
            indexes.last().expect("an index")
        };
        let leaf = leaves(&image, |_| index.clone())[0];
        image.edit(leaf, |page| page.delete_line(0).unwrap());
        let (_, few) = verify_with(&image, options);
        assert_eq!(few, verify_with(&image, VerifyOptions::default()).1, "{name}");
        assert!(few.iter().any(|error| error.contains("no entry for key")), "{name}: {few:?}");
    }
}

#[test]
fn flipped_bytes_never_break_the_verifier() {
    let test = "flipped_bytes_never_break_the_verifier";
    let mut tried = 0;
    for name in ["windows/tables/index.edb", "ese/types/types.edb"] {
        let Some(sound) = image(test, name) else { return };
        let used: Vec<u32> = (1..=sound.pages()).filter(|page| sound.is_used(*page)).collect();
        let mut random = Random(0x1234_5678_9ABC_DEF1);
        for _ in 0..150 {
            let mut damaged = sound.clone();
            for _ in 0..3 {
                let page = used[random.below(used.len())];
                let at = random.below(sound.size.bytes());
                damaged.page(page)[at] ^= 1 << random.below(8);
                damaged.seal(page);
            }
            if let Ok(database) = damaged.open() {
                let report = check(&database);
                assert_eq!(report.errors == 0, report.damage().next().is_none());
            }
            tried += 1;
        }
    }
    ese_corpus::report!("{tried} damaged databases verified");
}
