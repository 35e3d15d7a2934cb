//! Sets with something missing or wrong: the right code, the right file in the event log, and nothing that is called done.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use esent::abi::tables::errors::*;

use crate::Row;
use crate::bed::{Form, Slots};
use crate::harness::state_of;
use crate::rows::{change, high, low, segments, tear, tear_end};
use crate::stage::{Stage, other_source, source};

/// The file that this process writes its events to.
fn events() -> &'static Path {
    static EVENTS: OnceLock<PathBuf> = OnceLock::new();
    EVENTS.get_or_init(|| std::env::temp_dir().join(format!("esent-events-{}.log", std::process::id())))
}

/// Has the library write its events there. Called before the first instance is made, with nobody else at work.
pub(crate) fn listen() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let _ = std::fs::remove_file(events());
        // SAFETY: tests take turns and only the one that has its turn comes here; nobody reads the environment by C.
        unsafe { std::env::set_var("ESENT_EVENT_LOG", events()) };
    });
}

/// The lines that a call wrote.
fn told(call: impl FnOnce() -> i32) -> (i32, String) {
    let before = std::fs::read_to_string(events()).unwrap_or_default().len();
    let code = call();
    let text = std::fs::read_to_string(events()).unwrap_or_default();
    (code, text[before..].to_owned())
}

/// What is done to a set, what the restore says, and which file it names.
struct Damage {
    name: &'static str,
    /// Returns the file that has to be named.
    spoil: fn(&Stage) -> PathBuf,
    code: i32,
    /// Whether it can be seen before anything is written.
    beforehand: bool,
}

