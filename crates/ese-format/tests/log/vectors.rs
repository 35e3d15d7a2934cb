//! The known answers of spec 05: checksums (§5.2, §14), annotated records (§13), corruption drills (§14.9).
//!
//! Records of sets that are not at hand are tested on the bytes that the chapter prints; the others in their files.

use ese_corpus::{corpus, skipped};
use ese_format::attach_list::PathEncoding;
use ese_format::checksum::xor_header_checksum;
use ese_format::lgpos::Lgpos;
use ese_format::log::header::LogHeader;
use ese_format::log::record::{
    BackupPhase, BackupScope, DBTIME_NIL, DatabaseFlags, DiffForm, DiffKind, Diffs, ImageFlags, MergeFlags,
    MergeType, PageOperationFlags, Record, RecordType, SplitOperation, SplitType, VersionedOperation,
};
use ese_format::log::segment::{SEGMENT_BYTES, segment_checksum};
use ese_format::log::version::LogVersion;
use ese_format::log::{LogEnd, LogFile, SegmentSource};
use ese_format::page_size::PageSize;

/// Bytes of a text of hexadecimal digits; spaces and bars separate, `N*` in front of a byte repeats it, `u64:` in
/// front of a number widens it.
fn hex(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in text.split([' ', '|']).filter(|word| !word.is_empty()) {
        if let Some(number) = word.strip_prefix("u64:") {
            bytes.extend(u64::from_str_radix(number, 16).expect("a number").to_le_bytes());
            continue;
        }
        let (count, digits) = word
            .split_once('*')
            .map_or((1, word), |(count, digits)| (count.parse().expect("a count"), digits));
        for _ in 0..count {
            bytes.extend(digits.as_bytes().chunks(2).map(|pair| {
                u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("two digits")
            }));
        }
    }
    bytes
}

