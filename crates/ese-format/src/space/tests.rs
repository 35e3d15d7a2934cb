//! Worked examples of spec 02 §3 and §15, and hostile bytes.

use proptest::prelude::*;

use super::*;
use crate::node::NodeFlags;

fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn space_of(digits: &str) -> (Space, u32, SpaceFlags) {
    let item = hex(digits);
    let header = RootHeader::decode(&item).unwrap();
    assert_eq!(header.encode(), item);
    let space = header.space.unwrap();
    (space.space().unwrap(), space.parent.get(), space.flags())
}

#[test]
fn space_headers_of_the_worked_examples_say_what_they_should() {
    let multiple = |owned_root, growth| Space::Multiple { owned_root, growth };
    assert_eq!(
        space_of("14000000 01000000 01000000 05000000"),
        (multiple(5, Growth::Primary(20)), 1, SpaceFlags::MULTIPLE_EXTENT)
    );
    assert_eq!(
        space_of("04000000 04000000 05000000 08000000"),
        (multiple(8, Growth::LastRequest(4)), 4, SpaceFlags::MULTIPLE_EXTENT | SpaceFlags::VERSION_2)
    );
    let (single, parent, _) = space_of("04000000 01000000 00000000 07000000");
    assert_eq!((single, parent), (Space::Single { pages: 4, free: 7 }, 1));
    assert_eq!(single.free_pages(31).collect::<Vec<_>>(), [32, 33, 34]);
    let (single, _, _) = space_of("0a000000 01000000 00000000 fc010000");
    assert_eq!(single.free_pages(100).collect::<Vec<_>>(), (103..110).collect::<Vec<_>>());
    assert_eq!(space_of("01000000 6f000000 02000000 00000000").2, SpaceFlags::NON_UNIQUE);
    assert_eq!(multiple(8, Growth::Primary(1)).available_root(), Some(9));
}

