//! Instances, parameters, sessions.

use std::path::Path;
use std::ptr::null_mut;
use std::thread;

use esent::abi::structs::JET_SETSYSPARAM_A;
use esent::abi::tables::enums::{JET_instanceNil, JET_sesidNil};
use esent::abi::tables::params::*;
use esent::api::*;

use crate::Row;
use crate::harness::*;

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    (1, || legacy(|_| vec![])),
    (2, || legacy(|init| vec![init()]).split_off(1)),
    (3, || legacy(|_| vec![create_instance(Some("x")).1]).split_off(1)),
    (4, || {
        legacy(|_| vec![]);
        let (instance, code) = create_instance(Some("x"));
        vec![0, each(&[code, term(instance, 0)])]
    }),
    (5, || {
        let first = create_instance(Some("x"));
        let second = create_instance(Some("x"));
        term(first.0, 0);
        vec![first.1, second.1]
    }),
    (6, || {
        let (instance, _) = create_instance(Some("x"));
        // SAFETY: NULL is a way to name no instance.
        let code = unsafe { JetInit(null_mut()) };
        term(instance, 0);
        vec![code]
    }),
    (7, || {
        let before = get(0, 0, JET_paramMaxInstances).unwrap();
        set(None, JET_paramMaxInstances, 2);
        let made = [create_instance(Some("1")), create_instance(Some("2")), create_instance(Some("3"))];
        made.iter().for_each(|(instance, _)| {
            term(*instance, 0);
        });
        set(None, JET_paramMaxInstances, before);
        vec![made[2].1]
    }),
    (8, || {
        let (instance, _) = create_instance(Some("x"));
        let (_, code) = begin_session(instance);
        term(instance, 0);
        vec![code]
    }),
    (9, || {
        let running = Running::started("x");
        let current = get(running.instance, 0, JET_paramMaxCursors).unwrap();
        vec![
            set(Some(running.instance), JET_paramMaxCursors, current + 1),
            set(Some(running.instance), JET_paramMaxCursors, current),
            set_text(Some(running.instance), JET_paramSystemPath, running.folder.path()),
        ]
    }),
    (10, || {
        let running = Running::started("x");
        vec![set(Some(running.instance), JET_paramDatabasePageSize, 4096)]
    }),
    (11, || vec![set(None, JET_paramDatabasePageSize, 5000)]),
    (12, || vec![set(None, 9999, 1)]),
    (13, || {
        let key_most = |page| {
            set(None, JET_paramDatabasePageSize, page);
            get(0, 0, JET_paramKeyMost)
        };
        vec![holds([4096, 8192, 32768].map(key_most) == [Ok(1000), Ok(2000), Ok(2000)])]
    }),
    (14, || {
        let first = enable(&[(JET_paramDatabasePageSize, 8192)]);
        let again = enable(&[(JET_paramDatabasePageSize, 8192)]);
        let other = enable(&[(JET_paramDatabasePageSize, 4096)]);
        leave_multi_mode();
        vec![first.0, again.0, other.0]
    }),
    (15, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        let code = term(fixture.running.instance, 1);
        vec![each(&[code, code + holds(level(fixture.session) == 1 && rollback(fixture.session, 0) == 0)])]
    }),
    (16, || {
        let fixture = Fixture::new();
        let code = term(fixture.running.instance, 1);
        vec![each(&[code, holds(state_of(&fixture.database) == 3)])]
    }),
    (17, || {
        let mut fixture = Fixture::new();
        let code = term(fixture.running.instance, 8);
        let dirty = holds(state_of(&fixture.database) == 2);
        fixture.running.instance = Running::create_in(fixture.running.folder.path(), "f");
        fixture.running.start();
        let recovered = attach(fixture.running.session(), &fixture.database, 0);
        vec![each(&[code, code + dirty, code + recovered])]
    }),
    (18, || {
        let fixture = Fixture::new();
        let stale = fixture.running.session();
        end_session(stale);
        // The facts' second code is what the original said of a stale handle; libesent's is the first.
        let given = each(&[begin(stale), begin(0), begin(JET_sesidNil)]);
        vec![given, -1910, given]
    }),
    (21, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        let session = fixture.session;
        let elsewhere = thread::spawn(move || {
            each(&[commit(session, 0), rollback(session, 0), begin(session), end_session(session)])
        });
        let elsewhere = elsewhere.join().unwrap();
        vec![elsewhere, each(&[holds(level(session) == 1), commit(session, 0)])]
    }),
    (22, || {
        let fixture = Fixture::new();
        let session = fixture.session;
        let mine = each(&[context(session, 5), begin(session), reset(session)]);
        let theirs = thread::spawn(move || each(&[context(session, 5), commit(session, 0)])).join().unwrap();
        vec![each(&[mine, theirs])]
    }),
    (23, || {
        let fixture = Fixture::new();
        context(fixture.session, 5);
        vec![context(fixture.session, 5)]
    }),
    (24, || {
        let fixture = Fixture::new();
        let session = fixture.session;
        context(session, 5);
        vec![thread::spawn(move || reset(session)).join().unwrap()]
    }),
    (25, || vec![context(Fixture::new().session, 0)]),
    (28, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        begin(fixture.session);
        vec![holds(level(fixture.session) == 2)]
    }),
    (29, || {
        // SAFETY: there are no bytes to be read.
        vec![unsafe { JetSetSessionParameter(Fixture::new().session, 4351, null_mut(), 0) }]
    }),
    (219, || {
        let without = [
            term(0, 2),
            term(JET_instanceNil, 0),
            begin_session(0).1,
            // SAFETY: it takes nothing.
            unsafe { JetStopService() },
        ];
        vec![each(&without), begin(5)]
    }),
    (220, || {
        legacy(|_| {
            let (session, code) = begin_session(0x1234_5678);
            vec![each(&[code, end_session(session)])]
        })
        .split_off(1)
    }),
    (221, || {
        let (instance, _) = create_instance(Some("x"));
        let none =
            each(&[begin_session(0).1, begin_session(JET_instanceNil).1, begin_session(0x1234_5678).1]);
        let created = begin_session(instance).1;
        term(instance, 0);
        vec![none, created]
    }),
    (222, || {
        let made = [None, None, Some(""), Some("x"), Some("X")].map(create_instance);
        made.iter().filter(|(_, code)| *code == 0).for_each(|(instance, _)| {
            term(*instance, 0);
        });
        made.iter().map(|(_, code)| *code).collect()
    }),
    (223, || {
        let (instance, _) = create_instance(None);
        let (_, code) = init(JET_instanceNil);
        term(instance, 0);
        vec![code]
    }),
    (224, || {
        let made: Vec<_> = (0..17).map(|number| create_instance(Some(&number.to_string()))).collect();
        made.iter().take(16).for_each(|(instance, _)| {
            term(*instance, 0);
        });
        vec![made[16].1]
    }),
    (225, || {
        let (instance, _) = create_instance(Some("x"));
        let current = get(0, 0, JET_paramMaxInstances).unwrap();
        let codes =
            vec![set(None, JET_paramMaxInstances, current + 1), set(None, JET_paramMaxInstances, current)];
        term(instance, 0);
        codes
    }),
    (226, || {
        let running = Running::created("x");
        set_text(Some(running.instance), JET_paramLogFilePath, &running.path("missing"));
        let (instance, code) = init(running.instance);
        vec![each(&[code, code + holds(instance == 0)])]
    }),
    (227, || {
        let running = Running::started("x");
        let second = Running::create_in(running.folder.path(), "y");
        let (handle, code) = init(second);
        vec![each(&[code, code + holds(handle == 0)])]
    }),
    (228, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        let refused = each(&[0, 2, 1, 0x40].map(|grbit| term(fixture.running.instance, grbit)));
        commit(fixture.session, 0);
        vec![refused, term(fixture.running.instance, 0)]
    }),
    (229, || {
        let fixture = Fixture::new();
        begin(fixture.session);
        vec![term(fixture.running.instance, 8), term(fixture.running.instance, 8)]
    }),
    (231, || {
        let fixture = Fixture::new();
        // SAFETY: any number may be passed.
        let stop = |grbit| unsafe { JetStopServiceInstance2(fixture.running.instance, grbit) };
        vec![each(&[1, 0x10, 0x8000_0008].map(stop)), each(&[2, 4, 6, 0x8000_0000, 0x8000_0002].map(stop))]
    }),
    (232, || vec![set(None, JET_paramDatabasePageSize, 2048)]),
    (233, || {
        set(None, JET_paramEnableAdvanced, 0);
        let before = get(0, 0, JET_paramMaxOpenTables);
        let code = set(None, JET_paramMaxOpenTables, 5);
        set(None, JET_paramEnableAdvanced, 1);
        vec![each(&[code, holds(get(0, 0, JET_paramMaxOpenTables) == before)])]
    }),
    (234, || {
        let mut buffer = [0; 8];
        let mut read = |bytes| {
            // SAFETY: the buffer has more bytes than are told.
            unsafe { JetGetSystemParameter(0, 0, JET_paramBaseName, null_mut(), buffer.as_mut_ptr(), bytes) }
        };
        vec![read(0), read(4)]
    }),
    (235, || {
        let read = |bytes| {
            let (mut code, mut buffer) = (0, [0x7F; 200]);
            // SAFETY: the buffer has more bytes than are told, the number is a local.
            let result = unsafe {
                JetGetSystemParameter(0, 0, JET_paramErrorToString, &raw mut code, buffer.as_mut_ptr(), bytes)
            };
            (result, buffer[0])
        };
        let (whole, short) = (read(200), read(8));
        vec![whole.0, each(&[short.0, short.0 + holds(short.1 == 0x7F)])]
    }),
    (236, || {
        enable(&[(JET_paramDatabasePageSize, 8192)]);
        let codes = [enable_raw(null_mut(), 0), enable_raw(null_mut(), 1), {
            let mut one = parameter(JET_paramDatabasePageSize, 8192);
            enable_raw(&raw mut one, 0)
        }];
        leave_multi_mode();
        codes.to_vec()
    }),
    (237, || {
        let fixture = Fixture::new();
        let mut value = 0_u64;
        let place = (&raw mut value).cast();
        let mut actual = 0;
        // SAFETY: the value has eight bytes, which is as many as are told at most.
        unsafe {
            vec![
                JetSetSessionParameter(fixture.session, 4099, place, 4),
                each(
                    &[3, 8]
                        .map(|bytes| JetGetSessionParameter(fixture.session, 4099, place, bytes, null_mut())),
                ),
                each(&[
                    JetGetSessionParameter(fixture.session, 4099, null_mut(), 0, &raw mut actual),
                    holds(actual == 4),
                ]),
            ]
        }
    }),
    (238, || {
        let fixture = Fixture::new();
        let session = fixture.session;
        context(session, 5);
        vec![thread::spawn(move || begin(session)).join().unwrap()]
    }),
    (239, || {
        let fixture = Fixture::new();
        let session = fixture.session;
        each(&[context(session, 5), begin(session), reset(session)]);
        vec![
            thread::spawn(move || {
                context(session, 6);
                commit(session, 0)
            })
            .join()
            .unwrap(),
        ]
    }),
    (340, || {
        let fixture = Fixture::new();
        // SAFETY: any number may be passed.
        let stopped = unsafe { JetStopServiceInstance2(fixture.running.instance, 8) };
        vec![stopped, term(fixture.running.instance, 0)]
    }),
];