/// Decodes one whole record, checks that it takes all the bytes and encodes to them, and hands it to `check`.
fn whole(bytes: &[u8], check: impl FnOnce(Record<'_>)) {
    let record = Record::decode(bytes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(record.encoded_len(), bytes.len(), "{record:?}");
    assert_eq!(record.encode().as_deref(), Ok(bytes), "{record:?}");
    check(record);
}

macro_rules! expect {
    ($bytes:expr, $pattern:pat => $check:expr) => {
        whole(&$bytes, |record| match record {
            $pattern => $check,
            other => panic!("decoded to {other:?}"),
        })
    };
}

#[test]
fn segment_checksums_have_the_known_answers() {
    let pattern: Vec<u8> = (0..SEGMENT_BYTES).map(|index| (7 * index + 3) as u8).collect();
    let with = |at: usize, byte: u8| {
        let mut bytes = vec![0; SEGMENT_BYTES];
        bytes[at] = byte;
        bytes
    };
    assert_eq!(segment_checksum(&[0; SEGMENT_BYTES], 1), Some(1));
    assert_eq!(segment_checksum(&with(8, 1), 1), Some(0x7FBF_0040_0000_0000));
    assert_eq!(segment_checksum(&with(4095, 0x80), 1), Some(0x0000_7FFF_8000_0001));
    assert_eq!(segment_checksum(&pattern, 0xE), Some(0x7FCA_0035_2C3C_2C12));
    assert_eq!(segment_checksum(&pattern[1..], 0xE), None);
    assert_eq!(xor_header_checksum(&pattern), 0x91BA_C7EC);
}

#[test]
fn accumulated_checksums_are_the_xor_of_the_segments() {
    let rath11 = [
        0x7fa2_005d_47e3_5ee8_u64,
        0x7fd0_002f_7310_067e,
        0x64a0_1b5f_6163_2d90,
        0x00e6_00e6_4958_45d2,
        0x03ae_03ae_63c6_1ca8,
        0x64a0_1b5f_6163_2d95,
        0x00da_00da_4de5_40ea,
        0x7c02_03fd_6b6f_1101,
        0x64a1_1b5e_616f_2d9a,
    ];
    assert_eq!(rath11.iter().fold(0, |sum, checksum| sum ^ checksum), 0x1b43_1b43_5988_7d98);
}

#[test]
fn transaction_and_macro_records_have_the_known_fields() {
    expect!(hex("05 0800 11"), Record::Begin(begin) => {
        assert_eq!((begin.procid, begin.levels.from(), begin.levels.count(), begin.levels.to()), (8, 1, 1, 2));
    });
    expect!(hex("08 0900 20 e8000000"), Record::Begin0(begin) => {
        assert_eq!((begin.levels.from(), begin.levels.count(), begin.trx_begin0), (0, 2, 0xE8));
    });
    expect!(hex("06 0800 01"), Record::Commit(commit) => assert_eq!((commit.procid, commit.level_to), (8, 1)));
    expect!(hex("09 0800 00 40010000"), Record::Commit0(commit) => assert_eq!(commit.trx_commit0, 0x140));
    expect!(hex("07 0500 01"), Record::Rollback(back) => assert_eq!((back.procid, back.level_count), (5, 1)));
    expect!(hex("0b 0800 b928000000000000"), Record::MacroBegin(mark) => assert_eq!(mark.dbtime, 0x28B9));
    expect!(hex("0c 0800 8e28000000000000"), Record::MacroCommit(mark) => assert_eq!(mark.procid, 8));
    expect!(hex("0d 0500 ff24000000000000"), Record::MacroAbort(mark) => assert_eq!(mark.dbtime, 0x24FF));
    expect!(hex("43 08000000 60000000 67000000"), Record::MacroInfo(info) => {
        assert_eq!(info.pages().collect::<Vec<_>>(), [0x60, 0x67]);
    });
}

#[test]
fn database_and_lifecycle_records_have_the_known_fields() {
    expect!(hex("44 05000000 01 ae010000"), Record::ExtendDb(grow) => {
        assert_eq!((grow.dbid, grow.last_page), (1, 430));
    });
    expect!(hex("5f 0800 01 86010000 0c000000 b728000000000000"), Record::NewPage(new) => {
        assert_eq!((new.procid, new.page_number, new.objid, new.dbtime), (8, 0x186, 12, 0x28B7));
    });
    for (text, version) in [
        ("5c 01 20060000 6e000000 f0000000", (1568, 110, 240)),
        ("5c 01 20060000 c8000000 b8010000", (1568, 200, 440)),
        ("5c 01 20060000 22010000 58020000", (1568, 290, 600)),
    ] {
        expect!(hex(text), Record::SetDbVersion(set) => {
            assert_eq!((set.major, set.update_major, set.update_minor), version);
        });
    }
    expect!(hex("17"), Record::ShutDownMark(_) => {});
    expect!(hex("32 0000070017000000 8*00 00 000c150a037a290e"), Record::Term2(term) => {
        assert_eq!(term.run.begun, Lgpos::new(0x17, 7, 0));
        assert_eq!((term.time.year(), term.time.month, term.time.day), (2022, 3, 10));
        assert_eq!((term.time.hours, term.time.minutes, term.time.milliseconds()), (21, 12, 916));
        assert!(term.time.is_utc());
    });
    expect!(hex("33 03331205027aa90e"), Record::RecoveryUndo2(undo) => assert_eq!(undo.time.minutes, 0x33));
    expect!(
        hex("34 0000010003000000 0000010001000000 00 04331205027a3700"),
        Record::RecoveryQuit2(quit) => {
            assert_eq!(quit.run.begun, Lgpos::new(3, 1, 0));
            assert_eq!(quit.run.redo_from, Lgpos::new(1, 1, 0));
            assert_eq!(quit.run.hard, 0);
        }
    );
    expect!(hex("4f 0500 01"), Record::CreateDbFinish(finish) => assert_eq!((finish.procid, finish.dbid), (5, 1)));
    let mut fill = hex("47 52010000");
    fill.resize(5 + 338, 0);
    expect!(fill, Record::Nop2(nop) => assert_eq!(nop.fill.len(), 338));
    let mut trace = hex("16 0500 5400");
    trace.extend(b"[2/5/2022 19:30:29.951] Begin  CreateIndex: AutoIncIdIndex [objid:0xf,pgnoFDP:0x41]\0");
    expect!(trace, Record::Trace(trace) => assert_eq!((trace.procid, trace.text.len()), (5, 0x54)));
    let path = "C:\\ese\\crash-A\\crash.edb\0".encode_utf16().flat_map(u16::to_le_bytes);
    let mut create = hex("0e 0500 01 00000000 00000000 bcdca4d1 302603150b7ed502 16*00 3200 0c 0200 0000");
    create.extend(path);
    assert_eq!(create.len(), 97);
    expect!(create, Record::CreateDb(create) => {
        assert_eq!((create.procid, create.dbid, create.grbit, create.max_pages), (5, 1, 0, 0));
        assert_eq!(create.database_signature.random.get(), 0xD1A4_DCBC);
        assert_eq!(create.version.map(|version| (version.version, version.update)), Some((2, 0)));
        assert_eq!(create.flags, DatabaseFlags::VERSION_INFO | DatabaseFlags::UNICODE);
        assert_eq!(create.stored_path().to_text(), "C:\\ese\\crash-A\\crash.edb");
        assert_eq!(create.stored_path().encoding(), PathEncoding::Utf16);
    });
}

#[test]
fn node_records_have_the_known_fields() {
    let unique_space = PageOperationFlags::UNIQUE | PageOperationFlags::SPACE_TREE;
    expect!(
        hex("1d 0800 01 02000000 u64:28c8 u64:283b 3c010000 02 1800 0c 00000000 01000000 01000000 0400 0000 0400 \
             000001ae 10000000"),
        Record::Insert(insert) => {
            let page = insert.node.page;
            assert_eq!((page.page_number, page.dbtime, page.dbtime_before), (2, 0x28C8, 0x283B));
            assert_eq!((page.trx_begin0, page.level, page.line, page.flags), (0x13C, 2, 24, unique_space));
            assert_eq!((insert.node.fdp, insert.node.objid, insert.prefix), (1, 1, &[][..]));
            assert_eq!((insert.suffix, insert.data), (&[0, 0, 1, 0xAE][..], &[16, 0, 0, 0][..]));
        }
    );
    expect!(
        hex("20 0500 01 21000000 u64:382 u64:189 50000000 02 0000 0c 00000000 1f000000 08000000"),
        Record::FlagDelete(delete) => assert_eq!((delete.node.fdp, delete.node.objid), (0x1F, 8))
    );
    expect!(
        hex("23 0800 01 03000000 u64:28ca u64:28c9 3c010000 02 0100 0c 00000000 01000000 01000000"),
        Record::Delete(delete) => assert_eq!(delete.node.page.line, 1)
    );
    expect!(
        hex("21 0800 01 44000000 u64:28b6 u64:288b 3c010000 02 0100 0c 00000000 2f000000 0c000000 0400 0400 0400 \
             08000000"),
        Record::Replace(replace) => {
            assert_eq!((replace.old_length, replace.new_length, replace.payload), (4, 4, &[8, 0, 0, 0][..]));
        }
    );
    expect!(
        hex("1f 0b00 01 90000000 u64:f848 u64:dd3e f00a0000 01 0000 08 00000000 6b000000 3f000000 0400 0400 00000000 \
             00000191 01000000"),
        Record::FlagInsertAndReplaceData(insert) => {
            assert_eq!((insert.rceid_replace, insert.key, insert.data.len()), (0, &[0, 0, 1, 0x91][..], 4));
        }
    );
    expect!(
        hex("27 0500 01 1d000000 u64:252 u64:1d3 84000000 01 0a00 04 25020000 1d000000 06000000 0500 0000 0100 01 \
             7f8000000c"),
        Record::Undo(undo) => {
            assert_eq!((undo.operation, undo.version_level), (VersionedOperation::INSERT, 1));
            assert_eq!((undo.node.rceid, undo.key, undo.bookmark_data.len()), (0x225, &hex("7f8000000c")[..], 0));
        }
    );
    expect!(
        hex("24 0a00 01 d7010000 16*ff 84010000 01 0000 04 69e9ffff 2f000000 0c000000 0e00 0000 0300 0000 0000 0000 \
             14*7f"),
        Record::UndoInfo(info) => {
            assert_eq!(info.node.page.dbtime, DBTIME_NIL);
            assert_eq!(info.operation, VersionedOperation::FLAG_DELETE);
            assert_eq!((info.key.len(), info.before_image.len()), (14, 0));
        }
    );
    expect!(
        hex("26 0a00 01 5f000000 u64:1f32 u64:16db f8000000 02 0000 04 00000000 5f000000 12000000 1000 10000000 \
             01000000 05000000 bf000000"),
        Record::SetExternalHeader(set) => assert_eq!(set.header.len(), 16)
    );
    expect!(
        hex("25 0500 01 5a000000 u64:63f u64:334 90030000 02 0000 05 87060000 22000000 0c000000 0800 0000 ffffffff \
             0000 8000000080000015"),
        Record::Delta(delta) => assert_eq!((delta.delta, delta.offset, delta.key.len()), (-1, 0, 8))
    );
    expect!(
        hex("5d 0500 01 29000000 u64:8dc u64:8db 0c010000 02 0400 05 110f0000 1f000000 08000000 0500 0000 \
             00902f5009000000 8c00 7f80000004"),
        Record::Delta64(delta) => assert_eq!((delta.delta, delta.offset), (40_000_000_000, 0x8C))
    );
}

#[test]
fn records_that_change_the_shape_of_trees_have_the_known_fields() {
    expect!(
        hex("19 0500 01 9f000000 u64:a64 8*ff d4000000 02 0000 04 19000000 01000000 0a000000 00000000"),
        Record::CreateSingleExtentFdp(create) => {
            assert_eq!((create.objid, create.parent_fdp, create.primary_pages), (25, 1, 10));
        }
    );
    expect!(
        hex("18 0500 01 01000000 u64:49 8*ff 04000000 01 0000 04 01000000 02000000 03000000 00000000 fe000000 00000000"),
        Record::CreateMultipleExtentFdp(create) => {
            assert_eq!((create.owned_extents_page, create.available_extents_page), (2, 3));
            assert_eq!((create.parent_fdp, create.primary_pages), (0, 254));
        }
    );
    expect!(
        hex("3a 0500 01 60000000 u64:624b u64:6243 50000000 02 0000 00 10000000 65000000 66000000 5f000000 65000000 \
             01000000 04000000 00000000 40ac0000"),
        Record::ConvertFdp2(convert) => {
            let fields = convert.convert;
            assert_eq!((fields.owned_extents_page, fields.available_extents_page), (0x65, 0x66));
            assert_eq!((fields.primary_pages, fields.secondary_pages, convert.page_flags), (1, 4, 0xAC40));
        }
    );
    expect!(
        hex("3e 0800 01 2f000000 u64:28b9 u64:288e 3c010000 02 0000 04 00000000 00000000 8*ff 00000000 8*ff 2f000000 \
             0c000000 00 00 8400 0000 0000 4*00 4*00 0000 0000 4*00 4*00 0000 0000 0000 4*00 4*00"),
        Record::Split2(split) => {
            assert!(split.split.is_parent_level() && !split.split.needs_image());
            assert_eq!((split.split.operation_line, split.before_image()), (0x84, None));
        }
    );
    expect!(
        hex("3f 0700 01 1f000000 u64:2309 u64:2234 d0060000 01 7600 04 00000000 8*ff 00000000 8*ff 00000000 8*ff \
             1f000000 08000000 0000 0000 0000 0000 01 00 0000 00000000 00000000"),
        Record::Merge2(merge) => {
            assert_eq!((merge.merge.flags, merge.merge.merge_type), (MergeFlags::KEY_CHANGE, MergeType::NONE));
            assert!(!merge.merge.needs_image());
        }
    );
    expect!(
        hex("3c 03 00000000 01 00 8*00 192903150b7e090c 01000000 09000000 00 0000"),
        Record::Backup2(backup) => {
            assert_eq!((backup.phase, backup.scope, backup.dbid), (BackupPhase::TRUNCATE, BackupScope::FULL, 0));
            assert_eq!((backup.info.generation_low.get(), backup.info.generation_high.get()), (1, 9));
        }
    );
    expect!(
        hex("3c 04 00000000 01 01 ce0402000b000000 192903150b7ecf06 06000000 0f000000 00 0000"),
        Record::Backup2(backup) => {
            assert_eq!((backup.phase, backup.dbid), (BackupPhase::UPDATE, 1));
            assert_eq!(backup.info.mark, Lgpos::new(0xB, 2, 0x4CE));
        }
    );
}

#[test]
fn diffs_have_the_known_meaning() {
    let bytes = hex("0520 04 01000000");
    let diffs: Vec<_> = Diffs::new(&bytes, DiffForm::Small).map(|diff| diff.expect("sound")).collect();
    assert_eq!((diffs[0].offset, diffs[0].kind, diffs[0].new), (5, DiffKind::SameLength, &[1, 0, 0, 0][..]));
    let applied = Diffs::new(&bytes, DiffForm::Small).apply(&[0xEE; 60], 60).expect("it fits");
    assert_eq!((&applied[4..10], applied.len()), (&[0xEE, 1, 0, 0, 0, 0xEE][..], 60));

    let bytes = hex("0883 0000 e803");
    let old: Vec<u8> = (0..0x6F0).map(|index| (index % 251) as u8).collect();
    let applied = Diffs::new(&bytes, DiffForm::Small).apply(&old, 0x308).expect("a deletion");
    assert_eq!(applied, old[..0x308]);
    assert!(
        Diffs::new(&bytes, DiffForm::Small).apply(&old, 0x309).is_err(),
        "another length than the record says"
    );
    assert!(Diffs::new(&bytes, DiffForm::Small).apply(&old[..0x6EF], 0x308).is_err(), "more than there is");

    let bytes = hex("0e1f 1f 00 c8");
    let old = vec![7; 0x1FD6];
    let diff = Diffs::new(&bytes, DiffForm::Large).next().expect("one").expect("sound");
    assert_eq!((diff.offset, diff.noise, diff.old_length, diff.kind), (0x1F0E, 0x1F, 200, DiffKind::Replace));
    assert_eq!(Diffs::new(&bytes, DiffForm::Large).apply(&old, 0x1F0E).map(|new| new.len()), Ok(0x1F0E));

    // Backwards, overlapping, beyond the end.
    for text in ["0420 02 aabb 0320 02 aabb", "0420 02 aabb 0520 01 cc", "0840 01 aa 0920 01 aa"] {
        let bytes = hex(text);
        assert!(Diffs::new(&bytes, DiffForm::Small).apply(&[0; 8], 8).is_err(), "{text}");
    }
    let insert_at_end = hex("0840 01 aa");
    assert_eq!(Diffs::new(&insert_at_end, DiffForm::Small).apply(&[0; 8], 9).map(|new| new[8]), Ok(0xAA));
}

/// The records of §13 that lie in files at hand: file, LGPOS, length.
#[test]
fn annotated_records_lie_where_the_specification_says() {
    let Some(folder) = corpus() else { return skipped("annotated_records_lie_where_the_specification_says") };
    let with = |name: &str, position: Lgpos, check: &mut dyn FnMut(&Record<'_>, usize, u16)| {
        let bytes = ese_corpus::file(&folder, name).unwrap_or_else(|| panic!("{name} is not there")).bytes();
        let log = LogFile::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let record = log.records().find(|record| record.position == position);
        let record = record.unwrap_or_else(|| panic!("{name}: no record at {position}"));
        let pieces = record.last_segment - record.first_segment + 1;
        check(&record.decode().expect("the reader decoded it"), record.bytes.len(), pieces);
    };
    let apt = |generation, name: &str, isec, ib, check: &mut dyn FnMut(&Record<'_>, usize, u16)| {
        with(&format!("windows/srum-aptsimulator/{name}"), Lgpos::new(generation, isec, ib), check);
    };
    let of_type = |expected: RecordType, length: usize| {
        move |record: &Record<'_>, found: usize, _: u16| {
            assert_eq!((record.record_type(), found), (expected, length));
        }
    };
    apt(0x20, "SRU.log", 1, 0x2CC, &mut of_type(RecordType::Begin, 4));
    apt(0x19, "SRU00019.log", 1, 0x289, &mut of_type(RecordType::Begin0, 8));
    apt(0x20, "SRU.log", 8, 0x4C4, &mut of_type(RecordType::Commit0, 8));
    apt(0x20, "SRU.log", 2, 0xCE0, &mut of_type(RecordType::NewPage, 20));
    apt(0x20, "SRU.log", 8, 0x4CC, &mut of_type(RecordType::ShutDownMark, 1));
    apt(0x20, "SRU.log", 9, 0, &mut of_type(RecordType::Term2, 26));
    apt(0x20, "SRU.log", 3, 0xA1B, &mut of_type(RecordType::Insert, 58));
    apt(0x20, "SRU.log", 2, 0xCFF, &mut of_type(RecordType::Split2, 110));
    apt(0x20, "SRU.log", 0xB, 0, &mut of_type(RecordType::SetDbVersion, 14));
    apt(0x20, "SRU.log", 0xA, 0x268, &mut |record, _, _| {
        let Record::AttachDb(attach) = record else { panic!("{record:?}") };
        assert_eq!(attach.consistent, Lgpos::new(0x20, 8, 0x4CC));
        assert_eq!(attach.stored_path().to_text(), "C:\\Windows\\system32\\SRU\\SRUDB.dat");
    });
    apt(0x20, "SRU.log", 0xA, 0, &mut |record, _, _| {
        let Record::Init2(init) = record else { panic!("{record:?}") };
        assert!(init.parameters.is_circular());
        assert_eq!((init.parameters.sessions.get(), init.parameters.log_file_sectors.get()), (30000, 16));
        assert_eq!(init.parameters.system_path_text(), "C:\\Windows\\system32\\SRU\\");
        assert_eq!((init.time.year(), init.time.hours), (2022, 0x15));
    });
    apt(0x19, "SRU00019.log", 6, 0x92E, &mut |record, length, pieces| {
        let Record::Split2(record) = record else { panic!("{record:?}") };
        assert_eq!((length, pieces), (2260, 2));
        let split = &record.split;
        assert_eq!(
            (split.page.page_number, split.new_page, split.right_page, split.parent_page),
            (0x87, 0x8D, 0x81, 0x23)
        );
        assert_eq!((split.split_type, split.split_operation), (SplitType::RIGHT, SplitOperation::INSERT));
        assert_eq!((split.operation_line, split.split_line, split.line_count), (3, 10, 21));
        assert_eq!((split.prefix_line_split, split.prefix_line_new), (1, 9));
        assert_eq!(
            (record.parent_key.len(), record.prefix_old.len(), record.prefix_new.len()),
            (67, 255, 255)
        );
        assert!(split.needs_image());
        let image = record.before_image().expect("an image");
        assert_eq!((image.flags(), image.bytes().len()), (ImageFlags::COMPRESSED, 1573));
        assert_eq!(crc32(image.bytes()), 0xE8CE_8BAF);
        assert_eq!(crc32(&image.unpack(PageSize::K4).expect("a page")), 0x654B_C2AB);
    });
    with(
        "windows/srum-belkasoft/Dirty/SRU0004F.log",
        Lgpos::new(0x4F, 8, 0x79D),
        &mut of_type(RecordType::MacroInfo, 13),
    );
    with(
        "windows/srum-belkasoft/Dirty/SRU0004F.log",
        Lgpos::new(0x4F, 8, 0x1B6),
        &mut of_type(RecordType::ConvertFdp2, 68),
    );
    with(
        "windows/srum-belkasoft/Dirty/SRU00051.log",
        Lgpos::new(0x51, 5, 0xEA9),
        &mut of_type(RecordType::Nop2, 343),
    );
}

/// CRC-32 (IEEE), for the two values the chapter prints.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ (0xEDB8_8320 & (sum & 1).wrapping_neg()))
    })
}

