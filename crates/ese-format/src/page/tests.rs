//! Pages made from nothing that equal Windows' own, editing against a simple model, and hostile bytes.

use ese_corpus::{corpus, file, skipped};
use proptest::prelude::*;
use zerocopy::IntoBytes;

use super::*;
use crate::checksum::seal_page;
use crate::error::JetError;
use crate::node::{KeyRef, NodeFlags, NodeImage};
use crate::page_size::PageSize;
use crate::space::{
    Extent, ExtentNode, Growth, NonUnique, Pool, RootHeader, Space, SpaceHeader, SplitBuffer,
};

/// Page 1 of a new database, from its space header alone (spec 01 §14).
fn database_root(size: PageSize, pages: u32, dbtime: u64) -> Vec<u8> {
    let mut bytes = vec![0xAA; size.bytes()];
    let flags = PageFlags::ROOT | PageFlags::LEAF;
    let new = NewPage { objid: 1, dbtime, flags, reserved_tags: ReservedTagForm::Implied };
    let mut page = PageMut::create(&mut bytes, size, 1, new).unwrap();
    let space = Space::Multiple { owned_root: 2, growth: Growth::Primary(pages) };
    let header = RootHeader::bare(SpaceHeader::new(space, 0, NonUnique::No));
    page.set_external_header(&[&header.encode()]).unwrap();
    page.set_flush_type(FlushType::Rock);
    seal_page(&mut bytes, size, 1).unwrap();
    bytes
}

fn first_words(digits: [u8; 8]) -> u64 {
    u64::from_le_bytes(digits)
}

#[test]
fn page_1_of_every_size_is_made_with_windows_checksums() {
    let checksum = |page: &[u8]| u64::from_le_bytes(page[..8].try_into().unwrap());
    let cases = [
        (PageSize::K4, 0xFE, 0x46, [0x7C, 0xA7, 1, 0, 0xDF, 0x7F, 0xDF, 0x7F]),
        (PageSize::K8, 0xFE, 0x46, [0x7C, 0xB7, 1, 0, 0x33, 0xFF, 0xCC, 0]),
        (PageSize::K16, 0x2E, 0x49, [0x1F, 0xE8, 0x1A, 0, 0xB5, 2, 0x4A, 0x7D]),
        (PageSize::K32, 0xFE, 0x46, [0xC0, 0x28, 0x1A, 0, 0x31, 1, 0x31, 1]),
    ];
    for (size, pages, dbtime, expected) in cases {
        let page = database_root(size, pages, dbtime);
        assert_eq!(checksum(&page), first_words(expected), "{size}");
        let view = PageView::parse(&page, size, 1).unwrap();
        assert_eq!((view.line_count(), view.objid(), view.reserved_tags()), (0, 1, 1));
    }
}

#[test]
fn pages_1_and_2_of_basic_edb_are_made_byte_for_byte() {
    let Some(file) = corpus().and_then(|folder| file(&folder, "windows/tables/basic.edb")) else {
        skipped("pages 1 and 2 of basic.edb");
        return;
    };
    let file = file.bytes();
    assert!(database_root(PageSize::K4, 0xFE, 0x46) == file[2 * 4096..3 * 4096]);

    let mut bytes = vec![0; 4096];
    let flags = PageFlags::ROOT | PageFlags::LEAF | PageFlags::SPACE_TREE;
    let new = NewPage { objid: 1, dbtime: 0x46, flags, reserved_tags: ReservedTagForm::Implied };
    let mut page = PageMut::create(&mut bytes, PageSize::K4, 2, new).unwrap();
    page.set_external_header(&[&SplitBuffer::default().encode()]).unwrap();
    let extent = ExtentNode { extent: Extent { last: 0xFE, count: 0xFE }, pool: Pool::General };
    let (key, data) = (extent.key(), extent.data());
    let image =
        NodeImage::for_page(KeyRef::from(&key[..]), &data, page.view().key_prefix().unwrap()).unwrap();
    page.insert_line(0, &image.parts(&mut [0; 4]), NodeFlags::empty()).unwrap();
    page.set_flush_type(FlushType::Rock);
    seal_page(&mut bytes, PageSize::K4, 2).unwrap();
    assert!(bytes == file[3 * 4096..4 * 4096]);
}

#[test]
fn the_catalog_root_of_large_edb_reads_as_the_spec_says() {
    let Some(file) = corpus().and_then(|folder| file(&folder, "windows/tables/large.edb")) else {
        skipped("page 4 of large.edb");
        return;
    };
    let file = file.bytes();
    let page = PageView::parse(&file[5 * 32768..6 * 32768], PageSize::K32, 4).unwrap();
    assert_eq!((page.tag_count(), page.free_bytes(), page.data_bytes()), (0x87, 0x73A1, 32688));
}

