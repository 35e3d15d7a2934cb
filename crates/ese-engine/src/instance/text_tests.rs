//! Indexes over UTF-16 text whose stamp is not ours: what attaching does, and what they can be used for.

use ese_format::catalog::{IndexDefinition, SortVersion};
use ese_format::error::JetError;
use ese_format::sort_key::{IndexText, RULES_VERSION, Sort, Standing, WINDOWS_VERSION};

use super::tests::{attach, attach_request, create, session, settings, start};
use super::*;
use crate::catalog::{IndexChecking, NewColumn, NewIndex, NewLocale, NewTable, OpenedTable, StaleIndexes};
use crate::io::{PowerLoss, SimulatedFileSystem};
use crate::table::{
    ColumnChange, Cursor, CursorMode, IndexStart, MakeKeyGrbit, Prepare, SeekGrbit, UpdateGrbit,
};
use crate::transaction::{BeginKind, CommitOptions, Session};

const DATABASE: &str = "/x/text.edb";
const WINDOWS_11: SortVersion = SortVersion(0x0006_0403_0006_0403);
const WINDOWS_1809: SortVersion = SortVersion(0x0006_020F_0006_020F);

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn index<'n>(name: &'n [u8], locale: &str, grbit: u32) -> NewIndex<'n> {
    let locale = Some(NewLocale { name: locale.to_owned(), lcmap_flags: 0 });
    NewIndex { name, key: b"+text\0\0", grbit: grbit | 0x800, locale, ..NewIndex::default() }
}

fn make_table(database: &AttachedDatabase, session: &mut Session, locale: &str, grbit: u32) -> OpenedTable {
    let text = NewColumn { name: b"text", column_type: 12, code_page: 1200, ..NewColumn::default() };
    let (columns, indexes) = ([text], [index(b"by_text", locale, grbit)]);
    let new = NewTable { name: b"t", columns: &columns, indexes: &indexes, ..NewTable::default() };
    database.catalog().unwrap().create_table(session, &new).table.unwrap()
}

fn open(database: &AttachedDatabase, session: &Session) -> OpenedTable {
    database.catalog().unwrap().open_table(session, b"t", 0).unwrap()
}

fn insert(session: &mut Session, cursor: &mut Cursor, text: &str) -> std::result::Result<(), JetError> {
    let column = cursor.table().schema().layout().column_named(b"text").unwrap().id.to_api();
    let data = utf16(text);
    session.begin(BeginKind::ReadWrite).unwrap();
    cursor.prepare(session, Prepare::Insert).unwrap();
    let change = ColumnChange {
        column,
        data: &data,
        bytes: u32::try_from(data.len()).unwrap(),
        ..ColumnChange::default()
    };
    cursor.set_column(session, &change).unwrap();
    let updated = cursor.update(session, None, UpdateGrbit::empty());
    if updated.is_err() {
        cursor.prepare(session, Prepare::Cancel).unwrap();
    }
    session.commit(CommitOptions::DURABLE).unwrap();
    cursor.after_commit(0);
    updated.map(drop).map_err(|error| error.jet())
}

fn seek(session: &mut Session, cursor: &mut Cursor, text: &str) -> std::result::Result<(), JetError> {
    cursor.set_current_index(session, b"by_text", IndexStart::First).unwrap();
    cursor.make_key(session, &utf16(text), MakeKeyGrbit::NEW_KEY).map_err(|error| error.jet())?;
    cursor.seek(session, SeekGrbit::EQ).map(drop).map_err(|error| error.jet())
}

fn by_text(opened: &OpenedTable) -> Option<IndexDefinition> {
    opened.table.schema().indexes().iter().find(|index| index.name.is(b"by_text")).cloned()
}

/// A clean database with the index under `version`, over these texts.
fn disk_with(version: SortVersion, locale: &str, grbit: u32, texts: &[&str]) -> SimulatedFileSystem {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    let database = create(&instance, DATABASE);
    let mut session = session(&instance);
    let opened = make_table(&database, &mut session, locale, grbit);
    let mut cursor = Cursor::over(&session, opened.table.clone(), CursorMode::Updatable);
    for text in texts {
        insert(&mut session, &mut cursor, text).unwrap();
    }
    cursor.close(&mut session).unwrap();
    let catalog = database.catalog().unwrap();
    catalog.stamp_for_test(&mut session, opened.table.schema().definition().objid, version);
    drop(opened);
    session.end().unwrap();
    drop(database);
    instance.stop(TermKind::Complete).unwrap();
    disk
}

fn refused(disk: &SimulatedFileSystem) -> Option<JetError> {
    let instance = start(disk);
    let attached = instance.attach_database(&session(&instance), &attach_request(DATABASE));
    let jet = attached.err().map(|error| error.jet());
    instance.stop(TermKind::Complete).unwrap();
    jet
}

