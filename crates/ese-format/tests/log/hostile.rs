//! Bytes that nobody should have written: errors, never a panic, and no more memory than the input has.

use std::collections::BTreeSet;

use ese_corpus::{corpus, skipped};
use ese_format::attach_list::AttachList;
use ese_format::checkpoint::Checkpoint;
use ese_format::checksum::seal_header;
use ese_format::error::{FileKind, Problem};
use ese_format::log::record::{DiffForm, Diffs, PageMoveFlags, Record, RecordType, Scrub};
use ese_format::log::segment::{SEGMENT_BYTES, segment_checksum};
use ese_format::log::{LogEnd, LogFile};
use ese_format::page_size::PageSize;
use proptest::prelude::*;

/// Reads as far as it goes and touches all that is there.
fn exhaust(bytes: &[u8]) -> Option<LogEnd> {
    let log = LogFile::read(bytes).ok()?;
    log.header().attachments().for_each(drop);
    let mut total = 0;
    let mut records = log.records();
    for record in records.by_ref() {
        let decoded = record.decode().expect("a reader gives only what decodes");
        assert_eq!(decoded.encode().as_deref(), Ok(&*record.bytes));
        touch(&decoded);
        total += record.bytes.len();
    }
    assert!(total <= bytes.len(), "more records than bytes");
    let _ = log.clean_end();
    records.end().cloned()
}

/// Calls what looks deeper into a record.
fn touch(record: &Record<'_>) {
    let _ = record.page_operation();
    match record {
        Record::Split2(record) => {
            let _ = record.split.needs_image();
            record.before_image().map(|image| PageSize::ALL.map(|size| image.unpack(size).is_ok()));
        }
        Record::Merge2(record) => {
            record.before_image().map(|image| PageSize::ALL.map(|size| image.unpack(size).is_ok()));
        }
        Record::Replace(record) | Record::ReplaceD(record) => {
            let _ = record.apply(&vec![0; usize::from(record.old_length)]);
        }
        Record::MacroInfo(record) => record.pages().for_each(drop),
        Record::MacroInfo2(record) => record.pages().for_each(drop),
        Record::EmptyTree(record) => record.pages().for_each(drop),
        Record::Scrub(record) => {
            assert!(record.operations().is_none_or(|list| list.len() <= record.payload.len()));
        }
        Record::CreateDb(record) => drop(record.stored_path().to_text()),
        Record::AttachDb(record) => drop(record.stored_path().to_text()),
        Record::DetachDb(record) => drop(record.stored_path().to_text()),
        Record::ExtRestore2(record) => {
            let (instance, path) = record.parts(ese_format::attach_list::PathEncoding::Utf16);
            drop((instance.to_text(), path.to_text()));
        }
        _ => {}
    }
}

/// A real log with every kind of page record: splits, images, fragments.
fn real_log(test: &str) -> Option<Vec<u8>> {
    let Some(folder) = corpus() else {
        skipped(test);
        return None;
    };
    Some(ese_corpus::file(&folder, "windows/srum-aptsimulator/SRU00019.log").expect("in the corpus").bytes())
}

/// The log cut to `length`, its header and segments made to look right again, so that the cut reaches the records.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let (header, body) = bytes.split_at_mut(4096);
    seal_header(header);
    for (index, segment) in body.chunks_exact_mut(SEGMENT_BYTES).enumerate() {
        if let Some(checksum) = segment_checksum(segment, index as u16 + 1) {
            segment[..8].copy_from_slice(&checksum.to_le_bytes());
        }
    }
    bytes
}

#[test]
fn a_log_cut_at_any_length_is_an_error_naming_header_or_size() {
    let Some(bytes) = real_log("a_log_cut_at_any_length_is_an_error") else { return };
    for length in 0..bytes.len() {
        let error =
            LogFile::read(&bytes[..length]).err().unwrap_or_else(|| panic!("{length} bytes were enough"));
        assert_eq!(error.kind(), FileKind::Log);
        assert_eq!(error.jet().code(), if length < 4096 { -501 } else { -541 }, "{length}");
    }
    ese_corpus::report!("{} lengths refused", bytes.len());
}

