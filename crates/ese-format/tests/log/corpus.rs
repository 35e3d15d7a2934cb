//! Every real log is walked to its end and rebuilt byte by byte.

use std::collections::BTreeMap;

use ese_corpus::{CorpusFile, corpus, files_ending, skipped};
use ese_format::lgpos::Lgpos;
use ese_format::log::header::LogHeader;
use ese_format::log::record::{
    DBTIME_NIL, Diff, DiffKind, Record, RecordType, VersionedOperation, encode_diffs,
};
use ese_format::log::segment::{SEGMENT_BYTES, segment_checksum};
use ese_format::log::writer::SegmentBuilder;
use ese_format::log::{LogEnd, LogFile, LogRecord, SegmentSource};
use zerocopy::IntoBytes;

type Histogram = BTreeMap<&'static str, usize>;

/// Every file of the corpus that has a log header; reserve logs, and files being prepared that never became one
/// (all zero), are none.
pub(crate) fn logs(test: &str) -> Vec<(CorpusFile, Vec<u8>)> {
    let Some(folder) = corpus() else {
        skipped(test);
        return Vec::new();
    };
    let logs: Vec<_> = files_ending(&folder, &[".log"])
        .into_iter()
        .map(|file| {
            let bytes = file.bytes();
            (file, bytes)
        })
        .filter(|(_, bytes)| bytes.iter().any(|byte| *byte != 0))
        .collect();
    assert!(!logs.is_empty(), "the corpus has no logs");
    logs
}

fn read<'a>(file: &CorpusFile, bytes: &'a [u8]) -> LogFile<'a> {
    LogFile::read(bytes).unwrap_or_else(|error| panic!("{}: {error}", file.name))
}

fn records<'a>(file: &CorpusFile, log: &'a LogFile<'_>) -> Vec<LogRecord<'a>> {
    let mut records = log.records();
    let all = records.by_ref().collect();
    assert_eq!(records.end(), Some(&LogEnd::Complete), "{}", file.name);
    all
}

#[test]
fn every_log_is_walked_to_its_end_without_an_unknown_type_or_a_wrong_length() {
    let mut histogram = Histogram::new();
    let (mut files, mut fragmented, mut segments) = (0, BTreeMap::<usize, usize>::new(), 0);
    let (mut undo, mut undo_info) = (BTreeMap::new(), BTreeMap::new());
    for (file, bytes) in logs("every_log_is_walked_to_its_end") {
        let log = read(&file, &bytes);
        assert_eq!(log.damage(), None, "{}", file.name);
        files += 1;
        segments += log.segments().len();
        for record in records(&file, &log) {
            *histogram.entry(record.record_type().name()).or_default() += 1;
            if record.is_fragmented() {
                let pieces = usize::from(record.last_segment - record.first_segment) + 1;
                *fragmented.entry(pieces).or_default() += 1;
            }
            match record.decode().expect("the reader decoded it") {
                Record::Undo(record) => *undo.entry(record.operation.0).or_insert(0) += 1,
                Record::UndoInfo(record) => *undo_info.entry(record.operation.0).or_insert(0) += 1,
                Record::Ignored(ignored) => panic!("{}: an undecoded {}", file.name, ignored.record_type),
                _ => {}
            }
        }
    }
    let total: usize = histogram.values().sum();
    ese_corpus::report!(
        "{files} logs, {segments} segments, {total} records, 0 unknown types, 0 length mismatches"
    );
    ese_corpus::report!("by type: {histogram:?}");
    ese_corpus::report!(
        "fragmented by pieces: {fragmented:?}; Undo by operation: {undo:?}; UndoInfo: {undo_info:?}"
    );
    assert!(undo.keys().all(|operation| VersionedOperation(*operation).name().is_some()));
}

