//! Sessions and their instance, where a table is needed to see it.

use std::thread;

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
    (19, || {
        let f = F::new();
        let foreign = Cursor { session: f.second().session, ..f.cursor() };
        vec![foreign.step(JET_MoveNext, 0)]
    }),
    (20, || {
        let f = F::new();
        let c = f.cursor();
        vec![c.close(), c.close()]
    }),
    (26, || {
        let f = F::new();
        let second = f.second();
        begin(second.session);
        is(second.cursor().insert(6, "f"), 0);
        let code = end_session(second.session);
        is(f.cursor().key(6).seek(JET_bitSeekEQ), JET_errRecordNotFound);
        vec![code]
    }),
    (27, || {
        // What the limit is rounded up to is an engine's own: twice what was asked for is more than enough.
        let mut running = Running::created("n");
        is(set(Some(running.instance), JET_paramMaxSessions, 16), 0);
        running.start();
        let codes: Vec<_> = (0..32).map(|_| begin_session(running.instance).1).collect();
        assert!(codes[..16].iter().all(|code| *code == 0), "{codes:?}");
        vec![codes.into_iter().find(|code| *code != 0).unwrap_or(0)]
    }),
    (30, || {
        let f = F::new();
        let (instance, second) = (f.running.instance, f.second());
        let c = f.cursor();
        begin(f.session);
        // SAFETY: any number may be passed.
        let stop = |grbit| unsafe { JetStopServiceInstance2(instance, grbit) };
        // SAFETY: any number may be passed.
        let stopped = unsafe { JetStopServiceInstance(instance) };
        let moved = c.step(JET_MoveNext, 0);
        let commits = [commit(f.session, 0), begin(f.session)];
        let undone = rollback(f.session, 0);
        let closed = [c.close(), close(f.session, f.dbid)];
        let ended = end_session(second.session);
        vec![stopped, moved, undone, ended, each(&commits), each(&closed), stop(JET_bitStopServiceResume), {
            is(begin(f.session), 0);
            is(commit(f.session, 0), 0);
            term(instance, 0)
        }]
    }),
    (230, || {
        let mut f = F::new();
        is(term(f.running.instance, 8), JET_errDirtyShutdown);
        f.base.running.instance = Running::create_in(f.running.folder.path(), "f");
        let (instance, code) = init(f.running.instance);
        f.base.running.instance = instance;
        f.base.session = f.running.session();
        let attached = attach(f.session, &f.database, 0);
        is(f.second().cursor().count(0).1 as i32, 5);
        vec![code, attached]
    }),
    (240, || {
        let f = F::new();
        begin(f.session);
        let mut copy = 0;
        // SAFETY: the place is a local.
        let code = unsafe { JetDupSession(f.session, &raw mut copy) };
        assert_eq!(level(copy), 0);
        vec![code, Cursor::open(copy, f.dbid, c"t", 0).1]
    }),
    (339, || {
        let attempt = |other: fn(Cursor) -> i32| {
            let f = F::new();
            let c = f.cursor();
            begin(f.session);
            is(c.prepare(JET_prepInsert), 0);
            is(c.set_long(ID, 6), 0);
            let theirs = thread::spawn(move || other(c)).join().expect("a call does not panic");
            (theirs, c.update())
        };
        let update = attempt(Cursor::update);
        let others = [attempt(|c| rollback(c.session, 0)), attempt(|c| end_session(c.session))];
        vec![
            each(&[update.0, others[0].0, others[1].0]),
            update.1,
            // The original had lost the update after the others' calls; here it is kept.
            JET_errUpdateNotPrepared,
            each(&others.map(|(_, mine)| mine)),
        ]
    }),
];