#[test]
fn a_log_whose_header_claims_fewer_segments_ends_with_them() {
    let Some(bytes) = real_log("a_log_whose_header_claims_fewer_segments_ends_with_them") else { return };
    for segments in 0..16_usize {
        let mut cut = bytes[..(segments + 1) * SEGMENT_BYTES].to_vec();
        cut[12..14].copy_from_slice(&(segments as u16 + 1).to_le_bytes());
        seal_header(&mut cut[..4096]);
        let end = exhaust(&cut).expect("the header is good");
        assert!(matches!(end, LogEnd::Complete | LogEnd::TornRecord(_)), "{segments}: {end:?}");
    }
}

#[test]
fn a_record_cut_at_any_length_is_an_error_that_says_how_much_is_missing() {
    let Some(bytes) = real_log("a_record_cut_at_any_length_is_an_error") else { return };
    let log = LogFile::read(&bytes).expect("a good log");
    let (mut seen, mut cuts) = (BTreeSet::new(), 0);
    for record in log.records().filter(|record| record.record_type() != RecordType::Nop) {
        if !seen.insert((record.record_type(), record.bytes.len())) {
            continue;
        }
        for length in 0..record.bytes.len() {
            let error = Record::decode(&record.bytes[..length]).expect_err("a part of a record");
            assert!(matches!(error.problem(), Problem::Truncated { .. }), "{error}");
            assert!(error.offset() <= length as u64, "{error}");
            cuts += 1;
        }
    }
    ese_corpus::report!("{} shapes of records, {cuts} cuts refused", seen.len());
}

#[test]
fn a_log_with_any_one_byte_of_its_records_changed_is_read_or_refused() {
    let Some(bytes) = real_log("a_log_with_any_one_byte_changed") else { return };
    let (mut read, mut refused) = (0, 0);
    // One segment is rewritten at each place; the others stay, so that damage meets sound records behind it.
    for at in (4096 + 40..bytes.len()).filter(|at| at % SEGMENT_BYTES >= 40).step_by(13) {
        let mut changed = bytes.clone();
        changed[at] = changed[at].wrapping_mul(31).wrapping_add(0x4D);
        let start = at - at % SEGMENT_BYTES;
        let number = (at / SEGMENT_BYTES) as u16;
        let checksum = segment_checksum(&changed[start..start + SEGMENT_BYTES], number).expect("a segment");
        changed[start..start + 8].copy_from_slice(&checksum.to_le_bytes());
        match exhaust(&changed).expect("the header is good") {
            LogEnd::Damaged(damage) => {
                assert!(damage.error.offset() < bytes.len() as u64, "{damage}");
                refused += 1;
            }
            _ => read += 1,
        }
    }
    ese_corpus::report!("{read} changed logs read, {refused} refused at the damage");
    assert!(read > 0 && refused > 0);
}

#[test]
fn every_type_has_its_code_name_and_length_or_is_refused() {
    let mut codes = BTreeSet::new();
    for record_type in RecordType::ALL {
        assert_eq!(RecordType::from_code(*record_type as u8), Some(*record_type));
        assert!(codes.insert(*record_type as u8));
    }
    assert_eq!(codes.len(), 102);
    assert_eq!(codes.last(), Some(&101));
    let zeros = [0; 700];
    for code in 0..=255_u8 {
        let mut bytes = zeros;
        bytes[0] = code;
        let record = Record::decode(&bytes);
        match RecordType::from_code(code) {
            None => assert_eq!(record.expect_err("no type").field(), "record type", "{code}"),
            Some(_) if [40, 41, 43, 44, 47, 56].contains(&code) => {
                assert!(matches!(record.expect_err("obsolete").problem(), Problem::Unsupported(_)));
            }
            Some(record_type) => assert_eq!(record.expect("zeros are sound").record_type(), record_type),
        }
    }
}

