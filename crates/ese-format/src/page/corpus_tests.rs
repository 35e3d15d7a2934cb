//! Every page of every database in the corpus: checksum, structure, and back to the same bytes.

use std::collections::BTreeMap;

use zerocopy::IntoBytes;

use super::*;
use crate::checksum::{PageVerdict, repair_page, verify_page};
use crate::corpus_databases::{CorpusDatabase, each_database};
use crate::node::{KeyRef, NodeFlags, NodeImage, separator};
use crate::page_size::PageSize;
use crate::space::{ExtentNode, RootHeader, SpaceTree, SplitBuffer};
use crate::trailer::Trailer;

/// The pages of a database that must be sound, each with its number.
fn live_pages(database: &CorpusDatabase) -> impl Iterator<Item = (u32, PageView<'_>)> {
    let trailer = database.trailer_page().is_some().then(|| database.pages_in_file());
    let is_live = move |number: &u32| !database.is_temporary() && Some(*number) != trailer;
    database.owned_pages().filter(is_live).filter_map(|number| {
        let bytes = database.page(number)?;
        if bytes.iter().all(|byte| *byte == 0) {
            return None;
        }
        let page = PageView::parse(bytes, database.size(), number);
        Some((number, page.unwrap_or_else(|error| panic!("{}: {error}", database.name))))
    })
}

#[test]
fn every_page_checksum_in_the_corpus_recomputes_to_its_stored_one() {
    let mut counts: BTreeMap<(PageSize, &str), usize> = BTreeMap::new();
    let mut bad = Vec::new();
    let databases = each_database("page checksums", |database| {
        let size = database.size();
        let mut count = |what| *counts.entry((size, what)).or_insert(0) += 1;
        if database.is_temporary() {
            return;
        }
        let last = *database.owned_pages().end();
        for number in 1..=database.pages_in_file() {
            let verdict = verify_page(database.page(number).expect("in the file"), size, number).unwrap();
            let is_owned = number <= last;
            match verdict {
                PageVerdict::Good(_) if is_owned => count("good"),
                PageVerdict::Uninitialized if is_owned => count("zero"),
                PageVerdict::Good(_) => count("good, beyond the last owned page"),
                PageVerdict::Uninitialized => count("zero, beyond the last owned page"),
                _ if number == database.pages_in_file() && database.trailer_page().is_some() => {
                    count("backup trailer");
                }
                _ if !is_owned => count("no page, beyond the last owned page"),
                _ => bad.push(format!("{} page {number}: {verdict:?}", database.name)),
            }
        }
    });
    let Some(databases) = databases else { return };
    ese_corpus::report!("{databases} databases: {counts:#?}");
    assert_eq!(bad, Vec::<String>::new());
    let good: usize = counts.iter().filter(|((_, what), _)| *what == "good").map(|(_, count)| count).sum();
    assert!(good > 1000, "only {good} pages");
}

#[test]
fn every_trailer_in_the_corpus_decodes_belongs_to_its_header_and_encodes_to_its_bytes() {
    let mut trailers = 0;
    each_database("backup trailers", |database| {
        let Some(page) = database.trailer_page() else { return };
        let trailer = Trailer::decode(page, database.size()).unwrap();
        trailer.check_belongs_to(&database.pair.header).unwrap();
        assert_eq!(trailer.encode(database.size()), page, "{}", database.name);
        trailers += 1;
    });
    ese_corpus::report!("{trailers} trailer pages");
}

