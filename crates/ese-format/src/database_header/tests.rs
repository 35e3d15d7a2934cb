//! Header copies of the corpus, the decisions of spec 01 §17.5, and hostile bytes.

use ese_corpus::{corpus, file, skipped};
use proptest::prelude::*;

use super::*;
use crate::corpus_databases::each_database;
use crate::logtime::Logtime;

#[test]
fn every_header_copy_in_the_corpus_recomputes_to_its_stored_checksum_and_encodes_to_its_bytes() {
    let (mut good, mut torn, mut differing) = (0, 0, 0);
    let databases = each_database("header copies", |database| {
        let size = database.size();
        for (index, state) in [database.pair.primary, database.pair.shadow].into_iter().enumerate() {
            match state {
                CopyState::Good | CopyState::Differs => {
                    let copy = copy_bytes(&database.bytes, size, index).expect("a valid copy is there");
                    let header = DatabaseHeader::decode(copy).unwrap();
                    assert_eq!(header.encode(), copy, "{} copy {index}", database.name);
                    good += 1;
                    differing += usize::from(state == CopyState::Differs);
                }
                CopyState::Bad { .. } | CopyState::Missing => {
                    ese_corpus::report!("{}: copy {index} is {state:?}", database.name);
                    torn += 1;
                }
            }
        }
        assert!(
            database.pair.header.beyond().iter().all(|byte| *byte == 0),
            "{}: bytes behind the known fields",
            database.name
        );
    });
    if let Some(databases) = databases {
        ese_corpus::report!(
            "{databases} databases: {good} header copies recomputed and re-encoded, {torn} torn, {differing} differ"
        );
        assert!(torn * 20 <= good, "{torn} of {good} header copies are torn");
    }
}

#[test]
fn every_clean_header_in_the_corpus_passes_the_check_and_every_other_is_refused_by_its_state() {
    let mut states = std::collections::BTreeMap::new();
    each_database("header states", |database| {
        let header = &database.pair.header;
        let any = HeaderExpectation { page_size: None, state: StateRule::Any };
        header.check(any).unwrap_or_else(|error| panic!("{}: {error}", database.name));
        let state = header.state().unwrap_or_else(|| panic!("{}: no state", database.name));
        let clean = header.check(HeaderExpectation { state: StateRule::MustBeClean, ..any });
        assert_eq!(clean.is_ok(), state == DatabaseState::CleanShutdown, "{}", database.name);
        *states.entry((format!("{state:?}"), header.version().to_string())).or_insert(0) += 1;
    });
    ese_corpus::report!("{states:?}");
}

/// The first bytes of basic.edb: two headers and two pages.
fn basic(test: &str) -> Option<Vec<u8>> {
    let Some(bytes) =
        corpus().and_then(|folder| file(&folder, "windows/tables/basic.edb")).map(|file| file.bytes())
    else {
        skipped(test);
        return None;
    };
    Some(bytes)
}

/// Changes bytes of both copies and gives them good checksums again.
fn with_both(file: &[u8], offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut changed = file.to_vec();
    for copy in changed.chunks_exact_mut(4096).take(2) {
        copy[offset..offset + bytes.len()].copy_from_slice(bytes);
        seal_header(copy);
    }
    changed
}

const ATTACH: HeaderExpectation =
    HeaderExpectation { page_size: Some(PageSize::K4), state: StateRule::MustBeClean };

fn check(file: &[u8]) -> Result<(), JetError> {
    choose_header(file).unwrap().header.check(ATTACH).map_err(|error| error.jet())
}

