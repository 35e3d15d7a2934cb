//! The page size of a database, and what depends on nothing else (spec 01 §1.1).

use std::fmt;

/// One of the five page sizes. Large pages (16 and 32 KB) have a longer header and wider tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum PageSize {
    /// 2048 bytes; read only.
    K2 = 2048,
    /// 4096 bytes, the default.
    K4 = 4096,
    /// 8192 bytes.
    K8 = 8192,
    /// 16384 bytes, a large page.
    K16 = 16384,
    /// 32768 bytes, a large page.
    K32 = 32768,
}

impl PageSize {
    /// Every size, ascending: the order in which a header is probed.
    pub const ALL: [Self; 5] = [Self::K2, Self::K4, Self::K8, Self::K16, Self::K32];

    /// The size with this many bytes.
    #[must_use]
    pub fn from_bytes(bytes: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|size| *size as u32 == bytes)
    }

    /// The size a header field stands for: 0 means 4096 in the oldest files.
    #[must_use]
    pub fn from_header_field(field: u32) -> Option<Self> {
        Self::from_bytes(if field == 0 { 4096 } else { field })
    }

    /// Bytes of a page.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self as usize
    }

    /// Whether pages of this size have the large header and 15-bit tags.
    #[must_use]
    pub const fn is_large(self) -> bool {
        self as u32 > 8192
    }

    /// Bytes of the page header: 40, or 80 on large pages.
    #[must_use]
    pub const fn header_bytes(self) -> usize {
        if self.is_large() { 80 } else { 40 }
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", *self as u32)
    }
}
