//! What is taken away when nobody needs it, and what is not.

use std::sync::Arc;

use ese_engine::btree::{Versioning, WritableTree};
use ese_engine::error::Result;
use ese_engine::io::Background;
use ese_engine::transaction::{AlterationHook, CommitOptions, CountHook, Session};
use parking_lot::Mutex;

use crate::stage::{Plan, Stage, commit};

#[test]
fn deleted_nodes_stay_while_a_snapshot_holds_them_and_go_after() {
    let stage = Stage::new();
    stage.given(&[("1", "ten"), ("2", "twenty"), ("3", "thirty")]);
    let mut reader = stage.begun();
    let mut writer = stage.begun();
    stage.delete(&mut writer, "1").unwrap();
    stage.delete(&mut writer, "3").unwrap();
    commit(&mut writer);
    stage.transactions.clean().unwrap();
    assert_eq!(stage.deleted(), ["1", "3"]);
    assert_eq!(stage.keys(&reader), ["1", "2", "3"]);
    let younger = stage.begun();
    commit(&mut reader);
    assert_eq!(stage.deleted(), Vec::<String>::new(), "the end of the last transaction that saw them");
    assert_eq!(stage.keys(&younger), ["2"]);
    drop(younger);
    assert!(stage.transactions.is_clean());
}

#[test]
fn only_versions_that_nobody_needs_are_forgotten() {
    let stage = Stage::new();
    stage.given(&[("1", "a")]);
    let mut readers = Vec::new();
    for data in ["b", "c", "d"] {
        readers.push(stage.begun());
        let mut writer = stage.begun();
        stage.replace(&mut writer, "1", data).unwrap();
        commit(&mut writer);
    }
    assert_eq!(stage.transactions.store_use().versions, 3);
    // The middle one ends: the oldest holds everything back.
    commit(&mut readers.remove(1));
    assert_eq!(stage.transactions.store_use().versions, 3);
    commit(&mut readers.remove(0));
    assert_eq!(stage.transactions.store_use().versions, 1, "the youngest reader needs the last one only");
    assert_eq!(stage.text(&readers[0], "1").as_deref(), Some("c"));
    commit(&mut readers.remove(0));
    assert_eq!(stage.transactions.store_use().versions, 0);
}

#[test]
fn undone_inserts_leave_their_pages() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let mut session = stage.begun();
    stage.insert(&mut session, "2", "twenty").unwrap();
    session.rollback().unwrap();
    assert_eq!(stage.deleted(), Vec::<String>::new());
    assert!(stage.transactions.is_clean());
}

#[test]
fn a_node_that_came_back_is_not_cleaned() {
    let stage = Stage::new();
    stage.given(&[("1", "ten"), ("2", "twenty")]);
    let reader = stage.begun();
    let mut writer = stage.begun();
    stage.delete(&mut writer, "1").unwrap();
    commit(&mut writer);
    let mut again = stage.begun();
    stage.insert(&mut again, "1", "eleven").unwrap();
    drop(reader);
    stage.transactions.clean().unwrap();
    assert_eq!(stage.text(&again, "1").as_deref(), Some("eleven"));
    again.rollback().unwrap();
    assert_eq!(stage.text(&stage.session(), "1"), None);
    stage.transactions.clean().unwrap();
    assert_eq!(stage.deleted(), Vec::<String>::new());
}

#[test]
fn lazy_commits_keep_their_versions_until_they_are_durable() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let mut writer = stage.begun();
    stage.replace(&mut writer, "1", "eleven").unwrap();
    writer.commit(CommitOptions::LAZY).unwrap();
    assert_eq!(stage.transactions.store_use().versions, 1);
    stage.log.flush_all().unwrap();
    let mut other = stage.begun();
    commit(&mut other);
    assert_eq!(stage.transactions.store_use().versions, 0);
}

