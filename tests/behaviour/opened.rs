//! Databases, where a table is needed to see how they are open.

use std::path::Path;

use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::Row;
use crate::cursor::{Cursor, is};
use crate::fixture::*;
use crate::harness::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (41, || {
        let f = read_only();
        let (c, code) = Cursor::open(f.session, f.dbid, c"t", 0);
        vec![code, c.prepare(JET_prepInsert)]
    }),
    (42, || {
        let f = read_only();
        vec![create_table(f.session, f.dbid, c"x").1]
    }),
    (45, || {
        let f = F::new();
        let c = f.cursor();
        vec![close(f.session, f.dbid), c.step(JET_MoveNext, 0)]
    }),
    (46, || {
        let f = F::new();
        let c = f.cursor();
        is(open(f.session, &f.database, 0).1, 0);
        let first = close(f.session, f.dbid);
        is(c.at(2).id(), 2);
        let second = close(f.session, f.dbid);
        is(c.step(JET_MoveNext, 0), JET_errInvalidTableId);
        vec![each(&[first, second])]
    }),
    (49, || {
        let f = F::new();
        is(term(f.running.instance, 8), JET_errDirtyShutdown);
        assert_eq!(state_of(&f.database), 2);
        let mut dirty = vec![attached_alone(&f.database, 8192)];
        let mut clean = vec![{
            let clean = closed();
            is(term(clean.running.instance, 0), 0);
            attached_alone(&clean.database, 8192)
        }];
        for path in srum_databases() {
            let unpacked = tempfile::tempdir().expect("a temporary folder");
            let path = path.unpack_into(unpacked.path());
            let codes = if state_of(&path) == 2 { &mut dirty } else { &mut clean };
            codes.push(attached_alone(&path, 4096));
        }
        ese_corpus::report!("behaviour: row 49: {} dirty files, {} clean ones", dirty.len(), clean.len());
        // The two names of the facts are one number.
        vec![each(&dirty), each(&dirty), each(&clean)]
    }),
    (244, || {
        let f = Fixture::new();
        let create = |name: &str, grbit| {
            let (dbid, code) = create_database(f.session, &f.running.path(name), grbit);
            is(code, 0);
            begin(f.session);
            let (made, code) = create_table(f.session, dbid, c"x");
            is(rollback(f.session, 0), 0);
            is(made.step(JET_MoveFirst, 0), JET_errInvalidTableId);
            (code, Cursor::open(f.session, dbid, c"x", 0).1)
        };
        let unlogged = create("r.edb", JET_bitDbRecoveryOff);
        let unversioned = create("v.edb", JET_bitDbRecoveryOff | JET_bitDbVersioningOff);
        assert_eq!((unlogged.1, unversioned.1), (JET_errObjectNotFound, 0));
        vec![each(&[unlogged.0, unversioned.0])]
    }),
    (248, || {
        let f = F::new();
        let session = f.running.session();
        let (dbid, code) = open(session, &f.database, JET_bitDbReadOnly);
        is(code, 0);
        vec![Second { session, dbid }.cursor().insert(6, "f")]
    }),
    (249, || {
        let f = F::new();
        begin(f.session);
        is(f.cursor().insert(6, "f"), 0);
        let code = each(&[close(f.session, f.dbid), commit(f.session, 0)]);
        is(f.second().cursor().at(6).id(), 6);
        vec![code]
    }),
    (250, || {
        let f = read_only();
        let refused = delete_table(f.session, f.dbid, c"t");
        // The original left the table locked.
        vec![refused, Cursor::open(f.session, f.dbid, c"t", 0).1, JET_errTableLocked]
    }),
    (253, || {
        let f = Fixture::new();
        let (mut dbid, path) = (0, text(&f.running.path("small.edb")));
        // SAFETY: the text is NUL-terminated, the place a local.
        let code = unsafe { JetCreateDatabase2(f.session, path.as_ptr(), 300, &raw mut dbid, 0) };
        is(code, 0);
        let (c, _) = create_table(f.session, dbid, c"x");
        let (column, code) = add_column(c, (c"b", JET_coltypBinary, 255, JET_bitColumnFixed, None));
        is(code, 0);
        let full = (0..100_000)
            .map(|_| {
                is(c.prepare(JET_prepInsert), 0);
                is(c.set(column, &[7; 255]), 0);
                c.update()
            })
            .find(|code| *code != 0);
        // SAFETY: any number may be passed.
        let raised = unsafe { JetSetMaxDatabaseSize(f.session, dbid, 1000, 0) };
        vec![full.unwrap_or(0), raised, c.update()]
    }),
];

/// The files of Windows' database SRUDB.dat in the corpus, where there is one.
fn srum_databases() -> Vec<ese_corpus::CorpusFile> {
    let Some(corpus) = ese_corpus::corpus() else {
        ese_corpus::skipped("row 49 on files of Windows");
        return Vec::new();
    };
    let mut files = ese_corpus::files_ending(&corpus.join("windows"), &["SRUDB.dat", "SRUDB.dat.gz"]);
    files.retain(|file| file.file_name().to_lowercase().starts_with("srudb"));
    files
}

/// The code of an attach for reading by an instance that has no logs of the file.
fn attached_alone(path: &Path, page_size: usize) -> i32 {
    is(set(None, JET_paramDatabasePageSize, page_size), 0);
    let mut running = Running::created("alone");
    running.start();
    let session = running.session();
    attach(session, path, JET_bitDbReadOnly)
}

/// Fixture F with its database closed and detached.
fn closed() -> F {
    let f = F::new();
    is(close(f.session, f.dbid), 0);
    is(detach(f.session, &f.database, 0), 0);
    f
}

/// Fixture F with its database attached for reading, and open.
fn read_only() -> F {
    let mut f = closed();
    is(attach(f.session, &f.database, JET_bitDbReadOnly), 0);
    let (dbid, code) = open(f.session, &f.database, 0);
    is(code, 0);
    f.base.dbid = dbid;
    f
}
