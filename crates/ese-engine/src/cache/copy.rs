//! Pages as the file holds them, for a copy of the file: past the cache, which keeps the pages that others work with.

use crate::cache::{CachedFile, held};
use crate::error::Result;
use crate::lock_order::assert_no_leaf_lock;

impl CachedFile {
    /// Reads whole pages from `first` on straight from the file, while nobody writes one of them: each is as some write
    /// left it (spec 07 §5 rule 1). Nothing of them is checked. The calling thread may hold no page latched for writing.
    ///
    /// # Errors
    /// `JET_errDiskIO`, `JET_errFileIOBeyondEOF` where the file ends before them.
    pub fn read_unwritten(&self, first: u32, bytes: &mut [u8]) -> Result<()> {
        assert_no_leaf_lock();
        held::assert_no_write_latch();
        let count = {
            let _nobody_writes = self.writer.lock();
            self.file.read_at(bytes, self.offset(first))?
        };
        if count < bytes.len() {
            let read = u32::try_from(count / self.page_size.bytes()).unwrap_or(u32::MAX);
            return Err(self.beyond_end(first.saturating_add(read), 0));
        }
        Ok(())
    }
}
