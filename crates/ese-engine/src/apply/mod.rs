//! What each logged operation does to its pages: one function per operation, used when it is done and when it is redone.
//!
//! The caller latches the pages, decides for each whether it still needs the change (spec 06 §2; when it is done for the
//! first time, all do), and hands those in as `Some`. The function changes them and stamps the record's dbtime.
//!
//! Invariants: the outcome depends on the record and the pages alone, nothing is drawn and nothing is logged; a page that
//! was not handed in is not needed; a page that contradicts its record is an error, never a panic, and may then be half
//! changed: in redo that ends the recovery, when an operation is done its caller has checked before that it fits.

mod create;
mod merge;
mod node;
mod page_move;
mod scrub;
mod split;

pub use create::{
    ConvertPages, CreatePages, convert_fdp, create_multiple_extent_fdp, create_single_extent_fdp,
    empty_tree_page, empty_tree_root, new_page,
};
pub use merge::{MergePages, merge_leaf, merge_parent};
pub use node::{DeltaWidth, UndoneChange, add_to_counter, counter, node, undo};
pub use page_move::{MovePages, move_source_image, page_move, set_owned_extents_root};
pub use scrub::scrub;
pub use split::{LevelOperation, SplitPages, split_level};

use ese_format::error::{FormatError, JetError};
use ese_format::page::{EditError, PageFlags};

use crate::error::Error;

/// The outcome of applying an operation.
pub type ApplyResult<T = ()> = Result<T, ApplyError>;

/// Why an operation cannot be applied to its pages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The page does not take the change.
    #[error("page {page}: {error}")]
    Edit {
        /// The page.
        page: u32,
        /// Why.
        error: EditError,
    },
    /// Bytes of the record or of the page are not what their formats say.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The page is not what the record was made for.
    #[error("page {page}: {what}")]
    Contradiction {
        /// The page.
        page: u32,
        /// What is contradicted.
        what: &'static str,
    },
}

impl ApplyError {
    /// The JET code: that of the damage where the page is damaged, else `JET_errLogCorrupted`.
    #[must_use]
    pub fn jet(&self) -> JetError {
        match self {
            Self::Edit { error: EditError::Corrupted(error), .. } | Self::Format(error) => error.jet(),
            Self::Edit { .. } | Self::Contradiction { .. } => JetError::LOG_CORRUPTED,
        }
    }
}

impl From<ApplyError> for Error {
    fn from(error: ApplyError) -> Self {
        Self::refused(error.jet(), error.to_string())
    }
}

/// A page that does not fit its record.
fn contradiction<T>(page: u32, what: &'static str) -> ApplyResult<T> {
    Err(ApplyError::Contradiction { page, what })
}

/// Makes an edit's error name its page.
fn on_page(page: u32) -> impl FnOnce(EditError) -> ApplyError {
    move |error| ApplyError::Edit { page, error }
}

/// Page flags as a record names them, without those that belong to one image of a page only.
fn logged_flags(bits: u32) -> PageFlags {
    PageFlags::from_bits_retain(bits)
        - PageFlags::SCRUBBED
        - PageFlags::FLUSH_TYPE_LOW
        - PageFlags::FLUSH_TYPE_HIGH
        - PageFlags::PRE_INIT
        - PageFlags::EMPTY
}