#[test]
fn flush_types_go_round() {
    let mut flags = PageFlags::ROOT | PageFlags::LEAF;
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(flags.flush_type().bits());
        flags = flags.with_flush_type(flags.flush_type().successor());
    }
    assert_eq!(seen, [0, 1, 2, 3, 1]);
    assert!(flags.contains(PageFlags::ROOT | PageFlags::LEAF));
}

/// A new leaf of a space tree, so that lines may be any bytes.
fn blank(bytes: &mut [u8], size: PageSize, form: ReservedTagForm) -> PageMut<'_> {
    let flags = PageFlags::LEAF | PageFlags::SPACE_TREE;
    PageMut::create(bytes, size, 9, NewPage { objid: 7, dbtime: 8, flags, reserved_tags: form }).unwrap()
}

#[test]
fn the_largest_item_fits_exactly() {
    for (size, insert_max, replace_max) in [
        (PageSize::K2, 2000, 2004),
        (PageSize::K4, 4048, 4052),
        (PageSize::K8, 8144, 8148),
        (PageSize::K16, 16296, 16300),
        (PageSize::K32, 32680, 32684),
    ] {
        let mut bytes = vec![0; size.bytes()];
        let content = vec![0x11; size.bytes()];
        let mut page = blank(&mut bytes, size, ReservedTagForm::Implied);
        let too_long = page.insert_line(0, &[&content[..insert_max + 1]], NodeFlags::empty());
        assert!(matches!(too_long, Err(EditError::Full { .. })), "{size}: {too_long:?}");
        page.insert_line(0, &[&content[..insert_max]], NodeFlags::empty()).unwrap();
        assert_eq!(page.view().free_bytes(), 0);
        PageView::parse(page.bytes(), size, 9).unwrap();
        page.delete_line(0).unwrap();
        page.set_external_header(&[&content[..replace_max]]).unwrap();
        assert_eq!(page.view().free_bytes(), 0);
        PageView::parse(page.bytes(), size, 9).unwrap();
        assert!(page.set_external_header(&[&content[..replace_max + 1]]).is_err());
    }
}

#[test]
fn a_page_goes_through_its_stages() {
    for size in PageSize::ALL {
        let mut bytes = vec![0x55; size.bytes()];
        let mut page = PageMut::allocate(&mut bytes, size, 9, 7, 8).unwrap();
        let view = PageView::parse(page.bytes(), size, 9).unwrap();
        assert_eq!((view.line_count(), view.external_header().unwrap().len()), (0, 0));
        assert_eq!(page.insert_line(0, &[&[1]], NodeFlags::empty()), Err(EditError::WrongStage));
        assert_eq!(page.set_external_header(&[&[1]]), Err(EditError::WrongStage));
        page.consume(PageFlags::LEAF, ReservedTagForm::Counted).unwrap();
        assert_eq!(page.consume(PageFlags::LEAF, ReservedTagForm::Counted), Err(EditError::WrongStage));
        page.set_external_header(&[b"abcdef"]).unwrap();
        page.insert_line(0, &[&[3, 0, 4, 0, 1, 1, 1, 1, 2]], NodeFlags::COMPRESSED).unwrap();
        page.set_next(5);
        assert_eq!(page.view().header().itag_state.get(), 0x1002);
        PageView::parse(page.bytes(), size, 9).unwrap();
        page.empty();
        let view = PageView::parse(page.bytes(), size, 9).unwrap();
        assert!(view.flags().contains(PageFlags::EMPTY | PageFlags::LEAF));
        assert_eq!((view.line_count(), view.next(), view.header().itag_state.get()), (0, 5, 0x1001));
    }
    assert!(PageMut::allocate(&mut [0; 100], PageSize::K4, 1, 1, 1).is_err());
}

/// One step of editing.
#[derive(Clone, Debug)]
enum Step {
    Insert(usize, Vec<u8>, NodeFlags),
    Replace(usize, Vec<u8>, NodeFlags),
    Delete(usize),
    Flags(usize, NodeFlags),
    External(Vec<u8>),
    Uncommitted(usize),
    Reorganise,
    Empty,
}

fn step(line_max: usize) -> impl Strategy<Value = Step> {
    let bytes = || proptest::collection::vec(any::<u8>(), 2..line_max);
    let flags = || (0..8_u8).prop_map(NodeFlags::from_bits_truncate);
    let index = any::<usize>;
    prop_oneof![
        12 => (index(), bytes(), flags()).prop_map(|(index, bytes, flags)| Step::Insert(index, bytes, flags)),
        6 => (index(), bytes(), flags()).prop_map(|(index, bytes, flags)| Step::Replace(index, bytes, flags)),
        6 => index().prop_map(Step::Delete),
        3 => (index(), flags()).prop_map(|(index, flags)| Step::Flags(index, flags)),
        2 => proptest::collection::vec(any::<u8>(), 0..line_max).prop_map(Step::External),
        1 => index().prop_map(Step::Uncommitted),
        1 => Just(Step::Reorganise),
        1 => proptest::bool::weighted(0.05).prop_map(|empty| if empty { Step::Empty } else { Step::Reorganise }),
    ]
}

