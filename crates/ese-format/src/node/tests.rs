//! Worked examples of spec 02 §15 and §16, and keys in pieces against keys in one.

use ese_corpus::{corpus, file, skipped};
use proptest::prelude::*;

use super::*;
use crate::page::PageView;
use crate::page_size::PageSize;

fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn page_of(name: &str, size: PageSize, number: usize) -> Option<Vec<u8>> {
    let Some(bytes) = corpus().and_then(|folder| file(&folder, name)).map(|file| file.bytes()) else {
        skipped(name);
        return None;
    };
    let start = (number + 1) * size.bytes();
    Some(bytes[start..start + size.bytes()].to_vec())
}

#[test]
fn a_leaf_with_a_prefix_gives_whole_keys() {
    let Some(bytes) = page_of("windows/tables/large.edb", PageSize::K32, 255) else { return };
    let page = PageView::parse(&bytes, PageSize::K32, 255).unwrap();
    assert_eq!(page.external_header().unwrap(), hex("7f800000087f80027f8000a49e"));
    let first = page.node(0).unwrap();
    assert_eq!(first.flags, NodeFlags::VERSIONED | NodeFlags::COMPRESSED);
    assert_eq!((first.prefix.len(), first.suffix.len(), first.data.len()), (13, 0, 44));
    let second = page.node(1).unwrap();
    assert_eq!((second.prefix.len(), second.suffix), (12, &[0x9F][..]));
}

#[test]
fn an_internal_root_gives_separators_and_children() {
    let Some(bytes) = page_of("windows/tables/basic.edb", PageSize::K4, 4) else { return };
    let page = PageView::parse(&bytes, PageSize::K4, 4).unwrap();
    let nodes: Vec<_> = page.nodes().map(Result::unwrap).collect();
    assert_eq!(nodes[0].key().to_vec(), hex("7f800000037f80027f80000104"));
    assert_eq!(nodes[0].child_page().unwrap(), 13);
    assert!(nodes[1].key().is_empty());
    assert_eq!(nodes[1].child_page().unwrap(), 14);
}

#[test]
fn lines_of_the_worked_examples_decode_and_encode() {
    let prefix = hex("7fc0e5819f3e93e93f7f800002fd");
    let line = hex("0400 0a00 9d9999999a7f80000220 34000000");
    let node = NodeView::decode(&line, NodeFlags::COMPRESSED, &prefix).unwrap();
    assert_eq!(node.key().to_vec(), hex("7fc0e5819d9999999a7f80000220"));
    assert_eq!(node.child_page().unwrap(), 52);
    let mut encoded = Vec::new();
    let key = node.key().to_vec();
    NodeImage::for_page(KeyRef::from(&key[..]), node.data, &prefix).unwrap().append_to(&mut encoded);
    assert_eq!(encoded, line);

    let line = hex("1300 7f80000034 7fc0e5c6bdc16c16c1 7f80000001 7fc0e5c6bdc16c16c1 7f80000001");
    let node = NodeView::decode(&line, NodeFlags::empty(), &[]).unwrap();
    assert_eq!((node.key().len(), node.data.len()), (19, 14));
}

#[test]
fn lengths_that_do_not_fit_are_refused_with_their_field() {
    let refused = |line: &str, flags, prefix: &[u8]| {
        let error = NodeView::decode(&hex(line), flags, prefix).map(drop).unwrap_err();
        assert_eq!(error.jet(), JetError::NODE_CORRUPTED);
        error.field()
    };
    let plain = NodeFlags::empty();
    assert_eq!(refused("", plain, &[]), "suffix length");
    assert_eq!(refused("01", plain, &[]), "suffix length");
    assert_eq!(refused("0000", plain, &[]), "suffix length");
    assert_eq!(refused("0200 aabb", plain, &[]), "suffix length");
    assert_eq!(refused("ff1f aabb", plain, &[]), "suffix length");
    assert_eq!(refused("0400 0000 aa", NodeFlags::COMPRESSED, &[1, 2, 3]), "prefix length");
    assert_eq!(refused("0300", NodeFlags::COMPRESSED, &[1, 2, 3]), "suffix length");
    let node = NodeView { flags: plain, prefix: &[], suffix: &[], data: &[0; 4] };
    assert!(node.child_page().is_err());
    assert!(NodeView { data: &[1; 5], ..node }.child_page().is_err());
    assert!(NodeView { data: &[0xFF; 4], ..node }.child_page().is_err());
    assert_eq!(
        NodeImage::for_page(KeyRef::from(&[0; 9000][..]), &[1], &[]).unwrap_err(),
        JetError::KEY_TOO_BIG
    );
}

#[test]
fn the_separator_is_the_shortest_key_between_two_nodes() {
    let between = |left: &str, left_data: &str, right: &str, right_data: &str| {
        let [left, left_data, right, right_data] = [left, left_data, right, right_data].map(hex);
        separator(KeyRef::from(&left[..]), &left_data, KeyRef::from(&right[..]), &right_data)
    };
    assert_eq!(between("0102", "", "010504", ""), hex("0105"));
    assert_eq!(between("01", "", "010504", ""), hex("0105"));
    assert_eq!(between("0102", "0a0b", "0102", "0a0c0d"), hex("01020a0c"));
}