/// JetInit without a handle in a folder of its own, then `then` with a way to do that again, then JetTerm.
fn legacy(then: impl FnOnce(&dyn Fn() -> i32) -> Vec<i32>) -> Vec<i32> {
    let folder = tempfile::tempdir().unwrap();
    let ids = [JET_paramSystemPath, JET_paramLogFilePath];
    ids.iter().for_each(|id| assert_eq!(set_text(None, *id, folder.path()), 0));
    assert_eq!(set_text(None, JET_paramTempPath, &folder.path().join("tmp.edb")), 0);
    // SAFETY: NULL is a way to name no instance.
    let init = || unsafe { JetInit(null_mut()) };
    let mut codes = vec![init()];
    codes.extend(then(&init));
    assert_eq!(term(0, 2), 0);
    ids.iter().for_each(|id| assert_eq!(set_text(None, *id, Path::new("./")), 0));
    assert_eq!(set_text(None, JET_paramTempPath, Path::new("tmp.edb")), 0);
    codes
}

fn parameter(id: u32, number: usize) -> JET_SETSYSPARAM_A {
    JET_SETSYSPARAM_A { paramid: id, lParam: number, sz: std::ptr::null(), err: 1 }
}

fn enable_raw(parameters: *mut JET_SETSYSPARAM_A, count: u32) -> i32 {
    // SAFETY: the tests pass an array of that length, or what is refused.
    unsafe { JetEnableMultiInstance(parameters, count, null_mut()) }
}

/// JetEnableMultiInstance: its code, and that of the last parameter.
fn enable(parameters: &[(u32, usize)]) -> (i32, i32) {
    let mut parameters: Vec<_> = parameters.iter().map(|(id, number)| parameter(*id, *number)).collect();
    let code = enable_raw(parameters.as_mut_ptr(), parameters.len() as u32);
    (code, parameters.last().map_or(0, |last| last.err))
}

/// The mode goes with the last instance.
fn leave_multi_mode() {
    let (instance, _) = create_instance(Some("last"));
    term(instance, 0);
}

fn context(session: usize, value: usize) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetSetSessionContext(session, value) }
}

fn reset(session: usize) -> i32 {
    // SAFETY: any number may be passed.
    unsafe { JetResetSessionContext(session) }
}