/// What the page should hold.
#[derive(Default)]
struct Model {
    external: Vec<u8>,
    lines: Vec<(Vec<u8>, NodeFlags)>,
}

impl Model {
    fn used(&self) -> usize {
        let lines: usize = self.lines.iter().map(|(line, _)| line.len() + TAG_BYTES).sum();
        lines + self.external.len() + TAG_BYTES
    }

    /// Does the step here and on the page; both must agree on whether it fits.
    fn apply(&mut self, page: &mut PageMut<'_>, step: Step) {
        let free = page.view().data_bytes() - self.used();
        let lines = self.lines.len();
        let full = |needed: usize| needed > free;
        match step {
            Step::Insert(index, bytes, flags) => {
                let index = index % (lines + 1);
                let (left, right) = bytes.split_at(bytes.len() / 2);
                let done = page.insert_line(index, &[left, &[], right], flags);
                assert_eq!(done.is_err(), full(bytes.len() + TAG_BYTES), "{done:?}");
                if done.is_ok() {
                    self.lines.insert(index, (bytes, flags));
                }
                assert!(page.insert_line(lines + 2, &[&[1, 2]], flags).is_err());
            }
            Step::Replace(index, bytes, flags) if lines > 0 => {
                let index = index % lines;
                let done = page.replace_line(index, &[&bytes], flags);
                assert_eq!(
                    done.is_err(),
                    full(bytes.len().saturating_sub(self.lines[index].0.len())),
                    "{done:?}"
                );
                if done.is_ok() {
                    self.lines[index] = (bytes, flags);
                }
            }
            Step::Delete(index) if lines > 0 => {
                page.delete_line(index % lines).unwrap();
                self.lines.remove(index % lines);
            }
            Step::Flags(index, flags) if lines > 0 => {
                page.set_line_flags(index % lines, flags).unwrap();
                self.lines[index % lines].1 = flags;
            }
            Step::Replace(..) | Step::Delete(_) | Step::Flags(..) => {
                assert!(matches!(page.delete_line(lines), Err(EditError::NoSuchLine { .. })));
            }
            Step::External(bytes) => {
                let done = page.set_external_header(&[&bytes]);
                assert_eq!(done.is_err(), full(bytes.len().saturating_sub(self.external.len())), "{done:?}");
                if done.is_ok() {
                    self.external = bytes;
                }
            }
            Step::Uncommitted(bytes) => page.set_uncommitted_free_bytes(bytes % 100),
            Step::Reorganise => {
                page.reorganise().unwrap();
                let sum = self.used() - TAG_BYTES * (lines + 1);
                assert_eq!(usize::from(page.view().header().first_free.get()), sum);
            }
            Step::Empty => {
                page.empty();
                let flags = page.view().flags() - PageFlags::EMPTY;
                page.set_flags(flags);
                *self = Self::default();
            }
        }
    }

