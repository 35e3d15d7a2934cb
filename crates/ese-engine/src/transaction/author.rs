//! How a session changes trees: its records behind the begins it owes, its versions.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{Begin, Begin0, BeginLevels, Record};
use ese_format::page::PageView;

use crate::btree::{Author, Logged, Stamp, VersionedChange, WritableTree};
use crate::error::{Error, Result};
use crate::file_map::{FileMap, Logging};
use crate::log::{Appended, Log};
use crate::transaction::alteration::Step;
use crate::transaction::commit::encode_behind;
use crate::transaction::session::Session;
use crate::transaction::version::{NewVersion, NodeName, Version};

/// Records of one change for which no memory is asked.
const SLICES: usize = 8;

impl Author for Session {
    fn stamp(&self) -> Stamp {
        Stamp { procid: self.shared.procid(), trx_begin0: self.begin0, level: self.level }
    }

    fn log(&mut self, file: &FileMap, records: &[Record<'_>]) -> Result<Logged> {
        let logged = match self.take_log() {
            Some(log) if file.logging() == Logging::On => {
                let logged = self.log_behind_begins(&log, records);
                self.log = Some(log);
                logged?
            }
            log => {
                self.log = log;
                Logged { position: Lgpos::NULL, oldest_begin0: Lgpos::NULL }
            }
        };
        // The page is latched until the undo is applied: nobody sees the node between.
        if let Some(undone) = self.undoing.take_if(|version| undoes(records, version)) {
            self.transactions.store.remove(&undone);
        }
        Ok(logged)
    }

    fn version(
        &mut self,
        tree: &WritableTree,
        key: &[u8],
        data: &[u8],
        change: VersionedChange<'_>,
    ) -> Result<u32> {
        if change == VersionedChange::ReadLock && self.level > 0 {
            // A transaction that only reads may keep others from writing.
        } else {
            self.check_may_write()?;
            self.transactions.check_checkpoint()?;
        }
        let node = NodeName::of(tree, key, data);
        let before = if let VersionedChange::Replace { old, .. } = change { old.len() } else { 0 };
        self.transactions.reserve(Version::cost_of(&node, before), self.shared.snapshot())?;
        self.make_state();
        let transaction = self.state.as_ref().expect("it was just made");
        let rceid = self.transactions.numbers.next_rceid();
        let fdp = tree.tree().root();
        let new = NewVersion { rceid, node, fdp, level: self.level, transaction };
        let Some(version) = self.transactions.store.add(&new, self.author(), change) else {
            let jet = match change {
                VersionedChange::Insert => JetError::KEY_DUPLICATE,
                _ => JetError::WRITE_CONFLICT,
            };
            return Err(Error::refused(jet, "another transaction's version is in the way"));
        };
        let tree = self.index_of(tree);
        self.steps.push(Step::Version { version, tree });
        Ok(rceid)
    }

    fn withdraw(&mut self, rceid: u32) {
        let is_it = |step: &Step| matches!(step, Step::Version { version, .. } if version.rceid == rceid);
        if let Some(index) = self.steps.iter().rposition(is_it)
            && let Step::Version { version, .. } = self.steps.remove(index)
        {
            self.transactions.store.remove(&version);
        }
    }

    fn rollback_bytes(&self, tree: &WritableTree, key: &[u8]) -> usize {
        self.transactions.store.rollback_bytes(&NodeName::of(tree, key, &[]))
    }

    fn log_undo_images(&mut self, file: &FileMap, page: &PageView<'_>) -> Result<()> {
        self.transactions.log_undo_images(file, page).map(|_| ())
    }
}

/// Whether the records take this version back.
fn undoes(records: &[Record<'_>], version: &Version) -> bool {
    records.iter().any(|record| matches!(record, Record::Undo(undo) if undo.node.rceid == version.rceid))
}

impl Session {
    /// The log, out of the session until it is put back: asked for anew only when there is another one.
    fn take_log(&mut self) -> Option<Arc<Log>> {
        let changes = self.transactions.log_changes.load(Ordering::Acquire);
        if changes != self.log_seen {
            self.log = self.transactions.log();
            self.log_seen = changes;
        }
        self.log.take()
    }

    /// Whether another session changed a node of a tree without duplicate keys and has not committed that.
    pub(crate) fn is_changed_by_another(&self, tree: &WritableTree, key: &[u8]) -> bool {
        let node = NodeName::of(tree, key, &[]);
        self.transactions.store.is_changed_by_another(&node, self.shared.reader().session)
    }

    /// The index of a tree among the transaction's.
    pub(super) fn index_of(&mut self, tree: &WritableTree) -> usize {
        let is_it = |known: &WritableTree| {
            known.tree().root() == tree.tree().root()
                && known.tree().objid() == tree.tree().objid()
                && Arc::ptr_eq(known.map(), tree.map())
        };
        self.trees.iter().rposition(is_it).unwrap_or_else(|| {
            self.trees.push(tree.clone());
            self.trees.len() - 1
        })
    }

    fn log_behind_begins(&mut self, log: &Log, records: &[Record<'_>]) -> Result<Logged> {
        self.encoded.clear();
        let begin = self.owed_begin();
        if let Some(Record::Begin0(_)) = begin {
            log.admit_new_work()?;
            // A bound that is low enough, until the record's position is known.
            self.shared.set_start(log.tip());
        }
        let appended = match (&begin, records) {
            // Most changes are one record.
            (None, [record]) => {
                encode_behind(&mut self.encoded, record)?;
                log.append(&[&self.encoded])?
            }
            _ => self.append_all(log, begin.as_ref(), records)?,
        };
        if let Some(begin) = begin {
            if let Record::Begin0(_) = begin {
                self.shared.set_start(appended.first);
            }
            self.make_state().log.lock().levels = self.level;
        }
        let oldest_begin0 = self.shared.start().unwrap_or(appended.first);
        Ok(Logged { position: appended.last, oldest_begin0 })
    }

    /// The record of the levels that were begun and are not in the log.
    fn owed_begin(&mut self) -> Option<Record<'static>> {
        if self.level == 0 {
            return None;
        }
        let from = self.make_state().log.lock().levels;
        let levels = BeginLevels::new(from, self.level.checked_sub(from).filter(|count| *count > 0)?)?;
        let procid = self.shared.procid();
        Some(match from {
            0 => Record::Begin0(Begin0 { procid, levels, trx_begin0: self.begin0 }),
            _ => Record::Begin(Begin { procid, levels }),
        })
    }

    /// Appends records; the end of a macro and what tells its pages go into one generation (spec 05 §5.4).
    fn append_all(
        &mut self,
        log: &Log,
        begin: Option<&Record<'_>>,
        records: &[Record<'_>],
    ) -> Result<Appended> {
        let mut ends = [0; SLICES];
        let mut many_ends = Vec::new();
        let count = usize::from(begin.is_some()) + records.len();
        let ends = if count <= SLICES {
            ends.get_mut(..count).expect("count is at most the length")
        } else {
            many_ends.resize(count, 0);
            &mut many_ends[..]
        };
        let mut unit = count;
        for (index, (record, end)) in begin.into_iter().chain(records).zip(ends.iter_mut()).enumerate() {
            encode_behind(&mut self.encoded, record)?;
            *end = self.encoded.len();
            if let Record::MacroCommit(_) = record {
                unit = index;
            }
        }
        append_slices(log, &self.encoded, ends, unit)
    }
}

/// Appends the records that end at `ends`, those from `unit` on as a unit.
fn append_slices(log: &Log, bytes: &[u8], ends: &[usize], unit: usize) -> Result<Appended> {
    let mut slices = [&[][..]; SLICES];
    let mut many_slices = Vec::new();
    let slices = if ends.len() <= SLICES {
        slices.get_mut(..ends.len()).expect("there are as many as ends at most")
    } else {
        many_slices.resize(ends.len(), &[][..]);
        &mut many_slices[..]
    };
    let mut begin = 0;
    for (slice, end) in slices.iter_mut().zip(ends) {
        *slice = bytes.get(begin..*end).unwrap_or_default();
        begin = *end;
    }
    let (single, unit) = slices.split_at(unit.min(slices.len()));
    if unit.is_empty() {
        return log.append(single);
    }
    if single.is_empty() {
        return log.append_unit(unit);
    }
    let first = log.append(single)?.first;
    Ok(Appended { first, ..log.append_unit(unit)? })
}
