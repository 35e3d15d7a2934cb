//! Online defragmentation: when a run ends, and who is told (spec 09 §13.1).

use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::Mutex;

use esent::abi::tables::bits::*;
use esent::abi::tables::enums::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::typedefs::JET_CALLBACK;
use esent::api::*;

use crate::Case;
use crate::define::*;

/// The cases.
pub(crate) const CASES: &[Case] = &[("the end of a defragmentation is told", ends)];

/// Session, database, cursor and type of each call.
static TOLD: Mutex<Vec<(usize, u32, usize, u32)>> = Mutex::new(Vec::new());

unsafe extern "system" fn ended(
    session: usize,
    dbid: u32,
    tableid: usize,
    kind: u32,
    _: *mut c_void,
    _: *mut c_void,
    _: *mut c_void,
    _: usize,
) -> i32 {
    TOLD.lock().unwrap().push((session, dbid, tableid, kind));
    // Nobody asks.
    JET_errOutOfMemory
}

fn told() -> Vec<(usize, u32, usize, u32)> {
    std::mem::take(&mut TOLD.lock().unwrap())
}

fn ends() {
    let f = Scene::new();
    let (start, stop) = (JET_bitDefragmentBatchStart, JET_bitDefragmentBatchStop);
    let defragment = |mut passes: u32, mut seconds: u32, callback: JET_CALLBACK, grbit| {
        let places = (&raw mut passes, &raw mut seconds);
        // SAFETY: the places are locals, there is no name, the function is that of the interface.
        let code = unsafe { JetDefragment2(f.s(), f.dbid(), null(), places.0, places.1, callback, grbit) };
        (code, passes, seconds)
    };
    let once = vec![(f.s(), f.dbid(), JET_tableidNil, JET_cbtypOnlineDefragCompleted)];
    // Without limits it runs until it is stopped.
    assert_eq!(defragment(0, 0, Some(ended), start).0, 0);
    assert_eq!((defragment(0, 0, Some(ended), start).0, told()), (JET_wrnDefragAlreadyRunning, vec![]));
    assert_eq!(defragment(9, 9, None, stop), (0, 1, 0));
    assert_eq!(told(), once);
    // Of one pass it is over when the pass is.
    assert_eq!(defragment(1, 0, Some(ended), start).0, 0);
    assert_eq!(told(), once);
    assert_eq!(defragment(0, 0, None, stop).0, JET_wrnDefragNotRunning);
    // Nobody is told who does not want to be, nor twice.
    assert_eq!(defragment(0, 0, None, start).0, 0);
    assert_eq!(defragment(0, 0, None, stop).0, 0);
    assert_eq!(defragment(0, 0, None, stop).0, JET_wrnDefragNotRunning);
    assert_eq!(told(), vec![]);
    // When its time is over the next call sees it.
    assert_eq!(defragment(0, 1, Some(ended), start).0, 0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!((defragment(0, 0, None, stop).0, told()), (JET_wrnDefragNotRunning, once));
    // What takes no callback.
    let places = null_mut::<u32>();
    for (grbit, code) in [(JET_bitDefragmentBTree, JET_errInvalidParameter), (0, JET_errInvalidGrbit)] {
        // SAFETY: no name and no places, the function is that of the interface.
        let told = unsafe { JetDefragment2(f.s(), f.dbid(), null(), places, places, Some(ended), grbit) };
        assert_eq!(told, code, "{grbit}");
    }
}