#[test]
fn a_stale_index_with_entries_refuses_the_attach_unless_it_may_go() {
    let disk = disk_with(WINDOWS_11, "en-US", 0, &["abc", "def"]);
    assert_eq!(refused(&disk), Some(JetError::SECONDARY_INDEX_CORRUPTED));
    let instance = start(&disk);
    let mut read_only = attach_request(DATABASE);
    read_only.writability = Writability::ReadOnly;
    let reading = session(&instance);
    let Attached::New(database) = instance.attach_database(&reading, &read_only).unwrap() else {
        panic!("new")
    };
    assert!(by_text(&open(&database, &reading)).is_some());
    drop((database, reading));
    instance.detach_all(&session(&instance)).unwrap();
    let mut writing = session(&instance);
    let (attached, mended) =
        instance.attach_database_with(&writing, &attach_request(DATABASE), StaleIndexes::Deleted).unwrap();
    assert!(mended.len() == 1 && mended[0].is_deleted());
    let opened = open(attached.database(), &writing);
    assert!(by_text(&opened).is_none());
    // The application makes it again, and it is exact then.
    let catalog = attached.database().catalog().unwrap();
    drop(opened);
    let opened = catalog.open_table(&writing, b"t", 0).unwrap();
    let created =
        catalog.create_indexes(&mut writing, &opened.table, &opened.hold, &[index(b"by_text", "en-US", 0)]);
    created.result.unwrap();
    drop(opened);
    let opened = open(attached.database(), &writing);
    assert_eq!(by_text(&opened).unwrap().row.sort_version, Some(WINDOWS_VERSION));
    drop((opened, attached));
    writing.end().unwrap();
    instance.stop(TermKind::Complete).unwrap();
    drop((writing, instance));
    assert_eq!(refused(&disk), None);
}

#[test]
fn a_stale_primary_index_refuses_the_attach_and_an_empty_one_is_stamped() {
    let disk = disk_with(WINDOWS_11, "en-US", 2, &["abc"]);
    assert_eq!(refused(&disk), Some(JetError::PRIMARY_INDEX_CORRUPTED));
    for grbit in [0, 2] {
        let disk = disk_with(WINDOWS_11, "en-US", grbit, &[]);
        let instance = start(&disk);
        let database = attach(&instance, DATABASE);
        let mut session = session(&instance);
        let index = by_text(&open(&database, &session)).unwrap();
        assert_eq!(index.row.sort_version, Some(WINDOWS_VERSION));
        assert_eq!(index.row.sort_id, Some(Sort::default_sort().id()));
        session.end().unwrap();
        drop(database);
        instance.stop(TermKind::Complete).unwrap();
    }
}

#[test]
fn an_adopted_index_takes_text_that_it_shows_once_it_is_verified() {
    let disk = disk_with(WINDOWS_1809, "en-US", 0, &["abc", "жук"]);
    let instance = start(&disk);
    let database = attach(&instance, DATABASE);
    let mut session = session(&instance);
    let opened = open(&database, &session);
    let mut cursor = Cursor::over(&session, opened.table.clone(), CursorMode::Updatable);
    assert_eq!(seek(&mut session, &mut cursor, "ABC"), Ok(()));
    assert_eq!(seek(&mut session, &mut cursor, "кукж"), Err(JetError::RECORD_NOT_FOUND));
    assert_eq!(seek(&mut session, &mut cursor, "щ"), Err(JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED));
    assert_eq!(insert(&mut session, &mut cursor, "hello"), Ok(()));
    assert_eq!(insert(&mut session, &mut cursor, "кук"), Ok(()));
    let refused = insert(&mut session, &mut cursor, "щ");
    assert_eq!(refused, Err(JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED));
    assert_eq!(seek(&mut session, &mut cursor, "кук"), Ok(()));
    assert_eq!(by_text(&opened).unwrap().row.sort_version, Some(WINDOWS_1809), "the stamp stays");
}

#[test]
fn an_index_whose_keys_are_others_is_neither_searched_nor_changed() {
    // Swedish keys under the stamp of the default sort: what a Windows with other tables might have written.
    let disk = disk_with(WINDOWS_1809, "sv-SE", 0, &["zebra", "ärlig"]);
    let instance = start(&disk);
    let database = attach(&instance, DATABASE);
    let mut session = session(&instance);
    let opened = open(&database, &session);
    let mut cursor = Cursor::over(&session, opened.table.clone(), CursorMode::Updatable);
    let corrupted = Err(JetError::SECONDARY_INDEX_CORRUPTED);
    assert_eq!(seek(&mut session, &mut cursor, "zebra"), corrupted);
    assert_eq!(insert(&mut session, &mut cursor, "abc"), corrupted);
    assert_eq!(insert(&mut session, &mut cursor, "abc"), corrupted, "it stays so");
    assert!(cursor.move_first(&mut session).is_ok(), "it can be walked");
}

