//! Databases.

use esent::abi::tables::bits::*;
use esent::abi::tables::params::*;

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

/// The fixture with its database closed and detached.
fn detached() -> Fixture {
    let fixture = Fixture::new();
    assert_eq!(close(fixture.session, fixture.dbid), 0);
    assert_eq!(detach(fixture.session, &fixture.database, 0), 0);
    fixture
}
