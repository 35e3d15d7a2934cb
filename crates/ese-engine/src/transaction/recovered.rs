//! Transactions that redo found unfinished: they are continued as sessions, and rolled back like any other (spec 06
//! §11.1).

use std::sync::Arc;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;

use crate::btree::WritableTree;
use crate::error::{Error, Result};
use crate::redo::{ImageLogged, RedoChange, RedoVersion};
use crate::transaction::alteration::Step;
use crate::transaction::session::Session;
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

/// What a rebuilt version did, as the store keeps it.
fn kept(change: RedoChange) -> Change {
    match change {
        RedoChange::Insert => Change::Insert,
        RedoChange::FlagDelete => Change::FlagDelete,
        RedoChange::Replace { before } => {
            let max_bytes = u16::try_from(before.len()).unwrap_or(u16::MAX);
            Change::Replace { before: before.into_boxed_slice(), max_bytes, set_aside: 0 }
        }
        RedoChange::Delta { offset, width, delta } => Change::Delta { offset, delta, width },
    }
}

impl Transactions {
    /// A session in the transaction that redo found, with its versions and their trees, oldest first. Rolled back, it logs what any
    /// session logs. It does not count among the application's sessions, and no limit of the version store holds.
    ///
    /// # Errors
    /// `JET_errLogFileCorrupt` for a session number that is taken or a level that there is not.
    pub fn recover(
        self: &Arc<Self>,
        transaction: RecoveredTransaction,
        versions: impl IntoIterator<Item = (WritableTree, RedoVersion)>,
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
        for (tree, version) in versions {
            // Levels grow with time, but for index builds in the name of others.
            level_reached = version.level.clamp(level_reached, level);
            self.saw_rceid(version.rceid);
            let step = self.restore(&mut session, &state, (tree, version), level_reached);
            session.resume_step(step, level_reached);
        }
        Ok(session)
    }

    fn restore(
        &self,
        session: &mut Session,
        state: &Arc<TransactionState>,
        (tree, version): (WritableTree, RedoVersion),
        level: u8,
    ) -> Step {
        let node = NodeName::of(&tree, &version.key, version.data.as_deref().unwrap_or_default());
        let fdp = tree.tree().root();
        let new = NewVersion { rceid: version.rceid, node, fdp, level, transaction: state };
        let restored = self.store.restore(&new, kept(version.change));
        if version.image == ImageLogged::Yes {
            restored.set_undo_image(session.shared.start().unwrap_or(Lgpos::new(1, 0, 0)));
        }
        Step::Version { version: restored, tree: session.index_of(&tree) }
    }
}