/// The prefix choice for the lines of a page, as a split would make it.
fn choice_of(page: &PageView<'_>) -> Option<PrefixChoice> {
    let keys: Vec<_> = page.nodes().map(|node| node.unwrap().key()).collect();
    let mut common = vec![0; keys.len()];
    for index in 1..keys.len() {
        common[index] = keys[index].common_prefix(keys[index - 1]);
    }
    choose_prefix(&common)
}

#[test]
fn prefixes_of_a_real_split_are_chosen_again() {
    let name = "windows/srum-aptsimulator/SRUDB.dat";
    for (number, line, savings) in [(137, 10, 1642), (142, 10, 2594)] {
        let Some(bytes) = page_of(name, PageSize::K4, number) else { return };
        let page = PageView::parse(&bytes, PageSize::K4, number as u32).unwrap();
        let choice = choice_of(&page).unwrap();
        assert_eq!((choice.line, choice.savings), (line, savings), "page {number}");
        assert_eq!(page.node(line).unwrap().key().to_vec(), page.external_header().unwrap(), "page {number}");
    }
}

#[test]
fn no_prefix_is_chosen_where_none_pays() {
    assert_eq!(choose_prefix(&[]), None);
    assert_eq!(choose_prefix(&[0]), None);
    assert_eq!(choose_prefix(&[0, 4]), None);
    assert_eq!(choose_prefix(&[0, 5]), Some(PrefixChoice { line: 1, savings: 1, first: 0, last: 1 }));
    assert_eq!(choose_prefix(&[0, 2, 2, 2]), None);
    assert_eq!(choose_prefix(&[0, 8, 8, 0]), Some(PrefixChoice { line: 1, savings: 10, first: 0, last: 2 }));
}

/// A key cut in two anywhere.
fn pieces() -> impl Strategy<Value = (Vec<u8>, usize)> {
    (proptest::collection::vec(0..3_u8, 0..12), any::<usize>())
        .prop_map(|(key, cut)| (key.clone(), cut % (key.len() + 1)))
}

proptest! {
    #[test]
    fn keys_in_pieces_compare_and_cut_like_keys_in_one((left, cut) in pieces(), (right, other_cut) in pieces()) {
        let left_ref = KeyRef::new(&left[..cut], &left[cut..]);
        let right_ref = KeyRef::new(&right[..other_cut], &right[other_cut..]);
        prop_assert_eq!(left_ref.cmp(&right_ref), left.cmp(&right));
        let common = left.iter().zip(&right).take_while(|(left, right)| left == right).count();
        prop_assert_eq!(left_ref.common_prefix(right_ref), common);
        for count in 0..=left.len() + 1 {
            prop_assert_eq!(left_ref.skip(count).to_vec(), left.get(count..).unwrap_or_default());
            prop_assert_eq!(left_ref.take(count).to_vec(), &left[..count.min(left.len())]);
        }
    }

    #[test]
    fn separators_bound_their_neighbours((left, _) in pieces(), (right, _) in pieces()) {
        prop_assume!(left < right);
        let key = separator(KeyRef::from(&left[..]), &[], KeyRef::from(&right[..]), &[]);
        prop_assert!(left < key && key <= right);
    }

    #[test]
    fn nodes_decode_to_what_was_encoded(
        (key, _) in pieces(), (prefix, _) in pieces(), data in proptest::collection::vec(any::<u8>(), 1..20),
    ) {
        let image = NodeImage::for_page(KeyRef::from(&key[..]), &data, &prefix).unwrap();
        let mut line = Vec::new();
        image.append_to(&mut line);
        prop_assert_eq!(line.len(), image.len());
        let node = NodeView::decode(&line, image.flags(NodeFlags::DELETED), &prefix).unwrap();
        prop_assert_eq!(node.key().to_vec(), key);
        prop_assert_eq!(node.data, data);
        prop_assert!(node.is_deleted());
    }

    #[test]
    fn any_bytes_are_a_node_or_an_error(
        line in proptest::collection::vec(any::<u8>(), 0..40), bits in 0..8_u8,
        prefix in proptest::collection::vec(any::<u8>(), 0..10),
    ) {
        if let Ok(node) = NodeView::decode(&line, NodeFlags::from_bits_truncate(bits), &prefix) {
            prop_assert!(!node.data.is_empty());
            let _ = node.child_page();
        }
    }

    #[test]
    fn a_chosen_prefix_is_an_inner_line_and_saves(common in proptest::collection::vec(0..12_usize, 0..30)) {
        if let Some(choice) = choose_prefix(&common) {
            prop_assert!(choice.savings > 0);
            prop_assert!(choice.first <= choice.line && choice.line <= choice.last && choice.last < common.len());
            prop_assert!(common.len() == 2 || (choice.line > 0 && choice.line < common.len() - 1));
        }
    }
}
