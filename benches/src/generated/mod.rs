//! A database of any size, made from nothing but `ese-format`: for measuring and for looking at where there is no real one.
//!
//! ```text
//! page 1–3    root of the database, its owned and its available extents
//! 4–23        MSysObjects: root 4, space 5 and 6, indexes Name (7–9) and RootObjects (10–12), leaves from 13
//! 24–28       MSysObjectsShadow
//! 29–30       free (newer databases keep MSysObjids and MSysLocales there; readers do without)
//! 31–         table "Measured": root 31, space 32 and 33, leaves from 34, then the internal pages level by level
//! ```
//!
//! Every page has its checksum, the header pair says clean shutdown, and the row count is what fits the wanted size.

mod bulk_load;
mod catalog;
mod rows;

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ese_format::database_header::DatabaseHeader;
use ese_format::page::PageFlags;
use ese_format::page_size::PageSize;
use ese_format::space::{Extent, ExtentNode, Growth, NonUnique, Pool, RootHeader, Space, SpaceHeader};

use bulk_load::{Entry, Loader, PageRange};

/// Clean shutdown.
const STATE_CLEAN: u32 = 3;
/// Highest object id in use.
const OBJID_LAST: u32 = 8;
const SYSTEM_ROOT: u32 = 1;
const CATALOG: Tree = Tree { objid: 2, root: 4, parent: 1, last: 23, spare: 13 };
const SHADOW: Tree = Tree { objid: 3, root: 24, parent: 1, last: 28, spare: 27 };
const NAME_INDEX: Tree = Tree { objid: 4, root: 7, parent: 4, last: 9, spare: 10 };
const ROOT_OBJECTS_INDEX: Tree = Tree { objid: 5, root: 10, parent: 4, last: 12, spare: 13 };
const MEASURED_OBJID: u32 = 8;
const MEASURED_ROOT: u32 = 31;

/// The places of a tree that owns one extent: root, then the two space trees, then pages of its own.
#[derive(Clone, Copy)]
struct Tree {
    objid: u32,
    root: u32,
    parent: u32,
    /// Last page of the extent.
    last: u32,
    /// First page that is free for leaves.
    spare: u32,
}

/// A file under construction, written page by page.
struct Pages {
    file: BufWriter<File>,
    size: PageSize,
    /// The page that the next write goes to without a seek.
    next: u32,
}

impl Pages {
    fn put(&mut self, number: u32, page: &[u8]) -> Result<()> {
        if number != self.next {
            self.file.seek(SeekFrom::Start((u64::from(number) + 1) * self.size.bytes() as u64))?;
        }
        self.file.write_all(page)?;
        self.next = number + 1;
        Ok(())
    }
}

/// What was made.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// Rows of the table "Measured".
    pub rows: u32,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes a database of about `bytes` bytes to `path`.
///
/// # Errors
/// Whatever the file system says, or a size that has no room for the catalog.
pub fn write_database(path: &Path, size: PageSize, bytes: u64) -> Result<Made> {
    let pages_wanted = u32::try_from(bytes / size.bytes() as u64).context("the size has too many pages")?;
    ensure!(pages_wanted > 64, "a database has more than 64 pages");
    let file = File::create(path).with_context(|| format!("{}", path.display()))?;
    let mut pages = Pages { file: BufWriter::with_capacity(1 << 20, file), size, next: u32::MAX };
    let range = PageRange { root: MEASURED_ROOT, next: MEASURED_ROOT + 3, last: u32::MAX };
    let mut table = Loader::new(size, MEASURED_OBJID, PageFlags::empty(), range);
    let mut rows = rows::Rows::new(size)?;
    // Internal pages are few: the leaves may take nearly all there is.
    while table.pages_taken() + table.internal_pages_to_come() + MEASURED_ROOT + 4 < pages_wanted {
        let (key, data) = rows.next_row()?;
        table.push(&Entry { key, data }, &mut |number, page| pages.put(number, page))?;
    }
    let space = |last: u32| multiple(MEASURED_ROOT + 1, last - MEASURED_ROOT + 1, SYSTEM_ROOT);
    let last = table.finish(&space, &mut |number, page| pages.put(number, page))?;
    write_space(
        &mut pages,
        MEASURED_OBJID,
        MEASURED_ROOT,
        Extent { last, count: last - MEASURED_ROOT + 1 },
        None,
    )?;
    write_catalog(&mut pages)?;
    write_system_root(&mut pages, last)?;
    for number in [29, 30] {
        pages.put(number, &vec![0; size.bytes()])?;
    }
    write_headers(&mut pages, size)?;
    pages.file.flush()?;
    let bytes = (u64::from(last) + 2) * size.bytes() as u64;
    pages.file.get_ref().set_len(bytes)?;
    Ok(Made { rows: rows.count(), bytes })
}