#[test]
fn what_is_not_certain_is_refused_or_private() {
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    let database = create(&instance, DATABASE);
    let mut session = session(&instance);
    let opened = make_table(&database, &mut session, "ja-JP", 0);
    let made = by_text(&opened).unwrap();
    assert_eq!(made.row.sort_version, Some(RULES_VERSION));
    assert!(matches!(IndexText::of_row(&made.row).standing(), Standing::Private(_)));
    let mut cursor = Cursor::over(&session, opened.table.clone(), CursorMode::Updatable);
    assert_eq!(insert(&mut session, &mut cursor, "人々"), Ok(()), "our own stamp takes any text");
    assert_eq!(seek(&mut session, &mut cursor, "人々"), Ok(()));
    let catalog = database.catalog().unwrap();
    let exact = [index(b"exact", "en-US", 0)];
    let created = catalog.create_indexes(&mut session, &opened.table, &opened.hold, &exact).result;
    assert_eq!(created.map_err(|error| error.jet()), Err(JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED));
    let column = [NewColumn { name: b"text", column_type: 12, code_page: 1200, ..NewColumn::default() }];
    let primary = [index(b"primary", "hu-HU", 2)];
    let new = NewTable { name: b"u", columns: &column, indexes: &primary, ..NewTable::default() };
    let refused = catalog.create_table(&mut session, &new).table.map(drop).map_err(|error| error.jet());
    assert_eq!(refused, Err(JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED));
}

#[test]
fn where_nothing_is_checked_nothing_is_refused() {
    let disk = disk_with(WINDOWS_11, "en-US", 0, &["abc"]);
    for (checking, opens) in [(IndexChecking::Off, true), (IndexChecking::AtTableOpen, false)] {
        let mut settings = settings(&disk);
        settings.text.checking = checking;
        let instance = Instance::start(settings).unwrap();
        let database = attach(&instance, DATABASE);
        let mut session = session(&instance);
        let catalog = database.catalog().unwrap();
        let opened = catalog.open_table(&session, b"t", 0).map(drop).map_err(|error| error.jet());
        assert_eq!(opened, if opens { Ok(()) } else { Err(JetError::SECONDARY_INDEX_CORRUPTED) });
        const READ_ONLY: u32 = 4;
        let warned = catalog.open_table(&session, b"t", READ_ONLY).unwrap().out_of_date;
        assert_eq!(warned, (!opens).then_some(JetError::WRN_SECONDARY_INDEX_OUT_OF_DATE));
        session.end().unwrap();
        drop(database);
        instance.stop(TermKind::Complete).unwrap();
    }
}

#[test]
fn recovery_needs_no_sort_tables() {
    // Entries are logged as finished keys: an index that nobody here could make is redone as well.
    let disk = SimulatedFileSystem::default();
    let instance = start(&disk);
    let database = create(&instance, DATABASE);
    let mut writing = session(&instance);
    let opened = make_table(&database, &mut writing, "en-US", 0);
    let objid = opened.table.schema().definition().objid;
    let mut cursor = Cursor::over(&writing, opened.table.clone(), CursorMode::Updatable);
    for text in ["abc", "Äpfel", "жук"] {
        insert(&mut writing, &mut cursor, text).unwrap();
    }
    cursor.close(&mut writing).unwrap();
    database.catalog().unwrap().stamp_for_test(&mut writing, objid, SortVersion(0x0006_0101_0006_0101));
    disk.cut_power(PowerLoss::LosesAllUnsynced);
    drop((opened, database, writing, instance));
    let mut settings = settings(&disk);
    settings.text.checking = IndexChecking::Off;
    let recovered = Instance::start(settings).unwrap();
    let database = attach(&recovered, DATABASE);
    let mut reading = session(&recovered);
    let opened = open(&database, &reading);
    assert_eq!(IndexText::of_row(&by_text(&opened).unwrap().row).standing(), Standing::Bad);
    let mut cursor = Cursor::over(&reading, opened.table.clone(), CursorMode::ReadOnly);
    cursor.set_current_index(&mut reading, b"by_text", IndexStart::First).unwrap();
    let mut entries = 0;
    let mut here = cursor.move_first(&mut reading);
    while here.is_ok() {
        entries += 1;
        here = cursor.move_by(&mut reading, 1, crate::table::MoveGrbit::empty());
    }
    assert_eq!(entries, 3);
}
