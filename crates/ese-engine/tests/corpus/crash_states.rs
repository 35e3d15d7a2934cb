//! The crash states of spec 06 §18 and the errors of §8.4 that are made from copies of real sets.

use ese_corpus::{corpus, report, skipped};
use ese_engine::recovery::RecoveryOptions;
use ese_format::checkpoint::CHECKPOINT_BYTES;
use ese_format::database_header::DatabaseState;
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::LogFile;
use ese_format::log::header::LogHeader;
use ese_format::log::segment::SEGMENT_BYTES;

use crate::recovery::Scene;

/// Changes a log's header and seals it again.
fn edit_log(scene: &Scene, name: &str, edit: impl Fn(&mut LogHeader)) {
    scene.change(name, |bytes| {
        let mut header = *LogHeader::read(bytes).expect("a log");
        edit(&mut header);
        header.seal();
        bytes[..SEGMENT_BYTES].copy_from_slice(header.bytes());
    });
}

/// Last segment of a log that holds data.
fn last_segment(scene: &Scene, name: &str) -> usize {
    let bytes = scene.bytes(name);
    let last = LogFile::read(&bytes).expect("a log").segments().last().map(|segment| segment.number());
    usize::from(last.expect("segments"))
}

#[test]
fn logs_that_end_anywhere_leave_a_sound_database() {
    let Some(corpus) = corpus() else { return skipped("logs_that_end_anywhere_leave_a_sound_database") };
    let mut ends = 0;
    for set in ["crash-B", "crash-E", "crash-A"] {
        let given = Scene::of(&corpus, &[&format!("ese/{set}/dirty")]);
        given.remove("crash.edb");
        given.remove("edb.chk");
        // The log ends inside of transactions, macros and long records: C1, C2, C6 to C9.
        for kept in (1..=last_segment(&given, "edb.log")).step_by(3) {
            let scene = given.copy();
            scene.change("edb.log", |bytes| bytes[(kept + 1) * SEGMENT_BYTES..].fill(0));
            scene.recover().unwrap_or_else(|error| panic!("{set}, {kept} segments: {error}"));
            scene.check_ended("crash.edb");
            scene.check_sound("crash.edb");
            ends += 1;
        }
    }
    report!("{ends} logs cut off behind a segment: every database sound");
    assert!(ends > 10);
}

#[test]
fn torn_segments_and_checkpoints_are_put_right() {
    let Some(corpus) = corpus() else { return skipped("torn_segments_and_checkpoints_are_put_right") };
    let given = Scene::of(&corpus, &["ese/crash-A/dirty"]);
    let last = last_segment(&given, "edb.log");
    type Change = fn(&Scene, usize);
    let cases: [(&str, Change, Option<JetError>); 6] = [
        (
            "C14: the last segment is torn, its shadow is good",
            |scene, last| {
                scene.change("edb.log", |bytes| {
                    bytes.copy_within(
                        last * SEGMENT_BYTES..(last + 1) * SEGMENT_BYTES,
                        (last + 1) * SEGMENT_BYTES,
                    );
                    bytes[last * SEGMENT_BYTES + 2048..(last + 1) * SEGMENT_BYTES].fill(0x55);
                });
            },
            None,
        ),
        (
            "C15: the last segment is zero, nothing is behind",
            |scene, last| {
                scene.change("edb.log", |bytes| bytes[last * SEGMENT_BYTES..].fill(0));
            },
            None,
        ),
        (
            "damage in the middle is none of a power cut",
            |scene, last| {
                scene.change("edb.log", |bytes| {
                    bytes[(last / 2) * SEGMENT_BYTES + 100..(last / 2) * SEGMENT_BYTES + 200].fill(0xAA);
                });
            },
            Some(JetError::LOG_FILE_CORRUPT),
        ),
        (
            "C20: the first copy of the checkpoint is torn",
            |scene, _| {
                scene.change("edb.chk", |bytes| bytes[512..1024].fill(0x77));
            },
            None,
        ),
        (
            "C21: both copies of the checkpoint are lost",
            |scene, _| {
                scene.change("edb.chk", |bytes| {
                    bytes[512] ^= 1;
                    bytes[CHECKPOINT_BYTES + 512] ^= 1;
                });
            },
            None,
        ),
        (
            "C16: the next log was being prepared",
            |scene, _| scene.put("edbtmp.log", vec![0x5A; 131_072]),
            None,
        ),
    ];
    for (name, change, expected) in cases {
        let scene = given.copy();
        change(&scene, last);
        let found = scene.refused();
        assert_eq!(found, expected, "{name}");
        if expected.is_none() {
            scene.check_ended("crash.edb");
            scene.check_sound("crash.edb");
        }
    }
}