fn middle(stage: &Stage) -> PathBuf {
    stage.log_in("bk", low() + 1)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn flip_all(path: &Path, at: impl IntoIterator<Item = usize>) {
    change(path, |bytes| at.into_iter().for_each(|at| bytes[at] ^= 0x5A));
}

const DAMAGES: &[Damage] = &[
    Damage {
        name: "a log is missing",
        spoil: |stage| {
            std::fs::remove_file(middle(stage)).unwrap();
            middle(stage)
        },
        code: JET_errFileNotFound,
        beforehand: true,
    },
    Damage {
        name: "the last log is missing",
        spoil: |stage| {
            let path = stage.log_in("bk", high());
            std::fs::remove_file(&path).unwrap();
            path
        },
        code: JET_errFileNotFound,
        beforehand: true,
    },
    Damage {
        name: "a log is truncated",
        spoil: |stage| {
            change(&middle(stage), |bytes| bytes.truncate(bytes.len() - 4096));
            middle(stage)
        },
        code: JET_errLogFileSizeMismatch,
        beforehand: true,
    },
    Damage {
        name: "a log is truncated in its header",
        spoil: |stage| {
            change(&middle(stage), |bytes| bytes.truncate(1000));
            middle(stage)
        },
        code: JET_errLogFileCorrupt,
        beforehand: true,
    },
    Damage {
        name: "a log is of another stream",
        spoil: |stage| {
            std::fs::write(middle(stage), &other_source().archives[&(low() + 1)]).unwrap();
            middle(stage)
        },
        code: JET_errBadLogSignature,
        beforehand: true,
    },
    Damage {
        name: "the last segment of the last log is torn",
        spoil: |stage| {
            let path = stage.log_in("bk", high());
            tear_end(&path);
            path
        },
        code: JET_errLogTornWriteDuringHardRestore,
        beforehand: false,
    },
    Damage {
        name: "bits of a segment of a log are flipped",
        spoil: |stage| {
            let filled = |path: &PathBuf| segments(&std::fs::read(path).unwrap());
            let logs = (low()..high()).map(|generation| stage.log_in("bk", generation));
            let path = logs.max_by_key(filled).unwrap();
            tear(&path, filled(&path) / 2);
            path
        },
        code: JET_errLogCorruptDuringHardRestore,
        beforehand: false,
    },
    Damage {
        name: "a bit of the header of a log is flipped",
        spoil: |stage| {
            change(&middle(stage), |bytes| bytes[60] ^= 8);
            middle(stage)
        },
        code: JET_errLogFileCorrupt,
        beforehand: true,
    },
    Damage {
        name: "logs are out of order in name",
        spoil: |stage| {
            let (left, right) = (stage.log_in("bk", low() + 1), stage.log_in("bk", low() + 2));
            let bytes = std::fs::read(&left).unwrap();
            std::fs::copy(&right, &left).unwrap();
            std::fs::write(&right, bytes).unwrap();
            left
        },
        code: JET_errGivenLogFileIsNotContiguous,
        beforehand: true,
    },
    Damage {
        name: "bits of pages are flipped",
        spoil: |stage| {
            flip_all(
                &stage.copy_of_a(),
                (2..60).flat_map(|page| [100, 700, 1500].map(|at| page * 4096 + at)),
            );
            stage.copy_of_a()
        },
        code: JET_errReadVerifyFailure,
        beforehand: false,
    },
    Damage {
        name: "both headers of a copy are damaged",
        spoil: |stage| {
            flip_all(&stage.copy_of_b(), [700, 4096 + 700]);
            stage.copy_of_b()
        },
        code: JET_errDatabaseCorrupted,
        beforehand: true,
    },
    Damage {
        name: "a copy has no trailer",
        spoil: |stage| {
            change(&stage.copy_of_b(), |bytes| bytes.truncate(bytes.len() - 4096));
            stage.copy_of_b()
        },
        code: JET_errBadPatchPage,
        beforehand: true,
    },
    Damage {
        name: "a copy is of another stream",
        spoil: |stage| {
            std::fs::write(stage.copy_of_a(), &other_source().set.databases[0].1).unwrap();
            stage.copy_of_a()
        },
        code: JET_errDatabasePatchFileMismatch,
        beforehand: true,
    },
];

fn damaged(form: Form) {
    for damage in DAMAGES {
        let stage = Stage::new(form);
        let file = (damage.spoil)(&stage);
        let logs = source().set.logs.len();
        let set: Vec<_> =
            stage.content().into_iter().filter(|(path, _)| path.starts_with(stage.path("bk"))).collect();
        let (code, events) = told(|| if damage.beforehand { stage.refused() } else { stage.restore() });
        assert_eq!(code, damage.code, "{}\n{events}", damage.name);
        let failed: Vec<_> = events.lines().filter(|line| line.contains("event=454")).collect();
        assert_eq!(failed.len(), 1, "{}: {events}", damage.name);
        assert!(
            failed[0].contains(&name(&file)),
            "{}: {} is not named in {events}",
            damage.name,
            name(&file)
        );
        assert!(failed[0].contains(&format!("code={code}")), "{events}");
        // The logs of the set are as they were, and no copy is a database that anybody could attach.
        for (path, bytes) in set {
            assert!(std::fs::read(&path).unwrap() == bytes, "{}: {}", damage.name, path.display());
        }
        for copy in [stage.copy_of_a(), stage.copy_of_b()] {
            let is_whole = std::fs::read(&copy).unwrap().len() > 3 * 4096;
            assert!(!is_whole || state_of(&copy) != 3, "{}: {} is called clean", damage.name, copy.display());
        }
        assert!(logs > 3);
    }
    ese_corpus::report!("damaged sets {form:?}: {} told with their files", DAMAGES.len());
}

/// After damage is mended the same restore succeeds with fresh copies.
fn mended(form: Form) {
    let stage = Stage::new(form);
    let copies =
        [stage.copy_of_a(), stage.copy_of_b()].map(|path| (path.clone(), std::fs::read(path).unwrap()));
    let path = stage.log_in("bk", high());
    let whole = std::fs::read(&path).unwrap();
    tear_end(&path);
    assert_eq!(stage.restore(), JET_errLogTornWriteDuringHardRestore);
    std::fs::write(&path, whole).unwrap();
    for (path, bytes) in &copies {
        std::fs::write(path, bytes).unwrap();
        assert_ne!(Slots::of(bytes), Slots::NONE);
    }
    assert_eq!(stage.restore(), 0);
    assert_eq!(stage.rows(), source().rows);
}

const ROWS: &[Row] = &[("damaged", damaged), ("mended", mended)];

#[test]
fn a_damaged_set_is_told_with_its_file_and_never_called_done() {
    crate::run("damaged sets", ROWS);
}
