//! Several threads change and read one table: nobody waits for ever, nothing is lost, the verifier finds nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ese_engine::catalog::{ColumnGrbit, IndexGrbit, NewColumn, NewIndex, NewTable};
use ese_engine::error::Result;
use ese_engine::table::{
    ColumnChange, ColumnRequest, Cursor, LongValueCounts, MakeKeyGrbit, MoveGrbit, Prepare, SeekGrbit,
    UpdateGrbit,
};
use ese_engine::transaction::{BeginKind, CommitOptions, Session};
use ese_format::column_type::ColumnType;
use ese_format::error::JetError;
use ese_format::page_size::PageSize;

use crate::stage::Stage;

const WRITERS: u64 = 3;
const READERS: u64 = 2;
const KEYS: u64 = 300;

/// How long: `ESENT_STRESS_SECONDS`, or four seconds.
fn lasting() -> Duration {
    let asked = std::env::var("ESENT_STRESS_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(4))
}

#[derive(Clone, Copy)]
struct Columns {
    id: u32,
    a: u32,
    b: u32,
    lb: u32,
}

fn set(cursor: &mut Cursor, session: &mut Session, column: u32, data: &[u8]) -> Result<()> {
    let change = ColumnChange { column, data, bytes: data.len() as u32, itag: 1, ..ColumnChange::default() };
    cursor.set_column(session, &change).map(|_| ())
}

fn number(cursor: &mut Cursor, session: &mut Session, column: u32) -> Result<i32> {
    let mut buffer = [0; 4];
    let request = ColumnRequest { column, itag: 1, ..ColumnRequest::default() };
    cursor.retrieve_column(session, &request, &mut buffer)?;
    Ok(i32::from_le_bytes(buffer))
}

/// One change in one transaction: the sum of `a` and `b` of a row is always zero, and its long value begins with `a`.
fn change(cursor: &mut Cursor, session: &mut Session, columns: Columns, key: i32, draw: u64) -> Result<()> {
    cursor.make_key(session, &key.to_le_bytes(), MakeKeyGrbit::NEW_KEY)?;
    let found = match cursor.seek(session, SeekGrbit::EQ) {
        Ok(_) => true,
        Err(error) if error.jet() == JetError::RECORD_NOT_FOUND => false,
        Err(error) => return Err(error),
    };
    if found && draw.is_multiple_of(4) {
        return cursor.delete(session);
    }
    cursor.prepare(session, if found { Prepare::Replace } else { Prepare::Insert })?;
    let value = (draw % 1000) as i32;
    if !found {
        set(cursor, session, columns.id, &key.to_le_bytes())?;
    }
    set(cursor, session, columns.a, &value.to_le_bytes())?;
    set(cursor, session, columns.b, &(-value).to_le_bytes())?;
    let mut long = value.to_le_bytes().to_vec();
    long.resize(4 + (draw >> 20) as usize % 9000, value as u8);
    set(cursor, session, columns.lb, &long)?;
    cursor.update(session, None, UpdateGrbit::empty()).map(|_| ())
}

fn write(stage: &Stage, columns: Columns, seed: u64, done: &AtomicU64, refused: &AtomicU64) {
    let mut session = stage.session();
    let opened = stage.open(&mut session, "t", 0).expect("the table is there");
    let mut cursor = opened.cursor;
    let mut state = seed;
    let end = Instant::now() + lasting();
    while Instant::now() < end {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = state >> 8;
        session.begin(BeginKind::ReadWrite).expect("level 1");
        let changed = (0..1 + draw % 3).try_for_each(|more| {
            change(
                &mut cursor,
                &mut session,
                columns,
                ((draw >> 30) + more * 7).rem_euclid(KEYS) as i32,
                draw,
            )
        });
        match changed {
            Ok(()) if !draw.is_multiple_of(11) => {
                session.commit(CommitOptions::DURABLE).expect("nothing fails here");
                cursor.after_commit(0);
                done.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            Ok(()) => {}
            Err(error) => {
                let jet = error.jet();
                assert!([JetError::WRITE_CONFLICT, JetError::KEY_DUPLICATE].contains(&jet), "{error}");
                refused.fetch_add(1, Ordering::Relaxed);
            }
        }
        session.rollback().expect("nothing fails here");
        let _ = cursor.after_rollback(&mut session, 0);
    }
    cursor.close(&mut session).expect("what is prepared can be cancelled");
}

/// Whole rows, in every order, and the same rows in every order.
fn read(stage: &Stage, columns: Columns, rounds: &AtomicU64) {
    let mut session = stage.session();
    let mut cursor = stage.open(&mut session, "t", 0).expect("the table is there").cursor;
    let end = Instant::now() + lasting();
    while Instant::now() < end {
        session.begin(BeginKind::ReadOnly).expect("level 1");
        let mut counts = Vec::new();
        for index in [&b""[..], b"ia", b"ib"] {
            let start = ese_engine::table::IndexStart::First;
            cursor.set_current_index(&mut session, index, start).expect("the index is there");
            let mut count = 0;
            let mut here = cursor.move_first(&mut session);
            while here.is_ok() {
                let a = number(&mut cursor, &mut session, columns.a).expect("a row of the snapshot");
                let b = number(&mut cursor, &mut session, columns.b).expect("a row of the snapshot");
                assert_eq!(a + b, 0);
                let begins = number(&mut cursor, &mut session, columns.lb).expect("its long value");
                assert_eq!(begins, a);
                count += 1;
                here = cursor.move_by(&mut session, 1, MoveGrbit::empty());
            }
            counts.push(count);
        }
        assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
        session.commit(CommitOptions::DURABLE).expect("nothing to commit");
        rounds.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn writers_and_readers_of_one_table_see_whole_rows() {
    let stage = Stage::new(PageSize::K4);
    stage.transactions.set_count_hook(std::sync::Arc::new(LongValueCounts));
    let mut session = stage.session();
    let long = ColumnType::Long.code();
    let column = |name: &'static str, column_type| NewColumn {
        name: name.as_bytes(),
        column_type,
        ..NewColumn::default()
    };
    let required = NewColumn { grbit: ColumnGrbit::NOT_NULL.bits(), ..column("id", long) };
    let columns =
        [required, column("a", long), column("b", long), column("lb", ColumnType::LongBinary.code())];
    let index = |name: &'static str, key: &'static str, grbit: IndexGrbit| NewIndex {
        name: name.as_bytes(),
        key: key.as_bytes(),
        grbit: grbit.bits(),
        ..NewIndex::default()
    };
    let none = IndexGrbit::empty();
    let indexes = [
        index("pk", "+id\0\0", IndexGrbit::PRIMARY),
        index("ia", "+a\0\0", none),
        index("ib", "-b\0+a\0\0", none),
    ];
    let new = NewTable { name: b"t", columns: &columns, indexes: &indexes, ..NewTable::default() };
    let mut opened = stage.create(&mut session, &new).expect("a legal table");
    let mut id_of = |name: &str| opened.column(&session, name).expect("it was made").to_api();
    let columns = Columns { id: id_of("id"), a: id_of("a"), b: id_of("b"), lb: id_of("lb") };
    drop(opened);
    drop(session);
    let (done, refused, rounds) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (stage, done, refused) = (&stage, &done, &refused);
            scope.spawn(move || write(stage, columns, writer * 77 + 5, done, refused));
        }
        for _ in 0..READERS {
            let (stage, rounds) = (&stage, &rounds);
            scope.spawn(move || read(stage, columns, rounds));
        }
    });
    stage.check();
    let counts = [&done, &refused, &rounds].map(|count| count.load(Ordering::Relaxed));
    ese_corpus::report!(
        "threads: {} transactions, {} refused, {} rounds of readers",
        counts[0],
        counts[1],
        counts[2]
    );
    assert!(counts[0] > 50 && counts[2] > 1);
}