#[test]
fn what_contradicts_the_log_is_refused() {
    let Some(corpus) = corpus() else { return skipped("what_contradicts_the_log_is_refused") };
    type Change = fn(&mut Scene);
    let cases: [(&str, Change, Option<JetError>); 13] = [
        (
            "C17: power cut between the two renames of a roll",
            |scene| {
                let current = scene.bytes("edb.log");
                let generation = LogFile::read(&current).unwrap().header().generation.get();
                scene.put(&format!("edb{generation:08X}.log"), current);
                scene.remove("edb.log");
                scene.put("edbtmp.log", vec![0; 131_072]);
            },
            None,
        ),
        (
            "the current log is lost",
            |scene| {
                scene.remove("edb.log");
            },
            Some(JetError::MISSING_LOG_FILE),
        ),
        (
            "C36: an old copy of the database",
            |scene| {
                scene.edit_header("crash.edb", |header| {
                    header.fields.state = DatabaseState::CleanShutdown.raw().into();
                    header.fields.lgpos_attach = Lgpos::new(1, 1, 1);
                    header.fields.lgpos_consistent = Lgpos::new(1, 1, 2);
                });
            },
            Some(JetError::ATTACHED_DATABASE_MISMATCH),
        ),
        (
            "C37: the newest logs are lost, none of them required",
            |scene| {
                scene.edit_header("crash.edb", |header| {
                    let committed = header.fields.generation_max_committed.get() + 1;
                    header.fields.generation_max_committed = committed.into();
                });
            },
            Some(JetError::COMMITTED_LOG_FILES_MISSING),
        ),
        (
            "C37: and that is accepted",
            |scene| {
                scene.edit_header("crash.edb", |header| {
                    let committed = header.fields.generation_max_committed.get() + 1;
                    header.fields.generation_max_committed = committed.into();
                });
                scene.options = RecoveryOptions::IGNORE_LOST_LOGS;
            },
            None,
        ),
        (
            "C38: a required log is lost",
            |scene| {
                scene.edit_header("crash.edb", |header| {
                    let required = header.fields.generation_max_required.get() + 1;
                    header.fields.generation_max_required = required.into();
                    header.fields.generation_max_committed = required.into();
                });
            },
            Some(JetError::REQUIRED_LOG_FILES_MISSING),
        ),
        (
            "the last required log is another one",
            |scene| {
                scene.edit_header("crash.edb", |header| {
                    header.fields.time_generation_max_required.seconds ^= 1;
                });
            },
            Some(JetError::REQUIRED_LOG_FILES_MISSING),
        ),
        (
            "C39: a log of another stream",
            |scene| {
                edit_log(scene, "edb00000003.log", |header| header.signature.random = 1.into());
            },
            Some(JetError::BAD_LOG_SIGNATURE),
        ),
        (
            "C39: a log that was made behind another one",
            |scene| {
                edit_log(scene, "edb00000003.log", |header| header.previous_created.seconds ^= 1);
            },
            Some(JetError::INVALID_LOG_SEQUENCE),
        ),
        (
            "C39: an earlier log was changed",
            |scene| {
                edit_log(scene, "edb00000003.log", |header| {
                    let checksum = header.previous_accumulated_checksum.get() ^ 1;
                    header.previous_accumulated_checksum = checksum.into();
                });
            },
            Some(JetError::LOG_SEQUENCE_CHECKSUM_MISMATCH),
        ),
        (
            "a file that is no database is made anew by its CreateDB",
            |scene| {
                scene.change("crash.edb", |bytes| bytes[..8192].fill(0x11));
            },
            None,
        ),
        (
            "a reseed that was not finished",
            |scene| {
                scene.edit_header("crash.edb", |header| {
                    header.fields.state = DatabaseState::IncrementalReseedInProgress.raw().into();
                });
            },
            Some(JetError::DATABASE_INCOMPLETE_INCREMENTAL_RESEED),
        ),
        (
            "pages of another size",
            |scene| scene.page_size = ese_format::page_size::PageSize::K8,
            Some(JetError::PAGE_SIZE_MISMATCH),
        ),
    ];
    let count = cases.len();
    for (name, change, expected) in cases {
        let mut scene = Scene::of(&corpus, &["ese/crash-A/dirty"]);
        // Begin where all logs are read: the set's checkpoint is late.
        scene.remove("edb.chk");
        if name.contains("an old copy") {
            change(&mut scene);
            let found = scene.refused();
            let clean =
                [Some(JetError::ATTACHED_DATABASE_MISMATCH), Some(JetError::CONSISTENT_TIME_MISMATCH)];
            assert!(clean.contains(&found), "{name}: {found:?}");
            continue;
        }
        change(&mut scene);
        let before = scene.bytes("crash.edb");
        let found = scene.refused();
        assert_eq!(found, expected, "{name}");
        match expected {
            None => scene.check_sound("crash.edb"),
            // What is refused for its header stays as it is.
            Some(JetError::PAGE_SIZE_MISMATCH) => {
                assert!(scene.bytes("crash.edb") == before, "{name}");
            }
            Some(_) => {}
        }
    }
    report!("{count} contradictions and losses end as spec 06 §8.4 and §18 say");
}