/// Rebuilds a page from what was decoded, free bytes taken over: header, tags, external header, nodes.
fn rebuilt(page: &PageView<'_>) -> Vec<u8> {
    let size = page.size();
    let mut bytes = page.bytes().to_vec();
    bytes[..40].copy_from_slice(page.header().as_bytes());
    if let Some(large) = page.large_header() {
        bytes[40..80].copy_from_slice(large.as_bytes());
    }
    for index in 0..page.tag_count() {
        let tag = page.tag(index).expect("counted");
        let start = size.header_bytes() + usize::from(tag.offset);
        let length = usize::from(tag.length);
        let place = size.bytes() - TAG_BYTES * (index + 1);
        let offset = tag.flags.put_into(tag.offset);
        let offset = if size.is_large() { tag.offset } else { offset };
        bytes[place..place + 2].copy_from_slice(&tag.length.to_le_bytes());
        bytes[place + 2..place + 4].copy_from_slice(&offset.to_le_bytes());
        let mut item = Vec::new();
        if index >= page.reserved_tags() {
            let node = page.node(index - page.reserved_tags()).unwrap();
            node.image().append_to(&mut item);
            if size.is_large() {
                let word = node.flags.put_into(u16::from_le_bytes([item[0], item[1]]));
                item[..2].copy_from_slice(&word.to_le_bytes());
            }
        } else if page.flags().contains(PageFlags::ROOT | PageFlags::SPACE_TREE) {
            let header = page.external_header().unwrap();
            item = SplitBuffer::decode(header).unwrap().encode()[..header.len()].to_vec();
        } else if page.flags().contains(PageFlags::ROOT) {
            item = RootHeader::decode(page.external_header().unwrap()).unwrap().encode();
        } else {
            item.extend_from_slice(page.external_header().unwrap());
        }
        assert_eq!(item.len(), length, "page {} tag {index}", page.number());
        bytes[start..start + length].copy_from_slice(&item);
    }
    bytes
}

/// The bytes of a page with the noise in its tags masked away.
fn without_noise(page: &PageView<'_>) -> Vec<u8> {
    let size = page.size();
    let mut bytes = page.bytes().to_vec();
    let masks: [u16; 2] = if size.is_large() { [0x7FFF, 0x7FFF] } else { [0x1FFF, 0xFFFF] };
    for index in 0..page.tag_count() {
        let place = size.bytes() - TAG_BYTES * (index + 1);
        for (word, mask) in bytes[place..place + TAG_BYTES].chunks_exact_mut(2).zip(masks) {
            let value = u16::from_le_bytes([word[0], word[1]]) & mask;
            word.copy_from_slice(&value.to_le_bytes());
        }
        // The flag bits of a reserved tag mean nothing.
        if index < page.reserved_tags() {
            bytes[place + 3] &= if size.is_large() { 0x7F } else { 0x1F };
        }
    }
    bytes
}

#[test]
fn every_page_and_node_in_the_corpus_encodes_to_its_bytes() {
    let (mut pages, mut nodes, mut noisy) = (0, 0, 0);
    let databases = each_database("pages re-encoded", |database| {
        for (number, page) in live_pages(database) {
            let expected = without_noise(&page);
            noisy += usize::from(expected != page.bytes());
            let mut rebuilt = rebuilt(&page);
            for index in 0..page.reserved_tags() {
                let place = page.size().bytes() - TAG_BYTES * (index + 1);
                rebuilt[place + 3] &= if page.size().is_large() { 0x7F } else { 0x1F };
            }
            assert!(rebuilt == expected, "{} page {number} differs", database.name);
            pages += 1;
            nodes += page.line_count();
        }
    });
    let Some(databases) = databases else { return };
    ese_corpus::report!(
        "{databases} databases: {pages} pages with {nodes} nodes re-encoded, {noisy} had noise in their tags"
    );
    assert!(nodes > 100_000, "only {nodes} nodes");
}

#[test]
fn every_node_in_the_corpus_is_stored_by_the_insert_rule_against_its_pages_prefix() {
    let (mut nodes, mut compressed, mut others) = (0, 0, Vec::new());
    each_database("insert rule", |database| {
        for (number, page) in live_pages(database) {
            let prefix = page.key_prefix().unwrap();
            for (index, node) in page.nodes().enumerate() {
                let node = node.unwrap();
                let key = node.key().to_vec();
                let image = NodeImage::for_page(KeyRef::from(&key[..]), node.data, prefix).unwrap();
                let mut line = Vec::new();
                image.append_to(&mut line);
                let mut stored = page.line(index).unwrap().bytes.to_vec();
                if page.size().is_large() {
                    stored[1] &= 0x1F;
                }
                nodes += 1;
                compressed += usize::from(image.prefix_length().is_some());
                if line != stored || image.flags(node.flags) != node.flags {
                    others.push(format!("{} page {number} line {index}", database.name));
                }
            }
        }
    });
    ese_corpus::report!(
        "{nodes} nodes, {compressed} with a prefix, {} stored otherwise: {others:?}",
        others.len()
    );
    assert!(others.is_empty());
}