#[test]
fn a_corrupt_copy_gives_way_to_the_other() {
    let Some(file) = basic("header decisions 1 and 2") else { return };
    let whole = choose_header(&file).unwrap();
    assert_eq!((whole.primary, whole.shadow), (CopyState::Good, CopyState::Good));
    assert_eq!(whole.header.version().to_string(), "1568.20.0");
    assert_eq!(whole.header.fields.dbtime.get(), 0x193);

    let mut torn = file.clone();
    torn[1000] ^= 0x40;
    let pair = choose_header(&torn).unwrap();
    assert!(matches!(pair.primary, CopyState::Bad { stored: 0x98A8_10D4, .. }), "{:?}", pair.primary);
    assert_eq!((pair.shadow, &pair.header), (CopyState::Good, &whole.header));
    assert_eq!(pair.header.encode(), file[..4096]);

    let mut torn = file.clone();
    torn[5000] ^= 0x40;
    let pair = choose_header(&torn).unwrap();
    assert_eq!((pair.primary, &pair.header), (CopyState::Good, &whole.header));
    assert!(matches!(pair.shadow, CopyState::Bad { .. }));

    let cut = choose_header(&file[..4096]).unwrap();
    assert_eq!((cut.primary, cut.shadow), (CopyState::Good, CopyState::Missing));

    let mut gone = file;
    gone[1000] ^= 1;
    gone[5000] ^= 1;
    assert_eq!(choose_header(&gone).unwrap_err().jet(), JetError::READ_VERIFY_FAILURE);
}

#[test]
fn a_newer_primary_wins_over_a_valid_shadow() {
    let Some(mut file) = basic("header decision 3") else { return };
    file[52] = 2;
    seal_header(&mut file[..4096]);
    let pair = choose_header(&file).unwrap();
    assert_eq!((pair.primary, pair.shadow), (CopyState::Good, CopyState::Differs));
    assert_eq!(pair.header.check(ATTACH).unwrap_err().jet(), JetError::DATABASE_DIRTY_SHUTDOWN);
}

#[test]
fn the_checks_of_an_attach_give_the_documented_errors_in_their_order() {
    let Some(file) = basic("header decisions 5 to 8") else { return };
    let word = |value: u32| value.to_le_bytes();
    assert_eq!(check(&file), Ok(()));
    assert_eq!(check(&with_both(&file, 232, &word(301))), Err(JetError::INVALID_DATABASE_VERSION));
    assert_eq!(check(&with_both(&file, 232, &word(300))), Ok(()));
    assert_eq!(check(&with_both(&file, 644, &word(9999))), Ok(()));
    assert_eq!(check(&with_both(&file, 8, &word(0x623))), Err(JetError::INVALID_DATABASE_VERSION));
    assert_eq!(check(&with_both(&file, 8, &word(0x550))), Err(JetError::INVALID_DATABASE_VERSION));
    assert_eq!(check(&with_both(&file, 4, &word(0x1234_5678))), Err(JetError::INVALID_DATABASE_VERSION));
    assert_eq!(check(&with_both(&file, 667, &word(3))), Err(JetError::DATABASE_CORRUPTED));
    assert_eq!(check(&with_both(&file, 667, &word(0))), Ok(()));
    assert_eq!(check(&with_both(&file, 12, &word(1))), Err(JetError::DATABASE_CORRUPTED));
    let zero_size = with_both(&file, 236, &word(0));
    assert_eq!(choose_header(&zero_size).unwrap().header.page_size(), PageSize::K4);
    assert_eq!(check(&zero_size), Ok(()));

    let header = choose_header(&file).unwrap().header;
    let other_size = HeaderExpectation { page_size: Some(PageSize::K8), ..ATTACH };
    assert_eq!(header.check(other_size).unwrap_err().jet(), JetError::PAGE_SIZE_MISMATCH);
    // A dirty file of another page size is told its page size first; one of a strange kind its state first.
    let dirty = choose_header(&with_both(&file, 52, &word(2))).unwrap().header;
    assert_eq!(dirty.check(other_size).unwrap_err().jet(), JetError::PAGE_SIZE_MISMATCH);
    let strange = with_both(&with_both(&file, 52, &word(2)), 667, &word(3));
    assert_eq!(check(&strange), Err(JetError::DATABASE_DIRTY_SHUTDOWN));
    for (state, jet) in [
        (4, JetError::DATABASE_INCOMPLETE_UPGRADE),
        (6, JetError::DATABASE_INCOMPLETE_INCREMENTAL_RESEED),
        (8, JetError::DATABASE_INCOMPLETE_REVERT),
        (7, JetError::DATABASE_DIRTY_SHUTDOWN),
        (99, JetError::DATABASE_DIRTY_SHUTDOWN),
    ] {
        assert_eq!(check(&with_both(&file, 52, &word(state))), Err(jet), "state {state}");
    }
    let backup = with_both(&with_both(&file, 52, &word(2)), 200, &word(5));
    assert_eq!(check(&backup), Err(JetError::SOFT_RECOVERY_ON_BACKUP_DATABASE));
}