#[test]
fn the_windows_logs_have_the_histograms_positions_and_checksums_of_the_specification() {
    let test = "the_windows_logs_have_the_histograms_of_the_specification";
    let Some(folder) = corpus() else { return skipped(test) };
    let mut compared = 0;
    for line in include_str!("histograms.txt").lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split(' ').collect();
        let [name, generation, version, segments, accumulated, count, last, fragmented, by_type] =
            columns[..]
        else {
            panic!("not nine columns: {line}");
        };
        let Some(file) = ese_corpus::file(&folder, name) else { continue };
        let bytes = file.bytes();
        let log = read(&file, &bytes);
        let header = log.header();
        assert_eq!(format!("{:X}", header.generation.get()), generation, "{name}");
        let found = header.version();
        assert_eq!(
            format!("{}.{}.{}", found.major, found.update_major, found.update_minor),
            version,
            "{name}"
        );
        let found = log.segments().last().map_or("-".to_owned(), |last| format!("1-{:X}", last.number()));
        assert_eq!(found, segments, "{name}");
        assert_eq!(format!("{:016x}", log.accumulated_checksum()), accumulated, "{name}");

        let records: Vec<_> = records(&file, &log)
            .into_iter()
            .filter(|record| record.record_type() != RecordType::Nop)
            .collect();
        assert_eq!(records.len().to_string(), count, "{name}");
        let found = records.iter().filter(|record| record.is_fragmented()).count();
        assert_eq!(found.to_string(), fragmented, "{name}");
        let found = records.iter().rfind(|record| !record.is_padding()).map_or("-".to_owned(), |record| {
            let Lgpos { generation, isec, ib } = record.position;
            format!("{generation:X},{isec:X},{ib:X}:{}", record.record_type())
        });
        assert_eq!(found, last, "{name}");

        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for record in &records {
            *found.entry(record.record_type().name()).or_default() += 1;
        }
        let expected: BTreeMap<&str, usize> = by_type
            .split(',')
            .filter_map(|entry| entry.split_once('='))
            .map(|(name, count)| (name, count.parse().expect("a count")))
            .collect();
        assert_eq!(found, expected, "{name}");
        compared += 1;
    }
    ese_corpus::report!(
        "{compared} logs equal to spec 05 §14: generation, version, segments, checksum, counts, last record"
    );
    assert!(compared >= 14, "only {compared} of the listed logs are in the corpus");
}

#[test]
fn every_header_and_segment_checksum_is_recomputed_and_every_header_encodes_to_its_bytes() {
    let (mut headers, mut segments, mut attachments) = (0, 0, 0);
    for (file, bytes) in logs("every_header_and_segment_checksum_is_recomputed") {
        let log = read(&file, &bytes);
        let mut header = *log.header();
        assert_eq!(header.as_bytes(), &bytes[..header.as_bytes().len()], "{}", file.name);
        header.checksum = 0.into();
        header.seal();
        assert_eq!(header.checksum, log.header().checksum, "{}", file.name);
        headers += 1;
        for attachment in log.header().attachments() {
            let attachment = attachment.unwrap_or_else(|error| panic!("{}: {error}", file.name));
            assert!(
                attachment.path.to_text().ends_with(".edb") || attachment.path.to_text().ends_with(".dat")
            );
            assert!(attachment.info.attach < Lgpos::new(header.generation.get(), 0, 0), "{}", file.name);
            attachments += 1;
        }
        for segment in log.segments() {
            let start = usize::from(segment.number()) * SEGMENT_BYTES;
            assert_eq!(segment.source(), SegmentSource::InPlace, "{}: {}", file.name, segment.number());
            let stored = &bytes[start..start + SEGMENT_BYTES];
            assert_eq!(segment.bytes(), stored);
            assert_eq!(
                segment_checksum(stored, segment.number()),
                Some(segment.header().checksum.get()),
                "{}: segment {}",
                file.name,
                segment.number()
            );
            assert_eq!(segment.header().flags.get(), 0x2000);
            segments += 1;
        }
    }
    ese_corpus::report!(
        "{headers} headers, {attachments} attachments, {segments} segments: every checksum recomputed"
    );
}

