//! Floor 7: an instance - one log stream, its databases, and everything that happens to them as a whole.

mod header_file;
mod settings;

pub use header_file::{AttachedLogging, GenerationFile, HeaderFile, draw_signature};
pub use settings::{
    CHECKPOINT_DEPTH_DEFAULT, EXTENSION_PAGES_DEFAULT, InstanceSettings, LOG_FILE_KB_DEFAULT, RecoveryMode,
    Rollover,
};