#[test]
fn large_pages_of_an_old_engine_are_refused() {
    let mut header = DatabaseHeader::new(PageSize::K16);
    header.fields.state = DatabaseState::CleanShutdown.raw().into();
    let expected = HeaderExpectation { page_size: None, state: StateRule::MustBeClean };
    header.check(expected).unwrap();
    header.fields.update_major = 0x10.into();
    assert_eq!(header.check(expected).unwrap_err().jet(), JetError::INVALID_DATABASE_VERSION);
}

#[test]
fn bytes_of_a_newer_minor_version_are_kept() {
    let mut page = DatabaseHeader::new(PageSize::K8).encode();
    page[700] = 7;
    page[5000] = 9;
    seal_header(&mut page);
    let header = DatabaseHeader::decode(&page).unwrap();
    assert_eq!(header.encode(), page);
}

#[test]
fn a_header_lives_through_create_attach_detach_with_the_generations_that_belong_to_it() {
    let mut header = DatabaseHeader::new(PageSize::K4);
    assert!(header.change_state(StateChange::Detached).is_err());
    header.change_state(StateChange::JustCreated).unwrap();
    assert!(header.change_state(StateChange::Detached).is_err());
    let created = Logtime { seconds: 5, year_since_1900: 126, ..Logtime::default() };
    let generations = RequiredGenerations { min: 3, max: 5, created };
    header.change_state(StateChange::Attached(Some(generations))).unwrap();
    let fields = &header.fields;
    let stored = [
        fields.generation_min_required,
        fields.generation_min_consistent,
        fields.generation_max_required,
        fields.generation_max_committed,
    ];
    assert_eq!(stored.map(|field| field.get()), [3, 3, 5, 5]);
    assert_eq!(fields.time_generation_max_create, created);
    assert!(!fields.time_generation_max_required.is_set(), "kept from update major 150 on");
    header.change_state(StateChange::Detached).unwrap();
    assert_eq!(header.state(), Some(DatabaseState::CleanShutdown));
    assert_eq!(header.fields.generation_max_committed.get(), 0);
    header.fields.update_major = 150.into();
    header.change_state(StateChange::Attached(Some(generations))).unwrap();
    assert_eq!(header.fields.time_generation_max_required, created);
    assert!(header.change_state(StateChange::JustCreated).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_a_header_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..10_000)) {
        let _ = choose_header(&bytes);
        let _ = DatabaseHeader::decode(&bytes);
        let _ = crate::file_type::identify(&bytes);
    }

    #[test]
    fn any_fields_in_a_sealed_header_can_be_checked(
        fields in proptest::collection::vec(any::<u8>(), HEADER_BYTES),
        size in proptest::sample::select(&PageSize::ALL),
    ) {
        let mut page = fields;
        page.resize(size.bytes(), 0);
        page[236..240].copy_from_slice(&(size as u32).to_le_bytes());
        seal_header(&mut page);
        let pair = choose_header(&page).expect("sealed, and of its own size");
        prop_assert_eq!(pair.shadow, CopyState::Missing);
        prop_assert_eq!(pair.header.encode(), page);
        let _ = pair.header.check(ATTACH);
        let mut header = pair.header;
        let _ = header.change_state(StateChange::Detached);
    }
}