#[test]
fn every_record_of_every_log_encodes_to_the_bytes_it_was_decoded_from() {
    let (mut count, mut bytes_compared, mut out) = (0, 0, Vec::new());
    for (file, bytes) in logs("every_record_of_every_log_encodes") {
        let log = read(&file, &bytes);
        for record in records(&file, &log) {
            let decoded = record.decode().expect("the reader decoded it");
            out.clear();
            decoded.encode_into(&mut out).unwrap_or_else(|error| panic!("{}: {error}", file.name));
            assert_eq!(out, *record.bytes, "{} {}: {decoded:?}", file.name, record.position);
            assert_eq!(decoded.encoded_len(), out.len(), "{} {}", file.name, record.position);
            count += 1;
            bytes_compared += out.len();
        }
    }
    ese_corpus::report!(
        "{count} records, {bytes_compared} bytes: every record re-encoded to identical bytes"
    );
}

#[test]
fn every_segment_is_rebuilt_by_placing_its_records_again() {
    let (mut rebuilt, mut files, mut fresh) = (0, 0, 0);
    for (file, bytes) in logs("every_segment_is_rebuilt") {
        let log = read(&file, &bytes);
        let header = log.header();
        let mut builder = SegmentBuilder::new(header.generation.get(), header.file_sectors.get());
        for record in records(&file, &log) {
            if record.record_type() == RecordType::Nop {
                continue;
            }
            if builder.next_position() != record.position {
                builder.start_segment();
                fresh += 1;
            }
            // Segments begun by this record: the time is not ours to compute, it is copied below.
            let position = builder.append(&record.bytes, header.created);
            assert_eq!(position, Some(record.position), "{}: {}", file.name, record.record_type());
        }
        let sealed = with_times_of(&log, builder.sealed());
        for (segment, built) in log.segments().iter().zip(sealed.chunks_exact(SEGMENT_BYTES)) {
            assert!(segment.bytes() == built, "{}: segment {}", file.name, segment.number());
            rebuilt += 1;
        }
        let padding = log.segments().len() - sealed.len() / SEGMENT_BYTES;
        assert!(padding <= 1, "{}: {padding} segments hold nothing but padding", file.name);
        files += 1;
    }
    ese_corpus::report!(
        "{files} logs, {rebuilt} segments rebuilt to identical bytes; {fresh} runs began on a fresh segment"
    );
}

/// The built segments with the start times of the real ones and the checksums that go with them.
fn with_times_of(log: &LogFile<'_>, mut sealed: Vec<u8>) -> Vec<u8> {
    for (segment, built) in log.segments().iter().zip(sealed.chunks_exact_mut(SEGMENT_BYTES)) {
        built[16..24].copy_from_slice(segment.header().started.as_bytes());
        let checksum = segment_checksum(built, segment.number()).expect("a whole segment");
        built[..8].copy_from_slice(&checksum.to_le_bytes());
    }
    sealed
}

#[test]
fn consecutive_generations_chain_by_time_signature_and_accumulated_checksum() {
    let mut chained = 0;
    let logs = logs("consecutive_generations_chain");
    let folder = |file: &CorpusFile| file.name.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    for (file, bytes) in &logs {
        let log = read(file, bytes);
        let next = log.header().generation.get() + 1;
        let follower = logs.iter().find(|(other, bytes)| {
            folder(other) == folder(file)
                && LogHeader::read(bytes).is_ok_and(|header| {
                    header.generation.get() == next && header.signature == log.header().signature
                })
        });
        let Some((other, bytes)) = follower else { continue };
        let header = LogHeader::read(bytes).expect("it was just read");
        // A file being prepared, or a generation replaced by restore, does not follow the one before it by time.
        if header.previous_created != log.header().created {
            ese_corpus::report!("{} does not follow {}", other.name, file.name);
            continue;
        }
        header.check_follows(log.header()).unwrap_or_else(|error| panic!("{}: {error}", other.name));
        assert!(header.version().has_accumulated_checksum(), "{}", other.name);
        assert_eq!(header.previous_accumulated_checksum.get(), log.accumulated_checksum(), "{}", other.name);
        chained += 1;
    }
    ese_corpus::report!("{chained} pairs of generations chained");
    assert!(corpus().is_none() || chained > 100);
}

