//! Flush maps of the corpus, held against their databases, and hostile bytes.

use ese_corpus::{corpus, files, skipped};
use proptest::prelude::*;

use super::*;
use crate::corpus_databases::each_database;
use crate::database_header::DatabaseState;
use crate::page::PageHeader;

/// Whether the corpus holds a broken map on purpose: none does so far.
fn maps(test: &str) -> Vec<(String, Vec<u8>)> {
    let Some(folder) = corpus() else {
        skipped(test);
        return Vec::new();
    };
    let maps: Vec<_> = files(&folder)
        .into_iter()
        .map(|file| (file.bytes(), file.name))
        .filter(|(bytes, name)| {
            name.ends_with(".jfm") || crate::file_type::identify(bytes) == Some(FileKind::FlushMap)
        })
        .map(|(bytes, name)| (name, bytes))
        .collect();
    assert!(!maps.is_empty(), "the corpus has no flush map");
    maps
}

#[test]
fn every_flush_map_in_the_corpus_recomputes_and_encodes_to_its_bytes() {
    let (mut headers, mut pages, mut blank, mut clean) = (0, 0, 0, 0);
    for (name, bytes) in maps("flush maps") {
        let header = FlushMapHeader::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(header.encode(), bytes[..MAP_PAGE_BYTES], "{name}");
        headers += 1;
        clean += usize::from(header.state() == MapState::Clean);
        for (number, page) in bytes[MAP_PAGE_BYTES..].chunks_exact(MAP_PAGE_BYTES).enumerate() {
            if page.iter().all(|byte| *byte == 0) {
                blank += 1;
                continue;
            }
            let decoded =
                MapPage::decode(page, number as u32).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(decoded.encode(), page, "{name} map page {number}");
            pages += 1;
        }
    }
    ese_corpus::report!(
        "{headers} flush maps ({clean} clean): headers and {pages} map pages re-encoded, {blank} zero pages"
    );
}

#[test]
fn every_page_of_a_clean_database_has_the_flush_type_its_map_says() {
    let maps = maps("flush types");
    let (mut pairs, mut pages) = (0, 0);
    each_database("flush types", |database| {
        let stem = database.name.rsplit_once('.').map_or(&database.name[..], |(stem, _)| stem);
        let Some((_, bytes)) = maps.iter().find(|(name, _)| *name == format!("{stem}.jfm")) else { return };
        let map = FlushMapHeader::decode(bytes).unwrap();
        let is_clean = database.pair.header.state() == Some(DatabaseState::CleanShutdown);
        if !is_clean || map.check_belongs_to(&database.pair.header).is_err() {
            return;
        }
        let map_pages: Vec<_> = bytes[MAP_PAGE_BYTES..]
            .chunks_exact(MAP_PAGE_BYTES)
            .enumerate()
            .map(|(number, page)| {
                MapPage::decode(page, number as u32).unwrap_or_else(|_| MapPage::new(number as u32))
            })
            .collect();
        for number in database.owned_pages() {
            let (map_page, slot) = place_of(number);
            let known = map_pages.get(map_page as usize).map_or(FlushType::Unknown, |page| page.state(slot));
            let (header, _) = PageHeader::ref_from_prefix(database.page(number).unwrap()).unwrap();
            let stamped = header.flags().flush_type();
            if known != FlushType::Unknown && stamped != FlushType::Unknown {
                assert_eq!(known, stamped, "{} page {number}", database.name);
                pages += 1;
            }
        }
        pairs += 1;
    });
    ese_corpus::report!("{pairs} clean databases with their map: {pages} pages agree");
    assert!(maps.is_empty() || pages > 0);
}

#[test]
fn a_map_of_another_version_type_or_database_is_refused() {
    let map = FlushMapHeader::new();
    let spoiled = |spoil: fn(&mut FlushMapFields)| {
        let mut other = map.clone();
        spoil(&mut other.fields);
        FlushMapHeader::decode(&other.encode()).map(drop).map_err(|error| error.jet())
    };
    assert_eq!(spoiled(|fields| fields.update_minor = 9.into()), Ok(()));
    let unsupported = Err(JetError::FLUSH_MAP_VERSION_UNSUPPORTED);
    assert_eq!(spoiled(|fields| fields.version = 2.into()), unsupported);
    assert_eq!(spoiled(|fields| fields.update_major = 1.into()), unsupported);
    assert_eq!(spoiled(|fields| fields.file_type = 1.into()), Err(JetError::FILE_INVALID_TYPE));

    let mut database = DatabaseHeader::new(crate::page_size::PageSize::K4);
    let mut map = FlushMapHeader::new();
    let verdict = |map: &FlushMapHeader, database: &DatabaseHeader| {
        map.check_belongs_to(database).map_err(|error| error.jet())
    };
    // Unset signatures agree with nothing.
    assert_eq!(verdict(&map, &database), Err(JetError::FLUSH_MAP_DATABASE_MISMATCH));
    database.fields.flush_map_signature.random = 5.into();
    map.fields.flush_map_signature.random = 5.into();
    assert_eq!(verdict(&map, &database), Err(JetError::FLUSH_MAP_UNRECOVERABLE));
    map.set_state(MapState::Clean);
    assert_eq!(verdict(&map, &database), Ok(()));
    map.set_state(MapState::Dirty);
    map.fields.generation_min_required = 7.into();
    database.fields.generation_min_required = 7.into();
    assert_eq!(verdict(&map, &database), Ok(()));
    database.fields.generation_min_required = 8.into();
    assert_eq!(verdict(&map, &database), Err(JetError::FLUSH_MAP_UNRECOVERABLE));
}

#[test]
fn states_keep_to_their_slots() {
    let mut page = MapPage::new(1);
    assert_eq!(page.dbtime_max(), None);
    assert_eq!(place_of(32512 + 5), (1, 5));
    assert_eq!(file_bytes_min(32511), 16384);
    assert_eq!(file_bytes_min(32512), 24576);
    for slot in 0..PAGES_PER_MAP_PAGE {
        page.set_state(slot, FlushType::from_bits((slot % 4) as u8));
    }
    page.set_state(PAGES_PER_MAP_PAGE, FlushType::Scissors);
    page.record_write(5, FlushType::Scissors, 0x50);
    page.record_write(6, FlushType::Rock, -3);
    page.record_write(5, FlushType::Scissors, 0x40);
    let page = MapPage::decode(&page.encode(), 1).unwrap();
    assert_eq!(page.dbtime_max(), Some(0x50));
    for slot in (0..PAGES_PER_MAP_PAGE).filter(|slot| ![5, 6].contains(slot)) {
        assert_eq!(page.state(slot).bits(), (slot % 4) as u8);
    }
    assert_eq!((page.state(5), page.state(6)), (FlushType::Scissors, FlushType::Rock));
    assert_eq!(page.state(u32::MAX), FlushType::Unknown);
    assert!(MapPage::decode(&page.encode(), 2).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_a_map_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..9000)) {
        let _ = FlushMapHeader::decode(&bytes);
        let _ = MapPage::decode(&bytes, 0);
    }
}
