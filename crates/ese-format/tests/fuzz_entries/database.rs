//! The targets of the database file: header, page, node, space.

use ese_format::checksum::{PageVerdict, repair_page, seal_header, seal_page, verify_page};
use ese_format::database_header::{DatabaseHeader, choose_header};
use ese_format::node::{NodeFlags, NodeView};
use ese_format::page::PageView;
use ese_format::page_size::PageSize;
use ese_format::record::{RecordFormat, RecordView};
use ese_format::space::{ExtentNode, RootHeader, SpaceTree, SplitBuffer};

use super::take;

/// Offset of the page size in the header (spec 01 §4).
const PAGE_SIZE_OFFSET: usize = 236;

pub(super) fn page_size(selector: u8) -> PageSize {
    PageSize::ALL[usize::from(selector) % PageSize::ALL.len()]
}

/// The input as it is, and as a header whose page size and checksum hold.
pub(super) fn header(input: &[u8]) {
    let _ = choose_header(input);
    let mut rest = input;
    let [selector] = take(&mut rest);
    let size = page_size(selector);
    let mut page = rest.to_vec();
    page.resize(size.bytes(), 0);
    page[PAGE_SIZE_OFFSET..PAGE_SIZE_OFFSET + 4].copy_from_slice(&(size as u32).to_le_bytes());
    seal_header(&mut page);
    let header = DatabaseHeader::decode(&page).expect("page size and checksum hold");
    assert_eq!(header.encode(), page);
    let _ = header.state();
    let _ = header.flags();
    let _ = header.version();
    assert_eq!(choose_header(&[page.clone(), page].concat()).expect("both copies are valid").header, header);
}

/// Byte 0: page size; bytes 1-4: page number; then the page from its first byte, and from its last one, so that a short
/// input reaches the tags.
pub(super) fn page(input: &[u8]) {
    let mut rest = input;
    let [selector] = take(&mut rest);
    let number = u32::from_le_bytes(take(&mut rest));
    let size = page_size(selector);
    let mut page = vec![0; size.bytes()];
    let front = if rest.len() > size.bytes() { size.bytes() } else { rest.len() / 2 };
    page[..front].copy_from_slice(&rest[..front]);
    if front < size.bytes() {
        let back = rest.len() - front;
        page[size.bytes() - back..].copy_from_slice(&rest[front..]);
    }
    let verdict = verify_page(&page, size, number).expect("a whole page");
    let mut repaired = page.clone();
    let (after, wrong) = repair_page(&mut repaired, size, number).expect("a whole page");
    if !matches!(verdict, PageVerdict::Correctable(_)) {
        assert_eq!(repaired, page);
        assert_eq!(wrong.iter().count(), 0);
    }
    let _ = after;
    read_page(&page, size, number);
    seal_page(&mut page, size, number).expect("a whole page");
    assert!(matches!(verify_page(&page, size, number), Ok(PageVerdict::Good(_))));
    // A large page must carry its own number to get past the structural check.
    if size.is_large() {
        page[64..68].copy_from_slice(&number.to_le_bytes());
        read_page(&page, size, number);
    }
}

fn read_page(bytes: &[u8], size: PageSize, number: u32) {
    let Ok(peeked) = PageView::peek(bytes, size, number) else { return };
    for index in 0..peeked.tag_count() {
        let _ = peeked.tag(index);
        let _ = peeked.item(index);
    }
    let external = peeked.external_header().unwrap_or_default();
    let _ = RootHeader::decode(external);
    let _ = SplitBuffer::decode(external);
    let checked = PageView::parse(bytes, size, number);
    for index in 0..peeked.line_count() {
        let node = peeked.node(index);
        assert!(checked.is_err() || peeked.line(index).is_ok_and(|line| !line.bytes.is_empty()));
        let (Ok(node), Ok(line)) = (node, peeked.line(index)) else { continue };
        let mut stored = Vec::new();
        node.image().append_to(&mut stored);
        assert_eq!(stored.len(), line.bytes.len());
        let _ = node.child_page();
        let _ = ExtentNode::decode(&node, SpaceTree::Owned);
        let _ = ExtentNode::decode(&node, SpaceTree::Available);
        // Lines of a page that failed the check may overlap: each is short work only on a sound page.
        if checked.is_ok() {
            let _ = RecordView::parse(node.data, RecordFormat::of(size)).map(|record| record.check());
        }
    }
}

/// Byte 0: flags; byte 1: length of the page's prefix; the prefix; the line.
pub(super) fn node(input: &[u8]) {
    let mut line = input;
    let [flags, prefix_length] = take(&mut line);
    let (prefix, line) = line.split_at(usize::from(prefix_length).min(line.len()));
    let flags = NodeFlags::from_bits_truncate(flags);
    let Ok(node) = NodeView::decode(line, flags, prefix) else { return };
    let mut stored = Vec::new();
    node.image().append_to(&mut stored);
    assert_eq!(NodeView::decode(&stored, flags, prefix), Ok(node));
    assert_eq!(node.key().to_vec(), [node.prefix, node.suffix].concat());
    for tree in [SpaceTree::Owned, SpaceTree::Available] {
        if let Ok(extent) = ExtentNode::decode(&node, tree) {
            assert_eq!(extent.key(), node.key().to_vec());
            assert_eq!(extent.data(), node.data);
            assert!(extent.extent.first() <= extent.extent.last.saturating_add(1));
        }
    }
    let _ = node.child_page();
}

/// Tag 0 of a root page, of a tree and of a space tree.
pub(super) fn space_header(input: &[u8]) {
    if let Ok(header) = RootHeader::decode(input) {
        assert_eq!(RootHeader::decode(&header.encode()), Ok(header.clone()));
        if let Some(Ok(space)) = header.space.map(|space| space.space()) {
            let _ = space.available_root();
            let _ = space.free_pages(31).take(64).count();
        }
    }
    if let Ok(mut buffer) = SplitBuffer::decode(input) {
        assert!(input.is_empty() || buffer.encode() == input);
        let before = buffer.pages_left();
        if let Some(page) = buffer.take() {
            assert!(page > 0);
            assert!(buffer.pages_left() <= before);
            let _ = buffer.give_back(page);
        }
    }
}