/// A log whose last segment is partly filled and has its shadow behind it, with a clean end.
fn log_with_shadow() -> Option<Vec<u8>> {
    let folder = corpus()?;
    let bytes = ese_corpus::file(&folder, "windows/srum-aptsimulator/SRU.log")?.bytes();
    let log = LogFile::read(&bytes).ok()?;
    assert_eq!(log.clean_end(), Some((Lgpos::new(0x20, 0xE, 0), RecordType::Term2)));
    Some(bytes)
}

/// What reading a log gives: last valid segment, clean end, field and problem of the damage.
fn judge(bytes: &[u8]) -> (u16, bool, Option<(Lgpos, &'static str)>) {
    let log = LogFile::read(bytes).expect("the header is good");
    let damage = log.damage().map(|damage| (damage.position, damage.error.field()));
    let mut records = log.records();
    records.by_ref().for_each(drop);
    assert_eq!(damage.is_some(), matches!(records.end(), Some(LogEnd::Damaged(_))));
    (log.end_of_data().isec.get() - 1, log.clean_end().is_some(), damage)
}

#[test]
fn damaged_segments_are_repaired_restored_or_named() {
    let Some(good) = log_with_shadow() else {
        return skipped("damaged_segments_are_repaired_restored_or_named");
    };
    let with = |flips: &[(usize, usize, u8)]| {
        let mut bytes = good.clone();
        for (segment, offset, bits) in flips {
            bytes[segment * SEGMENT_BYTES + offset] ^= bits;
        }
        bytes
    };
    let zeroed = |segments: &[usize]| {
        let mut bytes = good.clone();
        for segment in segments {
            bytes[segment * SEGMENT_BYTES..(segment + 1) * SEGMENT_BYTES].fill(0);
        }
        bytes
    };
    assert_eq!(judge(&good), (0xE, true, None));

    let one_bit = with(&[(3, 1000, 0x10)]);
    assert_eq!(judge(&one_bit), (0xE, true, None));
    let log = LogFile::read(&one_bit).expect("the header is good");
    assert_eq!(log.segments()[2].source(), SegmentSource::Repaired { bit: 8004 });
    assert_eq!(log.segments()[2].bytes(), &good[3 * SEGMENT_BYTES..4 * SEGMENT_BYTES]);

    let in_the_middle = (Lgpos::new(0x20, 3, 0), "segment checksum");
    assert_eq!(judge(&with(&[(3, 1000, 0x11)])), (2, false, Some(in_the_middle)));

    let torn = with(&[(0xE, 100, 0x11)]);
    assert_eq!(judge(&torn), (0xE, true, None));
    let log = LogFile::read(&torn).expect("the header is good");
    assert_eq!(log.segments().last().map(|last| last.source()), Some(SegmentSource::Shadow));
    assert_eq!(
        log.segments().last().map(|last| last.bytes()),
        Some(&good[0xE * SEGMENT_BYTES..0xF * SEGMENT_BYTES])
    );

    // An all-zero segment is empty, and then its shadow counts as left over.
    assert_eq!(judge(&zeroed(&[0xE])), (0xD, false, None));
    assert_eq!(judge(&zeroed(&[0xE, 0xF])), (0xD, false, None));
    let behind_empty = (Lgpos::new(0x20, 4, 0), "segment");
    assert_eq!(judge(&zeroed(&[3])), (2, false, Some(behind_empty)));

    // A valid segment at another place does not pass.
    let mut swapped = good.clone();
    let (low, high) = swapped.split_at_mut(4 * SEGMENT_BYTES);
    low[3 * SEGMENT_BYTES..].swap_with_slice(&mut high[..SEGMENT_BYTES]);
    assert!(judge(&swapped).2.is_some());
}

#[test]
fn versions_above_what_is_read_are_refused_and_named() {
    let readable = |major, minor, update_major, update_minor| {
        LogVersion { major, minor, update_major, update_minor }.check_readable(Some(PageSize::K4))
    };
    assert!(readable(8, 4000, 130, 280).is_ok());
    assert!(readable(8, 4000, 130, u32::MAX).is_ok(), "the update minor never blocks");
    assert!(readable(7, 3704, 5, 0).is_ok());
    for (version, field) in [
        ((8, 4000, 131, 0), "update major version"),
        ((9, 4000, 1, 0), "major version"),
        ((6, 1, 1, 0), "major version"),
        ((8, 3704, 1, 0), "minor version"),
        ((7, 4000, 1, 0), "minor version"),
    ] {
        let (major, minor, update_major, update_minor) = version;
        let error = readable(major, minor, update_major, update_minor).expect_err(field);
        assert_eq!((error.jet().code(), error.field()), (-514, field));
    }
    let legacy = |update_major| LogVersion { major: 7, minor: 3704, update_major, update_minor: 0 };
    assert!(legacy(13).check_readable(Some(PageSize::K16)).is_err());
    assert!(legacy(14).check_readable(Some(PageSize::K16)).is_ok());
}

#[test]
fn headers_of_ancient_formats_and_other_file_types_are_told_apart() {
    let jet = |patch: &[(usize, u32)]| {
        let mut bytes = vec![0; 4096];
        for (at, word) in patch {
            bytes[*at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        let checksum = xor_header_checksum(&bytes);
        bytes[..4].copy_from_slice(&checksum.to_le_bytes());
        LogHeader::read(&bytes).expect_err("nothing readable").jet().code()
    };
    assert_eq!(jet(&[(24, 4), (28, 909), (44, 1)]), -1212);
    assert_eq!(jet(&[(24, 4), (28, 995), (44, 1)]), -1212);
    assert_eq!(jet(&[(20, 443), (44, 1)]), -1211);
    assert_eq!(jet(&[(48, 0x0CA_0001)]), -1210);
    assert_eq!(jet(&[(32, 8), (36, 4000), (667, 1)]), -1812);
    assert_eq!(jet(&[(32, 9), (36, 4000), (667, 3)]), -514);
    assert_eq!(jet(&[(32, 8), (36, 4000), (667, 3)]), -501, "no sector size");
    assert_eq!(LogHeader::read(&[0; 4096]).expect_err("all zero").jet().code(), -501);
    assert_eq!(LogHeader::read(&[]).expect_err("nothing").jet().code(), -501);
}
