//! Databases.

use std::ffi::c_void;

use esent::abi::tables::bits::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::Row;
use crate::harness::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (31, || {
        let fixture = Fixture::new();
        vec![create_database(fixture.session, &fixture.database, 0).1]
    }),
    (32, || {
        let fixture = detached();
        vec![
            create_database(fixture.session, &fixture.database, 0).1,
            create_database(fixture.session, &fixture.database, JET_bitDbOverwriteExisting).1,
        ]
    }),
    (33, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        let other = fixture.running.path("other.edb");
        vec![each(&[
            create_database(fixture.session, &other, 0).1,
            attach(fixture.session, &other, 0),
            detach(fixture.session, &fixture.database, 0),
        ])]
    }),
    (34, || {
        let fixture = Fixture::new();
        vec![attach(fixture.session, &fixture.database, 0)]
    }),
    (35, || {
        let fixture = Fixture::new();
        vec![detach(fixture.session, &fixture.database, 0)]
    }),
    (36, || {
        let fixture = Fixture::new();
        close(fixture.session, fixture.dbid);
        vec![detach(fixture.session, &fixture.database, 0)]
    }),
    (37, || {
        let fixture = Fixture::new();
        vec![detach(fixture.session, &fixture.running.path("unknown.edb"), 0)]
    }),
    (38, || {
        let fixture = Fixture::new();
        vec![detach(fixture.session, &fixture.database, JET_bitForceDetach)]
    }),
    (39, || {
        let fixture = detached();
        vec![open(fixture.session, &fixture.database, 0).1]
    }),
    (40, || {
        let fixture = detached();
        attach(fixture.session, &fixture.database, JET_bitDbReadOnly);
        vec![
            open(fixture.session, &fixture.database, 0).1,
            open(fixture.session, &fixture.database, JET_bitDbReadOnly).1,
        ]
    }),
    (43, || {
        let fixture = Fixture::new();
        let second = fixture.running.session();
        vec![open(second, &fixture.database, JET_bitDbExclusive).1]
    }),
    (44, || {
        let fixture = Fixture::new();
        close(fixture.session, fixture.dbid);
        open(fixture.session, &fixture.database, JET_bitDbExclusive);
        let second = fixture.running.session();
        vec![open(second, &fixture.database, 0).1]
    }),
    (47, || {
        let fixture = Fixture::new();
        let other = Running::started("other");
        let session = other.session();
        vec![
            each(&[attach(session, &fixture.database, 0), create_database(session, &fixture.database, 0).1]),
            open(session, &fixture.database, 0).1,
        ]
    }),
    (48, || {
        let fixture = detached();
        let noise = |name: &str, bytes: &[u8]| {
            let path = fixture.running.path(name);
            std::fs::write(&path, bytes).unwrap();
            attach(fixture.session, &path, 0)
        };
        let damaged = each(&[noise("noise", &[0x5A; 40_000]), noise("one", &[1]), noise("none", &[])]);
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.edb");
        std::fs::copy(&fixture.database, &copy).unwrap();
        drop(fixture);
        set(None, JET_paramDatabasePageSize, 4096);
        let mut running = Running::created("4");
        running.start();
        vec![attach(running.session(), &copy, 0), damaged]
    }),
    (50, || {
        let fixture = Fixture::new();
        let others: Vec<_> = (0..6)
            .map(|number| {
                create_database(fixture.session, &fixture.running.path(&format!("{number}.edb")), 0).1
            })
            .collect();
        assert_eq!(each(&others[..5]), 0);
        vec![others[5]]
    }),
    (51, || {
        let fixture = Fixture::new();
        vec![attach(fixture.session, &fixture.running.path("missing.edb"), 0)]
    }),
    (52, || {
        let fixture = Fixture::new();
        let (whole, size) = number_of(fixture.session, fixture.dbid, 17, 4);
        vec![each(&[
            -1038,
            number_of(fixture.session, fixture.dbid, 17, 2).0,
            holds((whole, size) == (0, 8192)) - 1038,
        ])]
    }),
    (251, || {
        let fixture = Fixture::new();
        let (code, pages) = number_of(fixture.session, fixture.dbid, 10, 4);
        let length = std::fs::metadata(&fixture.database).unwrap().len();
        let owned = number_of(fixture.session, fixture.dbid, 11, 4);
        vec![each(&[code, holds(pages == 256 && length == 256 * 8192), holds(owned == (0, 254))])]
    }),
    (252, || {
        let fixture = Fixture::new();
        let resize = |target, grbit| {
            let mut pages = 7;
            // SAFETY: the place is a local.
            let code =
                unsafe { JetResizeDatabase(fixture.session, fixture.dbid, target, &raw mut pages, grbit) };
            (code, pages)
        };
        let mut pages = 0;
        let larger = resize(356, 0);
        // SAFETY: the place is a local.
        let smaller = unsafe { JetGrowDatabase(fixture.session, fixture.dbid, 300, &raw mut pages) };
        vec![
            each(&[larger.0, smaller, holds(larger.1 == 512 && pages == 512)]),
            resize(300, JET_bitResizeDatabaseOnlyShrink).0,
            resize(300, 3).0,
            resize(300, 4).0,
        ]
    }),
    (255, || {
        let fixture = detached();
        let set = |pages| {
            let (mut real, path) = (0, text(&fixture.database));
            // SAFETY: the text is NUL-terminated, the place a local.
            let code = unsafe { JetSetDatabaseSize(fixture.session, path.as_ptr(), pages, &raw mut real) };
            (code, real)
        };
        let (refused, less, more) = (set(31), set(100), set(1000));
        vec![
            refused.0,
            each(&[less.0, holds(less.1 == 254)]),
            each(&[more.0, holds(more.1 == 1000), attach(fixture.session, &fixture.database, 0)]),
        ]
    }),
    (241, || {
        let fixture = Fixture::new();
        let path = fixture.running.path("missing/x.edb");
        let without = create_database(fixture.session, &path, 0).1;
        set(Some(fixture.running.instance), JET_paramCreatePathIfNotExist, 1);
        vec![without, create_database(fixture.session, &path, 0).1]
    }),
    (242, || {
        let fixture = Fixture::new();
        let folder = fixture.running.path("folder.edb");
        std::fs::create_dir(&folder).unwrap();
        vec![create_database(fixture.session, &folder, 0).1]
    }),
    (243, || {
        let fixture = Fixture::new();
        vec![create_database(fixture.session, &fixture.running.path("x.edb"), JET_bitDbVersioningOff).1]
    }),
    (245, || {
        let fixture = Fixture::new();
        vec![
            attach(fixture.session, &fixture.database, JET_bitDbVersioningOff),
            attach(fixture.session, &fixture.database, JET_bitDbReadOnly | JET_bitDbDeleteUnicodeIndexes),
        ]
    }),
    (246, || {
        let fixture = Fixture::new();
        vec![open(fixture.session, &fixture.running.path("tmp.edb"), 0).1]
    }),
    (247, || {
        let fixture = Fixture::new();
        close(fixture.session, fixture.dbid);
        open(fixture.session, &fixture.database, JET_bitDbExclusive);
        open(fixture.session, &fixture.database, 0);
        close(fixture.session, fixture.dbid);
        let second = fixture.running.session();
        vec![open(second, &fixture.database, 0).1]
    }),
    (254, || {
        let mut running = Running::created("one");
        set(Some(running.instance), JET_paramOneDatabasePerSession, 1);
        running.start();
        let session = running.session();
        assert_eq!(create_database(session, &running.path("1.edb"), 0).1, 0);
        vec![create_database(session, &running.path("2.edb"), 0).1]
    }),
];

/// JetGetDatabaseInfo for a number; the code, and the number.
fn number_of(session: usize, dbid: u32, level: u32, bytes: u32) -> (i32, u32) {
    let mut number = 0_u32;
    let place = (&raw mut number).cast::<c_void>();
    // SAFETY: the place has as many bytes as are told at most.
    let code = unsafe { JetGetDatabaseInfoA(session, dbid, place, bytes, level) };
    (code, number)
}

/// The fixture with its database closed and detached.
fn detached() -> Fixture {
    let fixture = Fixture::new();
    assert_eq!(close(fixture.session, fixture.dbid), 0);
    assert_eq!(detach(fixture.session, &fixture.database, 0), 0);
    fixture
}