#[test]
fn threads_clean_without_being_asked() {
    let stage = Stage::with(Plan { background: Background::Threads, ..Plan::default() });
    stage.given(&[("1", "ten"), ("2", "twenty")]);
    let mut writer = stage.begun();
    stage.delete(&mut writer, "2").unwrap();
    commit(&mut writer);
    let begin = std::time::Instant::now();
    while !stage.transactions.is_clean() || !stage.deleted().is_empty() {
        assert!(begin.elapsed().as_secs() < 20, "not clean after twenty seconds");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    stage.transactions.stop_background();
}

#[test]
fn a_forgotten_file_leaves_nothing() {
    let stage = Stage::new();
    stage.given(&[("1", "ten")]);
    let reader = stage.begun();
    let mut writer = stage.begun();
    stage.delete(&mut writer, "1").unwrap();
    assert!(stage.transactions.is_changing(stage.file.id()));
    commit(&mut writer);
    assert!(!stage.transactions.is_changing(stage.file.id()));
    assert!(!stage.transactions.is_clean());
    stage.transactions.forget_file(stage.file.id());
    assert!(stage.transactions.is_clean());
    drop(reader);
    assert_eq!(stage.transactions.clean().unwrap(), 0);
}

/// Tells which counts changed, and deletes the first node.
#[derive(Debug, Default)]
struct Counts(Mutex<Vec<(Vec<u8>, u16)>>);

impl CountHook for Counts {
    fn counted(&self, session: &mut Session, tree: &WritableTree, key: &[u8], offset: u16) -> Result<()> {
        self.0.lock().push((key.to_vec(), offset));
        if key == b"1" { tree.flag_delete(session, key, &[], Versioning::Versioned) } else { Ok(()) }
    }
}

#[test]
fn counts_that_changed_for_good_are_told() {
    let stage = Stage::new();
    let counts = Arc::new(Counts::default());
    stage.transactions.set_count_hook(counts.clone());
    stage.given(&[("1", "\x01\0\0\0"), ("2", "\x01\0\0\0")]);
    let reader = stage.begun();
    let mut writer = stage.begun();
    stage.add(&mut writer, "1", -1).unwrap();
    stage.add(&mut writer, "2", 1).unwrap();
    commit(&mut writer);
    let mut undone = stage.begun();
    stage.add(&mut undone, "2", -1).unwrap();
    undone.rollback().unwrap();
    stage.transactions.clean().unwrap();
    assert_eq!(*counts.0.lock(), Vec::new(), "the reader sees the old number");
    drop(reader);
    stage.transactions.clean().unwrap();
    assert_eq!(*counts.0.lock(), [(b"1".to_vec(), 0), (b"2".to_vec(), 0)]);
    stage.transactions.clean().unwrap();
    assert_eq!((stage.keys(&stage.session()), stage.deleted()), (vec!["2".to_owned()], Vec::new()));
}

/// Frees what a deleted index had, as floor 6 does; tells when.
#[derive(Debug)]
struct Frees(Arc<Counts>);

impl AlterationHook for Frees {
    fn rolled_back(&mut self, _: &mut Session) -> Result<()> {
        Ok(())
    }

    fn committed(&mut self) {}

    fn obsolete(&mut self, _: &mut Session) -> Result<()> {
        self.0.0.lock().push((b"freed".to_vec(), 0));
        Ok(())
    }
}

#[test]
fn a_tree_is_freed_after_what_elder_transactions_left_in_it() {
    let stage = Stage::new();
    let calls = Arc::new(Counts::default());
    stage.transactions.set_count_hook(calls.clone());
    stage.given(&[("1", "\x01\0\0\0")]);
    // Begins before the tree is deleted, and goes on in it after.
    let mut elder = stage.begun();
    let mut session = stage.begun();
    session.alter(Box::new(Frees(calls.clone()))).unwrap();
    commit(&mut session);
    stage.add(&mut elder, "1", -1).unwrap();
    assert_eq!(*calls.0.lock(), Vec::new());
    commit(&mut elder);
    stage.transactions.clean().unwrap();
    assert_eq!(*calls.0.lock(), [(b"1".to_vec(), 0), (b"freed".to_vec(), 0)]);
}