/// A record of this type whose byte at offset i is i, but for the stored lengths given here.
fn ramp(code: u8, length: usize, lengths: &[(usize, u16)]) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..length).map(|index| index as u8).collect();
    bytes[0] = code;
    for (at, value) in lengths {
        bytes[*at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    bytes
}

fn at(offset: u8) -> u32 {
    u32::from_le_bytes([offset, offset + 1, offset + 2, offset + 3])
}

fn wide(offset: u8) -> u64 {
    u64::from(at(offset)) | u64::from(at(offset + 4)) << 32
}

macro_rules! at_offsets {
    ($bytes:expr, $pattern:pat => $( $found:expr => $expected:expr ),* $(,)?) => {
        let bytes = $bytes;
        let record = Record::decode(&bytes).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(record.encode().as_deref(), Ok(&bytes[..]));
        match record {
            $pattern => { $( assert_eq!($found, $expected, stringify!($found)); )* }
            other => panic!("{other:?}"),
        }
    };
}

/// The types that no file at hand has: their fields lie where spec 05 §8–9 says.
#[test]
fn fields_of_types_without_a_sample_lie_at_the_offsets_of_the_specification() {
    at_offsets!(ramp(65, 96 + 7, &[(88, 3), (90, 0), (92, 4), (94, 0)]), Record::PageMove(record) =>
        record.page.page_number => at(4), record.page.dbtime => wide(8), record.page.dbtime_before => wide(16),
        record.page.trx_begin0 => at(24), record.page.level => 28, record.page.line => 0x1E1D,
        record.page.flags.bits() => 31, record.destination_page => at(32), record.left_page => at(36),
        record.right_page => at(40), record.parent_page => at(44), record.left_dbtime_before => wide(48),
        record.right_dbtime_before => wide(56), record.parent_dbtime_before => wide(64), record.fdp => at(72),
        record.objid => at(76), record.parent_line => at(80) as i32,
        record.move_flags => PageMoveFlags::from_bits_retain(at(84)),
        record.header => [96, 97, 98], record.trailer => [99, 100, 101, 102]);
    at_offsets!(ramp(30, 48 + 5, &[(44, 2), (46, 3)]), Record::FlagInsert(record) =>
        record.node.rceid => at(32), record.node.fdp => at(36), record.node.objid => at(40),
        record.key => [48, 49], record.data => [50, 51, 52]);
    at_offsets!(ramp(48, 46 + 16, &[(44, 16)]), Record::EmptyTree(record) =>
        record.pages().map(|page| (page.dbtime_before, page.page_number, page.page_flags)).collect::<Vec<_>>()
            => [(wide(46), at(54), at(58))]);
    at_offsets!(ramp(64, 54 + 4, &[(48, 3), (50, 0), (52, 4)]), Record::Scrub(record @ Scrub { .. }) =>
        record.flags.bits() => at(44), record.operations() => Some(&[54, 55, 56][..]));
    at_offsets!(ramp(16, 7 + 3, &[(4, 3)]), Record::DetachDb(record) =>
        record.procid => 0x201, record.dbid => 3, record.flags.bits() => 6, record.path => [7, 8, 9]);
    at_offsets!(ramp(70, 44, &[(1, 39), (3, 0)]), Record::ScanCheck(record) =>
        record.dbid => 5, record.page_number => at(6), record.unused_first => wide(10),
        record.unused_second => wide(18), record.page_dbtime => wide(26), record.current_dbtime => wide(34),
        record.checksum => 0x2B2A);
    at_offsets!(ramp(98, 27, &[]), Record::ScanCheck2(record) =>
        record.dbid => 1, record.page_number => at(2), record.flags.bits() => 6, record.page_dbtime => wide(7),
        record.current_dbtime => wide(15), record.checksum => at(23));
    at_offsets!(ramp(74, 15, &[(1, 10), (3, 0)]), Record::FreeFdp(record) =>
        record.dbid => 5, record.fdp => at(6), record.trx_committed => at(10), record.tree.0 => 14);
    at_offsets!(ramp(72, 50, &[(1, 45), (3, 0)]), Record::ReAttach(record) =>
        record.dbid => 5, record.attach.ib.get() => 0x706, record.consistent.ib.get() => 0xF0E,
        record.database_signature.random.get() => at(22));
    at_offsets!(ramp(96, 16, &[]), Record::RootPageMove(record) =>
        record.dbtime => wide(1), record.dbid => 9, record.objid => at(10), record.procid => 0xF0E);
    at_offsets!(ramp(100, 11, &[]), Record::ExtentFreed(record) =>
        record.extent.dbid => 1, record.extent.first_page => at(2), record.extent.page_count => at(6) as i32,
        record.extent.flags.bits() => 10);
    at_offsets!(ramp(101, 19, &[]), Record::ExtentFreed2(record) => record.dbtime => wide(11));
    at_offsets!(ramp(78, 10, &[]), Record::ShrinkDb(record) => record.shrink.page_count => at(6));
    at_offsets!(ramp(94, 10, &[]), Record::ShrinkDb2(record) => record.shrink.last_page => at(2));
    at_offsets!(ramp(99, 18, &[]), Record::ShrinkDb3(record) => record.dbtime => wide(10));
    at_offsets!(ramp(81, 10, &[]), Record::TrimDb(record) =>
        record.first_page => at(2), record.page_count => at(6));
    at_offsets!(ramp(97, 2, &[]), Record::SignalAttachDb(record) => record.dbid => 1);
    at_offsets!(ramp(66, 46, &[]), Record::PagePatchRequest(record) =>
        record.page_number => at(2), record.dbtime => wide(6), record.reserved[0] => 14);
    at_offsets!(ramp(61, 5 + 2, &[(3, 2)]), Record::ForceLogRollover(record) => record.text => [5, 6]);
    at_offsets!(ramp(80, 26, &[]), Record::RecoveryQuitKeepAttachments(record) =>
        record.run.redo_from.ib.get() => 0xA09, record.run.hard => 17, record.time.seconds => 18);
    at_offsets!(ramp(18, 18, &[]), Record::RecoveryQuit(record) => record.run.hard => 17);
    at_offsets!(ramp(69, 5 + 6, &[(1, 6), (3, 0)]), Record::CommitCtx(record) =>
        record.procid => 0x605, record.payload => [7, 8, 9, 10],
        record.user_bytes(ese_format::log::record::CommitContextLayout::New) => [8, 9, 10],
        record.user_bytes(ese_format::log::record::CommitContextLayout::Old) => [7, 8, 9, 10]);
    at_offsets!(ramp(27, 102 + 6, &[(96, 1), (98, 2), (100, 3)]), Record::Split(record) =>
        record.split.split_page_flags => at(80), record.split.prefix_line_new => at(92) as i32,
        record.parent_key => [102, 103, 104], record.prefix_old => [105], record.prefix_new => [106, 107]);
    at_offsets!(ramp(28, 88 + 2, &[(86, 2)]), Record::Merge(record) =>
        record.merge.merge_line => 0x5352, record.merge.flags.bits() => 84, record.merge.merge_type.0 => 85,
        record.separator_key => [88, 89]);
    at_offsets!(ramp(26, 60, &[]), Record::ConvertFdp(record) =>
        record.convert.secondary_first_page => at(48), record.convert.secondary_pages => at(56) as i32);
    at_offsets!(ramp(46, 5 + 1, &[(3, 1)]), Record::Backup(record) => record.kind.0 => 1, record.path => [5]);
    at_offsets!(ramp(3, 9, &[]), Record::MultiSectorFlush(record) =>
        record.forward_ib => 0x201, record.checksum => at(3), record.forward_isec => 0x807);
}

#[test]
fn framed_records_with_a_content_of_another_length_are_skipped_not_refused() {
    for code in (67..=75).chain(82..=91) {
        for length in [0_u32, 1, 3, 4, 5, 9, 10, 39, 45, 46, 300] {
            let mut bytes = vec![code];
            bytes.extend(length.to_le_bytes());
            bytes.resize(5 + length as usize, 7);
            let record = Record::decode(&bytes).expect("any content goes");
            assert_eq!(record.encoded_len(), bytes.len());
            assert_eq!(record.encode().as_deref(), Ok(&bytes[..]));
            assert_eq!(record.record_type() as u8, code);
        }
    }
    let beyond = [71, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0];
    assert!(matches!(Record::decode(&beyond).expect_err("too long").problem(), Problem::Truncated { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_bytes_of_any_type_decode_to_what_encodes_to_them_or_are_refused(
        code in 0..=110_u8,
        mut bytes in proptest::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], 1..800),
    ) {
        bytes[0] = code;
        if let Ok(record) = Record::decode(&bytes) {
            let length = record.encoded_len();
            prop_assert!((1..=bytes.len()).contains(&length));
            let encoded = record.encode();
            prop_assert_eq!(encoded.as_deref(), Ok(&bytes[..length]));
            touch(&record);
            if record.record_type() != RecordType::Nop {
                prop_assert!(Record::decode(&bytes[..length - 1]).is_err());
            }
        }
    }

    #[test]
    fn any_diff_applies_or_is_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
        old in proptest::collection::vec(any::<u8>(), 0..600),
        new_length in 0..700_usize,
    ) {
        for form in [DiffForm::Small, DiffForm::Large] {
            if let Ok(new) = Diffs::new(&bytes, form).apply(&old, new_length) {
                prop_assert_eq!(new.len(), new_length);
            }
        }
    }

    #[test]
    fn any_checkpoint_or_attach_list_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..9000)) {
        prop_assert!(Checkpoint::read(&bytes).is_err());
        let list: Vec<_> = AttachList::new(&bytes, FileKind::Checkpoint).collect();
        prop_assert!(list.len() <= bytes.len() / 64 + 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_log_with_many_bytes_changed_is_read_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..64),
        sealed in any::<bool>(),
    ) {
        let Some(folder) = corpus() else { return Ok(()) };
        let file = ese_corpus::file(&folder, "windows/srum-belkasoft/Dirty/SRU00050.log").expect("in the corpus");
        let mut bytes = file.bytes();
        for (index, value) in &changes {
            let at = index.index(bytes.len());
            bytes[at] = *value;
        }
        let bytes = if sealed { resealed(bytes) } else { bytes };
        exhaust(&bytes);
    }

    #[test]
    fn random_bodies_behind_a_good_header_are_read_or_refused(
        body in proptest::collection::vec(prop_oneof![2 => Just(0_u8), 1 => 0..102_u8], 6 * 4096),
        major in prop_oneof![Just(7_u32), Just(8)],
    ) {
        let mut header = ese_format::log::LogHeader::zeroed();
        header.generation = 1.into();
        let sector: u16 = if major == 8 { 4096 } else { 512 };
        header.sector_bytes = sector.into();
        header.header_sectors = (4096 / sector).into();
        header.file_sectors = ((7 * 4096_usize / usize::from(sector)) as u16).into();
        header.major = major.into();
        header.minor = if major == 8 { 4000 } else { 3704 }.into();
        header.seal();
        let mut bytes = zerocopy::IntoBytes::as_bytes(&header).to_vec();
        bytes.extend(body);
        for number in 1..7_u16 {
            let start = usize::from(number) * 4096;
            bytes[start + 8..start + 16].copy_from_slice(&[0, 0, number as u8, 0, 1, 0, 0, 0]);
        }
        let end = exhaust(&resealed(bytes));
        prop_assert!(end.is_some());
    }
}