    /// Holds the page against this model, and against every invariant of the format.
    fn check(&self, page: &PageMut<'_>) {
        let view = page.view();
        let view = PageView::parse(page.bytes(), view.size(), view.number()).unwrap();
        assert_eq!(view.external_header().unwrap(), self.external);
        assert_eq!(view.line_count(), self.lines.len());
        assert_eq!(view.free_bytes(), view.data_bytes() - self.used());
        for (index, (bytes, flags)) in self.lines.iter().enumerate() {
            let line = view.line(index).unwrap();
            assert_eq!(line.flags, *flags, "line {index}");
            let mut expected = bytes.clone();
            if view.size().is_large() {
                expected[1] = expected[1] & 0x1F | flags.bits() << 5;
            }
            assert_eq!(line.bytes, expected, "line {index}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_edited_page_holds_what_a_list_of_lines_would_hold(
        size in proptest::sample::select(&PageSize::ALL),
        form in prop_oneof![Just(ReservedTagForm::Implied), Just(ReservedTagForm::Counted)],
        steps in prop_oneof![
            proptest::collection::vec(step(40), 1..300),
            proptest::collection::vec(step(900), 1..120),
        ],
    ) {
        let mut bytes = vec![0; size.bytes()];
        let mut page = blank(&mut bytes, size, form);
        let mut model = Model::default();
        for step in steps {
            model.apply(&mut page, step);
            model.check(&page);
        }
    }

    #[test]
    fn any_bytes_are_a_page_or_an_error(
        mut bytes in proptest::collection::vec(any::<u8>(), 32768),
        header in proptest::collection::vec(any::<u8>(), 40),
        size in proptest::sample::select(&PageSize::ALL),
        few_tags in any::<bool>(),
        length in 0..40_000_usize,
    ) {
        bytes[..40].copy_from_slice(&header);
        if few_tags {
            bytes[34] &= 0x3F;
            bytes[35] = 0;
        }
        bytes.truncate(length.max(size.bytes() / 2));
        let _ = PageView::parse(&bytes, size, 3);
        if let Ok(page) = PageView::peek(&bytes, size, 3) {
            for index in 0..page.line_count() {
                let _ = page.node(index);
            }
            prop_assert!(page.line(page.line_count()).is_err());
            let _ = (page.external_header(), page.key_prefix(), page.large_header());
        }
        if let Ok(mut page) = PageMut::open(&mut bytes, size, 3) {
            let _ = page.insert_line(0, &[&[1, 2, 3]], NodeFlags::DELETED);
            let _ = page.replace_line(0, &[&[7; 300]], NodeFlags::VERSIONED);
            let _ = page.set_external_header(&[&[9; 20]]);
            let _ = page.reorganise();
            let _ = page.delete_line(0);
            let _ = page.set_line_flags(0, NodeFlags::empty());
            page.empty();
        }
    }
}

#[test]
fn contradictions_in_a_page_are_refused_with_the_field_that_shows_them() {
    let mut bytes = vec![0; 4096];
    let flags = PageFlags::LEAF;
    let new = NewPage { objid: 7, dbtime: 8, flags, reserved_tags: ReservedTagForm::Implied };
    let mut page = PageMut::create(&mut bytes, PageSize::K4, 9, new).unwrap();
    for key in [1, 2, 3] {
        page.insert_line(0, &[&[1, 0, key, 99]], NodeFlags::empty()).unwrap();
    }
    PageView::parse(&bytes, PageSize::K4, 9).unwrap();
    let refused = |spoil: &dyn Fn(&mut PageHeader, &mut [u8])| {
        let mut bytes = bytes.clone();
        let (mut header, _) = PageHeader::read_from_prefix(&bytes).unwrap();
        spoil(&mut header, &mut bytes);
        bytes[..40].copy_from_slice(header.as_bytes());
        let error = PageView::parse(&bytes, PageSize::K4, 9).unwrap_err();
        assert_eq!(error.page(), Some(9));
        (error.jet(), error.field())
    };
    let corrupted = JetError::DATABASE_CORRUPTED;
    let tag_corrupted = JetError::PAGE_TAG_CORRUPTED;
    assert_eq!(refused(&|header, _| header.free = 5000.into()), (corrupted, "free bytes"));
    assert_eq!(refused(&|header, _| header.free = 100.into()), (corrupted, "free bytes"));
    assert_eq!(
        refused(&|header, _| header.uncommitted_free = 4095.into()),
        (corrupted, "uncommitted free bytes")
    );
    assert_eq!(refused(&|header, _| header.first_free = 4057.into()), (corrupted, "first free byte"));
    assert_eq!(refused(&|header, _| header.first_free = 11.into()), (tag_corrupted, "tag"));
    assert_eq!(refused(&|header, _| header.itag_state = 0.into()), (corrupted, "itag state"));
    assert_eq!(refused(&|header, _| header.itag_state = 1015.into()), (tag_corrupted, "itag state"));
    for flags in [0x1A, 0xC2, 0x6, 0x2_000A] {
        assert_eq!(refused(&|header, _| header.flags = flags.into()), (corrupted, "flags"), "{flags:#x}");
    }
    assert_eq!(refused(&|_, bytes| bytes[4096 - 8 + 2] = 1), (tag_corrupted, "tag"), "overlap");
    assert_eq!(refused(&|_, bytes| bytes[4096 - 8] = 0), (tag_corrupted, "tag"), "no bytes");
    assert_eq!(refused(&|_, bytes| bytes[40] = 2), (JetError::NODE_CORRUPTED, "suffix length"));
    assert_eq!(refused(&|_, bytes| bytes[40] = 0), (JetError::NODE_CORRUPTED, "key"));

    let mut large = vec![0; 16384];
    PageMut::create(&mut large, PageSize::K16, 9, new).unwrap();
    let error = PageView::parse(&large, PageSize::K16, 10).unwrap_err();
    assert_eq!((error.jet(), error.field()), (JetError::READ_PGNO_VERIFY_FAILURE, "page number"));
    large[70] = 1;
    let error = PageView::parse(&large, PageSize::K16, 9).unwrap_err();
    assert_eq!((error.jet(), error.field()), (corrupted, "reserved"));
}
