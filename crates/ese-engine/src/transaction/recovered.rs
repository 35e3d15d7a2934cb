//! Transactions that redo found unfinished: they are continued as sessions, and rolled back like any other (spec 06
//! §11.1).

use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::node::KeyRef;

use crate::btree::{DeltaWidth, UndoImage, WritableTree};
use crate::error::{Error, Result};
use crate::transaction::session::{Session, Step};
use crate::transaction::state::TransactionState;
use crate::transaction::version::{Change, NewVersion, NodeName};
use crate::transaction::{LEVEL_MAX_INTERNAL, SessionKind, Transactions};

/// A transaction as redo left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveredTransaction {
    /// Number of its session.
    pub procid: u16,
    /// Its id.
    pub trx_begin0: u32,
    /// The level it is at: all of them are begun in the log.
    pub level: u8,
    /// Position of its Begin0.
    pub start: Lgpos,
}

/// What a rebuilt version did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecoveredChange {
    /// It inserted the node, or cleared its deleted flag.
    Insert,
    /// It replaced the data.
    Replace {
        /// The data before: from the page, or from an UndoInfo.
        before: Vec<u8>,
        /// Bytes that the node's data had at most.
        max_bytes: usize,
        /// Bytes that the replace added.
        size_change: isize,
    },
    /// It set the deleted flag.
    FlagDelete,
    /// It added `delta`.
    Delta {
        /// Offset of the number.
        offset: u16,
        /// What was added.
        delta: i64,
        /// Bytes of the number.
        width: DeltaWidth,
    },
}

/// A version that redo rebuilt (spec 06 §7, §9.6.2).
#[derive(Clone, Debug)]
pub struct RecoveredVersion {
    /// Its id.
    pub rceid: u32,
    /// The level it belongs to.
    pub level: u8,
    /// Its tree.
    pub tree: WritableTree,
    /// Key of its node.
    pub key: Vec<u8>,
    /// Data of its node in trees with duplicate keys, else empty.
    pub data: Vec<u8>,
    /// What it did.
    pub change: RecoveredChange,
    /// Whether its UndoInfo is in the log.
    pub image: UndoImage,
}

impl From<RecoveredChange> for Change {
    fn from(change: RecoveredChange) -> Self {
        match change {
            RecoveredChange::Insert => Self::Insert,
            RecoveredChange::Replace { before, max_bytes, size_change } => {
                Self::Replace { before: before.into_boxed_slice(), max_bytes, size_change }
            }
            RecoveredChange::FlagDelete => Self::FlagDelete,
            RecoveredChange::Delta { offset, delta, width } => Self::Delta { offset, delta, width },
        }
    }
}

impl Transactions {
    /// A session in the transaction that redo found, with its versions, oldest first. Rolled back, it logs what any
    /// session logs. It does not count among the application's sessions, and no limit of the version store holds.
    ///
    /// # Errors
    /// `JET_errLogFileCorrupt` for a session number that is taken or a level that there is not.
    pub fn recover(
        self: &Arc<Self>,
        transaction: RecoveredTransaction,
        versions: Vec<RecoveredVersion>,
    ) -> Result<Session> {
        let RecoveredTransaction { procid, trx_begin0, level, start } = transaction;
        let corrupt = || {
            let about = format!("session {procid:#x} at level {level} in the log");
            Error::refused(JetError::LOG_FILE_CORRUPT, about)
        };
        if level == 0 || level > LEVEL_MAX_INTERNAL {
            return Err(corrupt());
        }
        let mut session = self.open_session(SessionKind::System, Some(procid)).map_err(|_| corrupt())?;
        self.saw_trx(trx_begin0);
        let state = Arc::new(TransactionState::new(session.shared.reader().session, procid, trx_begin0));
        state.log.lock().levels = level;
        session.resume(Arc::clone(&state), level, trx_begin0, start);
        let mut level_reached = 1;
        for version in versions {
            // Levels grow with time, but for index builds in the name of others.
            level_reached = version.level.clamp(level_reached, level);
            self.saw_rceid(version.rceid);
            let step = self.restore(&mut session, &state, version, level_reached);
            session.resume_step(step, level_reached);
        }
        Ok(session)
    }

    fn restore(
        &self,
        session: &mut Session,
        state: &Arc<TransactionState>,
        version: RecoveredVersion,
        level: u8,
    ) -> Step {
        let tree = session.index_of(&version.tree);
        let data = if version.tree.tree().has_duplicate_keys() { &version.data[..] } else { &[] };
        let node = NodeName {
            file: version.tree.map().file().id(),
            objid: version.tree.tree().objid(),
            key: KeyRef::from(&version.key[..]),
            data,
        };
        let fdp = version.tree.tree().root();
        let new = NewVersion { rceid: version.rceid, node, fdp, level, transaction: state };
        let restored = self.store.restore(&new, version.change.into());
        if version.image == UndoImage::Logged {
            restored.set_undo_image(session.shared.start().unwrap_or(Lgpos::new(1, 0, 0)));
        }
        Step::Version { version: restored, tree }
    }
}