#[test]
fn every_page_in_the_corpus_is_rebuilt_line_by_line_with_the_same_accounting() {
    let (mut pages, mut buffer) = (0, Vec::new());
    each_database("pages rebuilt", |database| {
        for (number, page) in live_pages(database) {
            if page.flags().contains(PageFlags::PRE_INIT) {
                continue;
            }
            buffer.resize(page.size().bytes(), 0);
            let form = if page.header().counts_reserved_tags() {
                ReservedTagForm::Counted
            } else {
                ReservedTagForm::Implied
            };
            let new = NewPage {
                objid: page.objid(),
                dbtime: page.dbtime(),
                flags: page.flags(),
                reserved_tags: form,
            };
            let mut copy = PageMut::create(&mut buffer, page.size(), number, new).unwrap();
            copy.set_previous(page.previous());
            copy.set_next(page.next());
            copy.set_external_header(&[page.external_header().unwrap()]).unwrap();
            for (index, node) in page.nodes().enumerate() {
                let node = node.unwrap();
                let image = node.image();
                copy.insert_line(index, &image.parts(&mut [0; 4]), node.flags).unwrap();
            }
            copy.set_uncommitted_free_bytes(page.uncommitted_free_bytes());
            let copy = PageView::parse(copy.bytes(), page.size(), number).unwrap();
            assert_eq!(copy.free_bytes(), page.free_bytes(), "{} page {number}", database.name);
            assert_eq!(copy.header().itag_state, page.header().itag_state, "{} page {number}", database.name);
            assert_eq!(copy.flags(), page.flags(), "{} page {number}", database.name);
            assert_eq!(copy.uncommitted_free_bytes(), page.uncommitted_free_bytes());
            for index in 0..page.line_count() {
                let (line, original) = (copy.line(index).unwrap(), page.line(index).unwrap());
                assert_eq!((line.bytes, line.flags), (original.bytes, original.flags));
            }
            pages += 1;
        }
    });
    ese_corpus::report!("{pages} pages rebuilt line by line");
}

#[test]
fn one_flipped_bit_in_a_page_of_the_corpus_is_located_and_repaired() {
    let mut repaired: BTreeMap<PageSize, usize> = BTreeMap::new();
    each_database("bit flips", |database| {
        let size = database.size();
        for (number, page) in live_pages(database).step_by(7).take(40) {
            let mut bytes = page.bytes().to_vec();
            // Bits 64 on, but for the one that says that there is a code at all.
            for step in 0..8 {
                let bit = 64 + (number as usize * 7919 + step * 104_729) % (size.bytes() * 8 - 64);
                if bit == 36 * 8 + 13 {
                    continue;
                }
                bytes[bit / 8] ^= 1 << (bit % 8);
                let (verdict, wrong) = repair_page(&mut bytes, size, number).unwrap();
                assert!(matches!(verdict, PageVerdict::Good(_)), "{} page {number} bit {bit}", database.name);
                assert_eq!(wrong.iter().collect::<Vec<_>>(), [bit as u32]);
                assert!(bytes == page.bytes());
                *repaired.entry(size).or_insert(0) += 1;
            }
        }
    });
    ese_corpus::report!("repaired: {repaired:?}");
}

