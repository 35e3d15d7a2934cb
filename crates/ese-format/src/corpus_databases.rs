//! For tests: every database of the corpus, found by its header and not by its name, and what it owns.

use ese_corpus::{corpus, files, skipped};

use crate::database_header::{DatabaseState, HeaderPair, PROBE_BYTES, choose_header};
use crate::page::{PageFlags, PageView};
use crate::page_size::PageSize;
use crate::space::{ExtentNode, RootHeader, Space, SpaceTree};
use crate::trailer::looks_like_trailer;

/// A database of the corpus.
pub(crate) struct CorpusDatabase {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) pair: HeaderPair,
}

/// Calls `visit` with every database of the corpus; how many there were. `None`, said aloud, without a corpus.
pub(crate) fn each_database(test: &str, mut visit: impl FnMut(&CorpusDatabase)) -> Option<usize> {
    let Some(folder) = corpus() else {
        skipped(test);
        return None;
    };
    let mut count = 0;
    for file in files(&folder) {
        let bytes = file.bytes();
        let probe = bytes.get(..PROBE_BYTES).unwrap_or(&bytes);
        if let Ok(pair) = choose_header(probe)
            && pair.header.fields.magic.get() == crate::database_header::MAGIC
        {
            visit(&CorpusDatabase { name: file.name, bytes, pair });
            count += 1;
        }
    }
    assert!(count > 0, "the corpus at {} has no database", folder.display());
    Some(count)
}

impl CorpusDatabase {
    pub(crate) fn size(&self) -> PageSize {
        self.pair.header.page_size()
    }

    /// Whether Windows left a temporary database: its pages are private to the process that made them.
    pub(crate) fn is_temporary(&self) -> bool {
        self.pair.header.state() == Some(DatabaseState::JustCreated)
            && self.pair.header.fields.dbid.get() == 0
    }

    /// Pages of the file behind the two headers.
    pub(crate) fn pages_in_file(&self) -> u32 {
        (self.bytes.len() / self.size().bytes()).saturating_sub(2) as u32
    }

    /// The bytes of page `number`.
    pub(crate) fn page(&self, number: u32) -> Option<&[u8]> {
        let start = (number as usize + 1) * self.size().bytes();
        self.bytes.get(start..start + self.size().bytes())
    }

    /// Page `number`, if its structure is sound.
    pub(crate) fn view(&self, number: u32) -> Option<PageView<'_>> {
        PageView::parse(self.page(number)?, self.size(), number).ok()
    }

    /// The last page the database root owns; `None` where its space pages are not there (a crashed file).
    pub(crate) fn last_owned(&self) -> Option<u32> {
        let root = RootHeader::decode(self.view(1)?.external_header().ok()?).ok()?;
        let Space::Multiple { owned_root, .. } = root.space?.space().ok()? else { return None };
        let mut number = owned_root;
        for _depth in 0..8 {
            let page = self.view(number)?;
            if page.flags().contains(PageFlags::LEAF) {
                let extents = page.nodes().flatten().filter(|node| !node.is_deleted());
                return extents
                    .filter_map(|node| ExtentNode::decode(&node, SpaceTree::Owned).ok())
                    .map(|node| node.extent.last)
                    .max();
            }
            number = page.node(page.line_count().checked_sub(1)?).ok()?.child_page().ok()?;
        }
        None
    }

    /// The pages that are the database's: up to the last owned one, without a backup's trailer page.
    pub(crate) fn owned_pages(&self) -> std::ops::RangeInclusive<u32> {
        let in_file = self.pages_in_file();
        1..=self.last_owned().unwrap_or(in_file).min(in_file)
    }

    /// Whether the file ends with the trailer page of a streamed backup.
    pub(crate) fn trailer_page(&self) -> Option<&[u8]> {
        let page = self.page(self.pages_in_file())?;
        (self.pair.header.needs_trailer() && looks_like_trailer(page)).then_some(page)
    }
}