/// Rows a second by one session, without a log: `cargo test -- --ignored measure --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure_inserts_reads_and_updates() {
    const ROWS: i32 = 100_000;
    let stage = Stage::new(PageSize::K8);
    let mut session = stage.session();
    let columns = [
        NewColumn { name: b"key", column_type: ColumnType::LongLong.code(), ..NewColumn::default() },
        NewColumn { name: b"value", column_type: ColumnType::Binary.code(), ..NewColumn::default() },
    ];
    let primary =
        NewIndex { name: b"pk", key: b"+key\0\0", grbit: IndexGrbit::PRIMARY.bits(), ..NewIndex::default() };
    let new = NewTable { name: b"t", columns: &columns, indexes: &[primary], ..NewTable::default() };
    let mut opened = stage.create(&mut session, &new).expect("a legal table");
    let ids = ["key", "value"].map(|name| opened.column(&session, name).expect("it was made").to_api());
    let cursor = &mut opened.cursor;
    let timed = |what: &str, begun: Instant| {
        let rate = f64::from(ROWS) / begun.elapsed().as_secs_f64();
        ese_corpus::report!("{what}: {rate:.0} rows a second");
    };
    let begun = Instant::now();
    session.begin(BeginKind::ReadWrite).expect("level 1");
    for row in 0..ROWS {
        cursor.prepare(&mut session, Prepare::Insert).expect("updatable");
        set(cursor, &mut session, ids[0], &i64::from(row).to_le_bytes()).expect("a column");
        set(cursor, &mut session, ids[1], &[row as u8; 100]).expect("a column");
        cursor.update(&mut session, None, UpdateGrbit::empty()).expect("a new row");
        if row % 1000 == 999 {
            session.commit(CommitOptions::DURABLE).expect("no log");
            session.begin(BeginKind::ReadWrite).expect("level 1");
        }
    }
    session.commit(CommitOptions::DURABLE).expect("no log");
    timed("sequential insert", begun);
    let begun = Instant::now();
    let mut buffer = [0; 100];
    for row in 0..ROWS {
        let key = i64::from(row.wrapping_mul(7919).rem_euclid(ROWS));
        cursor.make_key(&mut session, &key.to_le_bytes(), MakeKeyGrbit::NEW_KEY).expect("a key");
        cursor.seek(&mut session, SeekGrbit::EQ).expect("the row");
        let request = ColumnRequest { column: ids[1], itag: 1, ..ColumnRequest::default() };
        cursor.retrieve_column(&mut session, &request, &mut buffer).expect("the value");
    }
    timed("point read", begun);
    let begun = Instant::now();
    let mut here = cursor.move_first(&mut session);
    let mut rows = 0;
    while here.is_ok() {
        let request = ColumnRequest { column: ids[1], itag: 1, ..ColumnRequest::default() };
        cursor.retrieve_column(&mut session, &request, &mut buffer).expect("the value");
        rows += 1;
        here = cursor.move_by(&mut session, 1, MoveGrbit::empty());
    }
    assert_eq!(rows, ROWS);
    timed("scan", begun);
    let begun = Instant::now();
    session.begin(BeginKind::ReadWrite).expect("level 1");
    for row in 0..ROWS {
        let key = i64::from(row.wrapping_mul(7919).rem_euclid(ROWS));
        cursor.make_key(&mut session, &key.to_le_bytes(), MakeKeyGrbit::NEW_KEY).expect("a key");
        cursor.seek(&mut session, SeekGrbit::EQ).expect("the row");
        cursor.prepare(&mut session, Prepare::Replace).expect("nobody else is there");
        set(cursor, &mut session, ids[1], &[!row as u8; 100]).expect("a column");
        cursor.update(&mut session, None, UpdateGrbit::empty()).expect("the row");
        if row % 1000 == 999 {
            session.commit(CommitOptions::DURABLE).expect("no log");
            session.begin(BeginKind::ReadWrite).expect("level 1");
        }
    }
    session.commit(CommitOptions::DURABLE).expect("no log");
    timed("random update", begun);
}