#[test]
fn every_before_image_unpacks_to_the_page_that_its_record_names() {
    let (mut images, mut by_flags) = (0, BTreeMap::<u32, usize>::new());
    for (file, bytes) in logs("every_before_image_unpacks") {
        let log = read(&file, &bytes);
        let page_size = log.header().page_size().expect("a page size");
        for record in records(&file, &log) {
            let decoded = record.decode().expect("the reader decoded it");
            let (image, dbtime, objid, needed) = match &decoded {
                Record::Split2(record) => {
                    let split = &record.split;
                    (record.before_image(), split.page.dbtime, split.objid, split.needs_image())
                }
                Record::Merge2(record) => {
                    let merge = &record.merge;
                    (record.before_image(), merge.page.dbtime, merge.objid, merge.needs_image())
                }
                _ => continue,
            };
            assert!(image.is_some() || !needed, "{} {}", file.name, record.position);
            let Some(image) = image else { continue };
            let page = image.unpack(page_size).unwrap_or_else(|error| {
                panic!("{} {}: {error}", file.name, record.position);
            });
            assert_eq!(page.len(), page_size.bytes());
            assert_eq!(page[8..16], dbtime.to_le_bytes(), "{} {}", file.name, record.position);
            assert_eq!(page[24..28], objid.to_le_bytes(), "{} {}", file.name, record.position);
            assert_free_bytes_are_right(&page, page_size.header_bytes());
            *by_flags.entry(image.flags().bits()).or_default() += 1;
            images += 1;
        }
    }
    ese_corpus::report!("{images} before-images unpacked, by flags {by_flags:?}");
}

/// cbFree of a page: its data area less its tags and the nodes they point to.
fn assert_free_bytes_are_right(page: &[u8], header_bytes: usize) {
    let half = |at: usize| usize::from(u16::from_le_bytes([page[at], page[at + 1]]));
    let tags = half(34) & 0xFFF;
    let size_mask = if header_bytes == 80 { 0x7FFF } else { 0x1FFF };
    let nodes: usize = (0..tags).map(|tag| half(page.len() - 4 * (tag + 1)) & size_mask).sum();
    assert_eq!(half(28), page.len() - header_bytes - 4 * tags - nodes);
}

#[test]
fn every_diff_is_sound_and_encodes_to_the_bytes_it_was_decoded_from() {
    let (mut records_seen, mut kinds) = (0, BTreeMap::<String, usize>::new());
    for (file, bytes) in logs("every_diff_is_sound") {
        let log = read(&file, &bytes);
        let large = log.header().page_size().is_some_and(|size| size.bytes() > 8192);
        for record in records(&file, &log) {
            let Ok(Record::ReplaceD(replace)) = record.decode() else { continue };
            let diffs = replace.collect_diffs().unwrap_or_else(|error| panic!("{}: {error}", file.name));
            assert_eq!(replace.form == ese_format::log::record::DiffForm::Large, large, "{}", file.name);
            assert_eq!(encode_diffs(&diffs, replace.form).as_deref(), Ok(replace.payload));
            let old = vec![0xA5; usize::from(replace.old_length)];
            let new = replace.apply(&old).unwrap_or_else(|error| panic!("{}: {error}", file.name));
            assert_eq!(new.len(), usize::from(replace.new_length));
            for Diff { kind, two_byte_lengths, new, .. } in &diffs {
                let kind = if *kind == DiffKind::Replace && new.is_empty() {
                    "Deletion".to_owned()
                } else {
                    format!("{kind:?}")
                };
                let width = if *two_byte_lengths { " (two-byte lengths)" } else { "" };
                *kinds.entry(kind + width).or_default() += 1;
            }
            records_seen += 1;
        }
    }
    ese_corpus::report!("{records_seen} ReplaceD records, diffs by kind {kinds:?}");
}

