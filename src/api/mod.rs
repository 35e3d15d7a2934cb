//! The exported functions, one file per family.
//!
//! A function checks its arguments, converts text and structures, calls the engine and maps its error; it holds no logic
//! of its own. What has no engine behind it yet says so through [`not_available!`]: it reads no argument, changes
//! nothing and returns JET_errFeatureNotAvailable. `COMPAT.md` tells which is which.
//!
//! # Safety
//! Every function here is called from C. Its pointer arguments are NULL, or valid for what the function's description in
//! `include/esent.h` says is read or written there, and stay so for the length of the call. Handles are numbers that are
//! looked up: any number is safe.

#![allow(non_upper_case_globals, reason = "parameters and bits are named as in the C header")]
#![allow(non_snake_case, reason = "the names are those of the C header")]
#![allow(clippy::missing_safety_doc, reason = "one contract for all, told above")]
#![allow(clippy::too_many_arguments, reason = "the signatures are those of the C header")]

mod about_table;
mod ansi_alias;
mod answer;
mod argument;
mod backup;
mod callback;
mod column;
mod column_info;
mod compact;
mod cursor;
mod cursor_info;
mod database;
mod database_info;
mod definition;
mod enumerate;
mod external_restore;
mod index;
mod index_create_info;
mod index_info;
mod info;
mod instance;
mod instance_list;
mod intersect;
mod legacy_backup;
mod list_table;
mod maintenance;
mod names;
mod object_info;
mod on_cursor;
mod parameter;
mod path_list;
mod preread;
mod record;
mod restore;
mod restore_info;
mod session;
mod snapshot;
mod table;
mod table_create;
mod temporary_table;
mod transaction;
mod user_default;
mod utilities;

pub use self::ansi_alias::*;
pub(crate) use self::answer::commit_id;
pub use self::backup::*;
pub use self::callback::*;
pub use self::column::*;
pub use self::column_info::*;
pub use self::cursor::*;
pub use self::cursor_info::*;
pub use self::database::*;
pub use self::enumerate::*;
pub use self::external_restore::*;
pub use self::index::*;
pub use self::index_info::*;
pub use self::info::*;
pub use self::instance::*;
pub use self::intersect::*;
pub use self::legacy_backup::*;
pub use self::maintenance::*;
pub use self::object_info::*;
pub use self::parameter::*;
pub use self::preread::*;
pub use self::record::*;
pub use self::restore::*;
pub use self::session::*;
pub use self::snapshot::*;
pub use self::table::*;
pub use self::table_create::*;
pub use self::temporary_table::*;
pub use self::transaction::*;

/// The whole body of a function that has no engine behind it yet.
macro_rules! not_available {
    ($($argument:ident),* $(,)?) => {{
        $(let _ = $argument;)*
        $crate::abi::tables::errors::JET_errFeatureNotAvailable
    }};
}
use not_available;

/// The whole body of a function that gives one answer whatever it is asked, as the original does (spec 08 §11).
macro_rules! always {
    ($answer:ident; $($argument:ident),* $(,)?) => {{
        $(let _ = $argument;)*
        $answer
    }};
}
use always;

/// Exports the A form of a function a second time, under its unsuffixed name.
macro_rules! ansi_aliases {
    ($($alias:ident = $form:ident($($argument:ident: $type:ty),* $(,)?);)*) => {
        $(
            #[doc = concat!("[`", stringify!($form), "`] under its old name.")]
            #[unsafe(no_mangle)]
            pub unsafe extern "system" fn $alias($($argument: $type),*) -> JET_ERR {
                // SAFETY: the caller keeps the same contract for both names.
                unsafe { $form($($argument),*) }
            }
        )*
    };
}
use ansi_aliases;