#[test]
fn the_extended_root_header_keeps_its_form() {
    let item = hex("03 10000000 01000000 05000000 20000000 0002000000000000");
    let header = RootHeader::decode(&item).unwrap();
    assert_eq!(header.auto_increment, Some(512));
    assert_eq!(header.form, RootHeaderForm::Extended);
    assert_eq!(header.space.unwrap().space().unwrap().available_root(), Some(33));
    assert_eq!(header.encode(), item);

    let mut grown = RootHeader::bare(header.space.unwrap());
    assert_eq!(grown.encode().len(), 16);
    grown.auto_increment = Some(512);
    assert_eq!(grown.encode(), item);
    assert_eq!(RootHeader::decode(&[]).unwrap().encode(), []);
    let unknown = hex("05 10000000 01000000 05000000 20000000 aabb");
    assert_eq!(RootHeader::decode(&unknown).unwrap().encode(), unknown);
    for length in [1, 5, 15, 17, 20, 24] {
        assert!(RootHeader::decode(&item[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn space_headers_made_are_the_bytes_of_the_examples() {
    let multiple = Space::Multiple { owned_root: 8, growth: Growth::LastRequest(4) };
    let header = SpaceHeader::new(multiple, 4, NonUnique::No);
    assert_eq!(header.as_bytes(), hex("04000000 04000000 05000000 08000000"));
    let header = SpaceHeader::new(Space::Single { pages: 1, free: 0 }, 111, NonUnique::Yes);
    assert_eq!(header.as_bytes(), hex("01000000 6f000000 02000000 00000000"));
    let header =
        SpaceHeader::new(Space::Multiple { owned_root: 5, growth: Growth::Primary(20) }, 1, NonUnique::No);
    assert_eq!(header.as_bytes(), hex("14000000 01000000 01000000 05000000"));
}

fn extent(digits: &str, tree: SpaceTree) -> FormatResult<ExtentNode> {
    let line = hex(digits);
    ExtentNode::decode(&NodeView::decode(&line, NodeFlags::empty(), &[]).unwrap(), tree)
}

#[test]
fn extents_of_the_worked_examples_name_their_pages() {
    let owned = extent("0400 00000009 03000000", SpaceTree::Owned).unwrap();
    assert_eq!(owned.extent.pages().collect::<Vec<_>>(), [7, 8, 9]);
    assert_eq!((owned.key(), owned.data()), (hex("00000009"), [3, 0, 0, 0]));
    let pooled = extent("0500 81 00000020 00000000", SpaceTree::Available).unwrap();
    assert_eq!((pooled.pool, pooled.extent.count), (Pool::Continuous, 0));
    assert_eq!(pooled.key(), hex("81 00000020"));
    assert_eq!(extent("0500 82 00000020 01000000", SpaceTree::Available).unwrap().pool, Pool::Shelved);
}

#[test]
fn impossible_extents_are_refused_with_the_error_of_their_tree() {
    for digits in [
        "0400 00000000 01000000",
        "0400 7fefffff 01000000",
        "0400 00000009 00000000",
        "0400 00000009 0a000000",
        "0400 00000009 030000",
        "0300 000009 03000000",
        "0600 810000000009 03000000",
        "0500 80 00000009 03000000",
        "0500 c1 00000009 03000000",
        "0500 83 00000009 03000000",
    ] {
        let refused = |tree| extent(digits, tree).unwrap_err().jet();
        assert_eq!(refused(SpaceTree::Owned), JetError::SP_OWN_EXT_CORRUPTED, "{digits}");
        assert_eq!(refused(SpaceTree::Available), JetError::SP_AVAIL_EXT_CORRUPTED, "{digits}");
    }
    assert!(extent("0500 81 00000009 03000000", SpaceTree::Owned).is_err(), "owned extents have no pools");
}

#[test]
fn the_split_buffer_hands_out_the_smaller_run_from_its_front_and_takes_back() {
    let mut buffer = SplitBuffer { runs: [Extent { last: 20, count: 3 }, Extent { last: 40, count: 2 }] };
    assert_eq!(SplitBuffer::decode(&buffer.encode()).unwrap(), buffer);
    assert_eq!(buffer.take(), Some(39));
    assert!(buffer.give_back(39));
    assert!(!buffer.give_back(39));
    assert_eq!((0..6).filter_map(|_| buffer.take()).collect::<Vec<_>>(), [39, 40, 18, 19, 20]);
    assert_eq!(buffer.pages_left(), 0);
    assert_eq!(SplitBuffer::decode(&[]).unwrap(), SplitBuffer::default());
    assert!(SplitBuffer::decode(&[0; 15]).is_err());
    assert!(SplitBuffer::decode(&hex("05000000 06000000 00000000 00000000")).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_space_or_an_error(item in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(header) = RootHeader::decode(&item) {
            prop_assert_eq!(header.encode(), &item[..]);
            if let Some(Ok(space)) = header.space.map(|space| space.space()) {
                let _ = space.free_pages(u32::MAX).take(100).count();
                let _ = space.available_root();
            }
        }
        if let Ok(buffer) = SplitBuffer::decode(&item) {
            let mut buffer = buffer;
            let _ = buffer.take();
            let _ = buffer.pages_left();
        }
    }

    #[test]
    fn extents_decode_to_what_was_encoded(last in 1..EXTENT_LAST_PAGE_MAX, count in 1..u32::MAX, pool in 0..3_u8) {
        let node = ExtentNode {
            extent: Extent { last, count: count.min(last) },
            pool: Pool::from_bits(pool).expect("three pools"),
        };
        let (key, data) = (node.key(), node.data());
        let view = NodeView { flags: NodeFlags::empty(), prefix: &key[..2], suffix: &key[2..], data: &data };
        prop_assert_eq!(ExtentNode::decode(&view, SpaceTree::Available).unwrap(), node);
    }
}