#[test]
fn an_old_copy_of_a_database_is_told_from_the_right_one() {
    let Some(corpus) = corpus() else {
        return skipped("an_old_copy_of_a_database_is_told_from_the_right_one");
    };
    // Windows' set has an AttachDB that names where the database was consistent: 51,8,0.
    let scene = Scene::windows(&corpus);
    scene.edit_header("SRUDB.dat", |header| {
        header.fields.state = DatabaseState::CleanShutdown.raw().into();
        header.fields.lgpos_consistent = Lgpos::new(0x50, 1, 0);
        header.fields.lgpos_attach = Lgpos::new(0x50, 1, 0);
    });
    assert_eq!(scene.refused(), Some(JetError::CONSISTENT_TIME_MISMATCH), "C36");
    let scene = Scene::windows(&corpus);
    scene.edit_header("SRUDB.dat", |header| header.fields.generation_min_required = 0x50.into());
    assert_eq!(
        scene.refused(),
        Some(JetError::REQUIRED_LOG_FILES_MISSING),
        "redo begins behind what is required"
    );
    let scene = Scene::windows(&corpus);
    scene.change("SRUDB.dat", |bytes| bytes[..8192].fill(0x11));
    assert_eq!(scene.refused(), Some(JetError::READ_VERIFY_FAILURE), "no header");
    // C22: the AttachDB is durable, the header was not written.
    let scene = Scene::windows(&corpus);
    scene.edit_header("SRUDB.dat", |header| {
        header.fields.state = DatabaseState::CleanShutdown.raw().into();
        header.fields.lgpos_attach = Lgpos::new(0x50, 9, 0);
    });
    assert_eq!(scene.refused(), None, "C22");
    scene.check_ended("SRUDB.dat");
    assert_eq!(scene.header("SRUDB.dat").fields.lgpos_attach, Lgpos::new(0x51, 0xA, 0x268));
    // C30: the run had ended but for its last record.
    let scene = Scene::windows(&corpus);
    let before = {
        scene.edit_header("SRUDB.dat", |header| {
            header.fields.state = DatabaseState::CleanShutdown.raw().into();
            header.fields.lgpos_consistent = Lgpos::new(0x52, 1, 0);
        });
        scene.bytes("SRUDB.dat")
    };
    assert_eq!(
        scene.refused(),
        Some(JetError::ATTACHED_DATABASE_MISMATCH),
        "ahead of the log, and no mark there"
    );
    assert!(scene.bytes("SRUDB.dat") == before);
}