#[test]
fn the_dbtimes_of_every_page_chain_through_consecutive_generations() {
    let Some(folder) = corpus() else { return skipped("the_dbtimes_of_every_page_chain") };
    let names: Vec<_> = (0x19..=0x1F).map(|generation| format!("SRU{generation:05X}.log")).collect();
    let order = ["SRUtmp.log"].into_iter().chain(names.iter().map(String::as_str)).chain(["SRU.log"]);
    let mut last: BTreeMap<(u8, u32), u64> = BTreeMap::new();
    let mut links = 0;
    for name in order {
        let file =
            ese_corpus::file(&folder, &format!("windows/srum-aptsimulator/{name}")).expect("in the corpus");
        let bytes = file.bytes();
        let log = read(&file, &bytes);
        for record in records(&file, &log) {
            links += follow_dbtimes(&record, &mut last);
        }
    }
    ese_corpus::report!("{links} dbtime links, no break");
    assert_eq!(links, 2886);
}

/// Checks the pages a record touches against what touched them before; gives the number of links checked.
fn follow_dbtimes(record: &LogRecord<'_>, last: &mut BTreeMap<(u8, u32), u64>) -> usize {
    let decoded = record.decode().expect("the reader decoded it");
    if matches!(decoded, Record::UndoInfo(_)) {
        return 0;
    }
    let mut links = 0;
    let mut touch = |dbid: u8, page: u32, before: u64, after: u64| {
        if page == 0 {
            return;
        }
        if let (Some(known), false) = (last.get(&(dbid, page)), before == DBTIME_NIL) {
            assert_eq!(*known, before, "{}: page {page}", record.position);
            links += 1;
        }
        last.insert((dbid, page), after);
    };
    if let Record::NewPage(new) = &decoded {
        touch(new.dbid, new.page_number, DBTIME_NIL, new.dbtime);
        return links;
    }
    let Some(page) = decoded.page_operation().copied() else { return 0 };
    touch(page.dbid, page.page_number, page.dbtime_before, page.dbtime);
    match &decoded {
        Record::Split2(record) => {
            touch(page.dbid, record.split.new_page, DBTIME_NIL, page.dbtime);
            touch(page.dbid, record.split.right_page, record.split.right_dbtime_before, page.dbtime);
        }
        Record::ConvertFdp2(record) => {
            touch(page.dbid, record.convert.owned_extents_page, DBTIME_NIL, page.dbtime);
            touch(page.dbid, record.convert.available_extents_page, DBTIME_NIL, page.dbtime);
        }
        _ => {}
    }
    links
}

#[test]
fn clean_and_dirty_ends_are_told_by_the_log_alone() {
    let Some(folder) = corpus() else { return skipped("clean_and_dirty_ends_are_told_by_the_log_alone") };
    let ends = [
        ("windows/srum-aptsimulator/SRU.log", Some((Lgpos::new(0x20, 0xE, 0), RecordType::Term2)), 0xE),
        ("windows/srum-belkasoft/Dirty/SRU.log", None, 0),
        ("windows/srum-belkasoft/Dirty/SRU00051.log", None, 0xB),
    ];
    for (name, end, last) in ends {
        let file = ese_corpus::file(&folder, name).expect("in the corpus");
        let bytes = file.bytes();
        let log = read(&file, &bytes);
        assert_eq!(log.clean_end(), end, "{name}");
        assert_eq!(log.end_of_data().isec.get(), last + 1, "{name}");
    }
}
