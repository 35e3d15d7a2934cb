//! What a begin, a commit and a rollback are asked for (spec 09 §5.1).

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{CommitContext, CommitContextFlags, CommitContextLayout, Record};
use ese_format::log::version::LogVersion;
use ese_format::signature::Signature;

use crate::error::{Error, Result};

/// What kind of transaction begins. Counts at level 0; at deeper levels only the depth allowed differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginKind {
    /// One of the application that may write.
    ReadWrite,
    /// One of the application that may not (JET_bitTransactionReadOnly).
    ReadOnly,
    /// One of the engine, around the parts of a call; it may write if the application's may.
    Internal,
}

/// What is asked of JetCommitTransaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitAction {
    /// The level ends.
    Commit,
    /// Nothing is committed: wait until this session's last commit is durable.
    WaitLast,
    /// Nothing is committed: wait until all commits are durable.
    WaitAll,
    /// Nothing is committed: the log begins a new generation.
    ForceNewLog,
}

/// Whether an outermost commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It does, unless the session's default says otherwise.
    Durable,
    /// It does not. The commit becomes durable with a later one, or within so many milliseconds if they are not 0.
    Lazy {
        /// cmsecDurableCommit.
        within_milliseconds: u32,
    },
}

/// How to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitOptions {
    /// What is asked for.
    pub action: CommitAction,
    /// Whether to wait.
    pub durability: Durability,
}

/// JET_bitCommitLazyFlush and its neighbours (spec 09 §5.1).
pub(super) const LAZY_FLUSH: u32 = 0x1;
const WAIT_LAST: u32 = 0x2;
const WAIT_ALL: u32 = 0x8;
const FORCE_NEW_LOG: u32 = 0x10;
const REDO_CALLBACK: u32 = 0x20;

impl CommitOptions {
    /// Commit, and wait for the disk.
    pub const DURABLE: Self = Self { action: CommitAction::Commit, durability: Durability::Durable };
    /// Commit, and do not wait.
    pub const LAZY: Self =
        Self { action: CommitAction::Commit, durability: Durability::Lazy { within_milliseconds: 0 } };

    /// What grbit and cmsecDurableCommit of JetCommitTransaction2 ask for, in a session whose default is
    /// `commit_default`.
    ///
    /// # Errors
    /// `JET_errInvalidGrbit`; `JET_errInvalidParameter` for a time without the lazy flag.
    pub fn parse(grbit: u32, commit_default: u32, within_milliseconds: u32) -> Result<Self> {
        let bad = || Error::refused(JetError::INVALID_GRBIT, format!("commit flags {grbit:#x}"));
        let action = match grbit {
            WAIT_LAST => CommitAction::WaitLast,
            WAIT_ALL => CommitAction::WaitAll,
            FORCE_NEW_LOG => CommitAction::ForceNewLog,
            _ if grbit & !(LAZY_FLUSH | REDO_CALLBACK) == 0 => CommitAction::Commit,
            _ => return Err(bad()),
        };
        let durability = if (grbit | commit_default) & LAZY_FLUSH != 0 {
            Durability::Lazy { within_milliseconds }
        } else if within_milliseconds == 0 {
            Durability::Durable
        } else {
            let about = "a time for a commit that waits for the disk";
            return Err(Error::refused(JetError::INVALID_PARAMETER, about));
        };
        Ok(Self { action, durability })
    }
}

/// What a program attaches to the end of a transaction for who reads the log (JET_sesparamCommitGenericContext).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitNote {
    /// The program's bytes.
    pub bytes: Vec<u8>,
    /// What is to be done with them.
    pub flags: CommitContextFlags,
}

impl CommitNote {
    /// Its record (spec 05 §9), in a log of this version.
    pub(super) fn encoded(&self, procid: u16, version: LogVersion) -> Result<Vec<u8>> {
        let mut payload = Vec::with_capacity(self.bytes.len() + 1);
        if version.commit_context_layout() == CommitContextLayout::New {
            payload.push(self.flags.bits());
        }
        payload.extend_from_slice(&self.bytes);
        let mut record = Vec::new();
        super::commit::encode(&mut record, &Record::CommitCtx(CommitContext { procid, payload: &payload }))?;
        Ok(record)
    }
}

/// JET_COMMIT_ID: a commit in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitId {
    /// The stream.
    pub signature: Signature,
    /// The position behind the commit's record.
    pub position: Lgpos,
}

/// How much JetRollback takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollbackScope {
    /// The present level.
    Level,
    /// All of them (JET_bitRollbackAll).
    All,
}
