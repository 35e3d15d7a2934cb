//! The external header of a root: what a tree owns, and its auto-increment counter (spec 02 §3).
//!
//! Who changes one part of it leaves the rest alone, read and written under one latch. A longer header may need a split
//! of the root, which takes the structure lock: nobody may hold that, nor the tree's space lock, when the header grows.

use ese_format::error::{FormatResult, JetError};
use ese_format::log::record::{Record, SetExternalHeader};
use ese_format::space::RootHeader;

use crate::btree::room::Need;
use crate::btree::{Author, WritableTree};
use crate::error::{Error, Result};

impl WritableTree {
    /// Changes the header of the root.
    ///
    /// # Errors
    /// Those of the log, of space and of reading pages.
    pub fn edit_root_header(&self, author: &mut dyn Author, edit: &dyn Fn(&mut RootHeader)) -> Result<()> {
        self.change_root_header(author, &|old| {
            let mut header = RootHeader::decode(old)?;
            edit(&mut header);
            Ok(header.encode())
        })
    }

    /// Sets the external header of the root to these bytes: the split buffer of a space tree.
    ///
    /// # Errors
    /// As [`Self::edit_root_header`]; `JET_errRecordTooBig` when the root of a space tree has no room for a longer one.
    pub fn set_root_header_bytes(&self, author: &mut dyn Author, header: &[u8]) -> Result<()> {
        self.change_root_header(author, &|_| Ok(header.to_vec()))
    }

    fn change_root_header(
        &self,
        author: &mut dyn Author,
        change: &dyn Fn(&[u8]) -> FormatResult<Vec<u8>>,
    ) -> Result<()> {
        loop {
            let mut root = self.tree().file().latch_write(self.tree().root())?;
            let old = root.view().external_header().map_err(self.on_page())?;
            let on_root =
                |error: ese_format::error::FormatError| self.on_page()(error.on_page(self.tree().root()));
            let header = change(old).map_err(on_root)?;
            let need = Need { bytes: header.len() as isize - old.len() as isize, ..Need::default() };
            if self.has_room(author, &mut root, &need)? {
                return self.log_line(author, &mut root, 0, 0, |node| {
                    Record::SetExternalHeader(SetExternalHeader { node, header: &header })
                });
            }
            drop(root);
            if self.is_space_tree() {
                return Err(Error::refused(JetError::RECORD_TOO_BIG, "the header of a full space root"));
            }
            self.split_root(author)?;
        }
    }
}