fn multiple(owned_root: u32, pages: u32, parent: u32) -> RootHeader {
    RootHeader::bare(SpaceHeader::new(
        Space::Multiple { owned_root, growth: Growth::Primary(pages) },
        parent,
        NonUnique::No,
    ))
}

/// The two space trees behind a root: all it owns is one extent, what is free is at most one run.
fn write_space(pages: &mut Pages, objid: u32, root: u32, owned: Extent, free: Option<Extent>) -> Result<()> {
    for (number, extent) in [(root + 1, Some(owned)), (root + 2, free)] {
        let range = PageRange { root: number, next: u32::MAX, last: u32::MAX };
        let mut tree = Loader::new(pages.size, objid, PageFlags::SPACE_TREE, range);
        if let Some(extent) = extent {
            let node = ExtentNode { extent, pool: Pool::General };
            let entry = Entry { key: node.key(), data: node.data().to_vec() };
            tree.push(&entry, &mut |number, page| pages.put(number, page))?;
        }
        tree.finish(&|_| RootHeader::default(), &mut |number, page| pages.put(number, page))?;
    }
    Ok(())
}

fn write_tree(pages: &mut Pages, tree: Tree, flags: PageFlags, entries: &[Entry]) -> Result<u32> {
    let range = PageRange { root: tree.root, next: tree.spare, last: tree.last };
    let mut loader = Loader::new(pages.size, tree.objid, flags, range);
    for entry in entries {
        loader.push(entry, &mut |number, page| pages.put(number, page))?;
    }
    let header = |_| multiple(tree.root + 1, tree.last - tree.root + 1, tree.parent);
    loader.finish(&header, &mut |number, page| pages.put(number, page))
}

fn write_catalog(pages: &mut Pages) -> Result<()> {
    let content = catalog::content(pages.size)?;
    let mut spare = CATALOG.spare;
    let put = |pages: &mut Pages, tree: Tree, flags, entries: &[Entry], spare: u32| {
        write_tree(pages, Tree { spare, last: CATALOG.last, ..tree }, flags, entries)
    };
    for (tree, flags, entries) in [
        (CATALOG, PageFlags::empty(), &content.rows),
        (NAME_INDEX, PageFlags::INDEX, &content.names),
        (ROOT_OBJECTS_INDEX, PageFlags::INDEX, &content.root_objects),
    ] {
        // All three trees take leaves from the pages behind the indexes' own: 13 to 23.
        let last = put(pages, tree, flags, entries, spare)?;
        spare = spare.max(last + 1);
    }
    let free =
        (spare <= CATALOG.last).then_some(Extent { last: CATALOG.last, count: CATALOG.last + 1 - spare });
    write_space(pages, CATALOG.objid, CATALOG.root, Extent { last: CATALOG.last, count: 20 }, free)?;
    for index in [NAME_INDEX, ROOT_OBJECTS_INDEX] {
        write_space(pages, index.objid, index.root, Extent { last: index.last, count: 3 }, None)?;
    }
    write_tree(pages, SHADOW, PageFlags::empty(), &content.rows)?;
    write_space(pages, SHADOW.objid, SHADOW.root, Extent { last: SHADOW.last, count: 5 }, None)
}

fn write_system_root(pages: &mut Pages, last: u32) -> Result<()> {
    let range = PageRange { root: SYSTEM_ROOT, next: u32::MAX, last: u32::MAX };
    let tree = Loader::new(pages.size, SYSTEM_ROOT, PageFlags::empty(), range);
    tree.finish(&|_| multiple(SYSTEM_ROOT + 1, last, 0), &mut |number, page| pages.put(number, page))?;
    let unused = Extent { last: 30, count: 2 };
    write_space(pages, SYSTEM_ROOT, SYSTEM_ROOT, Extent { last, count: last }, Some(unused))
}

fn write_headers(pages: &mut Pages, size: PageSize) -> Result<()> {
    let mut header = DatabaseHeader::new(size);
    header.fields.state = STATE_CLEAN.into();
    header.fields.dbtime = u64::from(u32::MAX).into();
    header.fields.objid_last = OBJID_LAST.into();
    header.fields.database_signature.random = 0x6C69_6265.into();
    let page = header.encode();
    pages.file.seek(SeekFrom::Start(0))?;
    pages.file.write_all(&page)?;
    pages.file.write_all(&page)?;
    Ok(())
}