#[test]
fn every_extent_in_the_corpus_encodes_to_its_node() {
    let mut extents: BTreeMap<String, usize> = BTreeMap::new();
    each_database("extents", |database| {
        for (number, page) in live_pages(database) {
            let is_leaf = page.flags().contains(PageFlags::SPACE_TREE | PageFlags::LEAF);
            if !is_leaf || page.flags().contains(PageFlags::EMPTY) {
                continue;
            }
            for node in page.nodes() {
                let node = node.unwrap();
                // Which of the two trees a page belongs to is not on the page; the available one allows more.
                let extent = ExtentNode::decode(&node, SpaceTree::Available)
                    .unwrap_or_else(|error| panic!("{} page {number}: {error}", database.name));
                assert_eq!(extent.key(), node.key().to_vec());
                assert_eq!(extent.data(), node.data);
                *extents.entry(format!("{:?}", extent.pool)).or_insert(0) += 1;
            }
        }
    });
    ese_corpus::report!("extents by pool: {extents:?}");
}

#[test]
fn separators_in_the_corpus_bound_their_pages_and_are_the_shortest_that_do() {
    let (mut shortest, mut older) = (0, 0);
    each_database("separators", |database| {
        let is_clean =
            database.pair.header.state() == Some(crate::database_header::DatabaseState::CleanShutdown);
        if !is_clean {
            return;
        }
        for (_, parent) in live_pages(database) {
            let flags = parent.flags();
            if !flags.contains(PageFlags::PARENT_OF_LEAF) || flags.contains(PageFlags::EMPTY) {
                continue;
            }
            for index in 1..parent.line_count() {
                let stored = parent.node(index - 1).unwrap();
                let children = [stored, parent.node(index).unwrap()]
                    .map(|node| node.child_page().ok().and_then(|number| database.view(number)));
                let [Some(left), Some(right)] = children else { continue };
                // A page that no tree reaches any more may point anywhere.
                if left.next() != right.number() || left.objid() != parent.objid() {
                    continue;
                }
                let last = left.node(left.line_count() - 1).unwrap();
                let first = right.node(0).unwrap();
                let data = |node: &crate::node::NodeView<'_>| {
                    if flags.is_non_unique() { node.data.to_vec() } else { Vec::new() }
                };
                let (last_data, first_data) = (data(&last), data(&first));
                let bounds =
                    |node: &crate::node::NodeView<'_>, data: &[u8]| [&node.key().to_vec()[..], data].concat();
                let (below, above) = (bounds(&last, &last_data), bounds(&first, &first_data));
                let key = stored.key().to_vec();
                assert!(below < key && key <= above, "{} page {}", database.name, parent.number());
                let built = separator(last.key(), &last_data, first.key(), &first_data);
                assert!(built.len() <= key.len() && below < built && built <= above);
                if built == key { shortest += 1 } else { older += 1 }
            }
        }
    });
    ese_corpus::report!("{shortest} separators are the shortest, {older} are older ones");
    assert!(older * 10 <= shortest, "{shortest} shortest, {older} older");
}

#[test]
fn a_real_page_with_any_bit_flipped_is_read_or_refused_without_a_panic() {
    let (mut refused, mut read) = (0, 0);
    each_database("flipped structure", |database| {
        let size = database.size();
        for (number, page) in live_pages(database).step_by(11).take(6) {
            let mut bytes = page.bytes().to_vec();
            let tags = size.bytes() * 8 - page.tag_count() * 32;
            let everywhere = (0..size.bytes() * 8).step_by(509);
            for bit in (64..320).chain(tags..size.bytes() * 8).chain(everywhere) {
                bytes[bit / 8] ^= 1 << (bit % 8);
                match PageView::parse(&bytes, size, number) {
                    Ok(page) => {
                        read += 1;
                        let is_space = page.flags().contains(PageFlags::SPACE_TREE);
                        assert!(page.nodes().all(|node| node.is_ok() || is_space));
                    }
                    Err(error) => {
                        refused += 1;
                        assert_eq!(error.page(), Some(number));
                    }
                }
                if let Ok(page) = PageView::peek(&bytes, size, number) {
                    page.nodes().for_each(|node| drop(node.map(|node| node.flags & NodeFlags::DELETED)));
                    let _ = page.external_header();
                }
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    });
    ese_corpus::report!("{refused} refused, {read} read");
    assert!(refused > read / 10 || read == 0);
}
