use proptest::prelude::*;

use super::*;
use crate::column_type::{ColumnId, ColumnType};
use crate::record::{ColumnFlags, ColumnLocation, RecordFormat, RecordView};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits")).collect()
}

/// Decodes a record of the spec, and checks that it encodes to the same bytes.
fn decoded(hex: &str, format: RecordFormat) -> CatalogRow {
    let record = bytes(hex);
    let view = RecordView::parse(&record, format).expect("a record");
    let row = CatalogRow::decode(&view).expect("a catalog row");
    assert_eq!(row.encode(format), Ok(record));
    row
}

#[test]
fn the_four_rows_taken_apart_in_spec_03_mean_what_it_says() {
    let table = decoded(
        "08802000 08000000 0100 08000000 1F000000 50000000 00000000 04000000 FF 00 0500 6261736963",
        RecordFormat::SmallPage,
    );
    let RowKind::Table(row) = &table.kind else { panic!("{table:?}") };
    assert_eq!((table.name.as_bytes(), row.fdp_page, row.density, row.pages), (&b"basic"[..], 31, 80, 4));

    let column = decoded(
        "09802300 08000000 0200 01000000 04000000 04000000 05000000 00000000 2A 0400 80FE 0200 4964",
        RecordFormat::SmallPage,
    );
    let RowKind::Column(row) = &column.kind else { panic!("{column:?}") };
    assert_eq!(row.column_type, ColumnType::Long);
    assert_eq!(row.flags, ColumnFlags::NOT_NULL | ColumnFlags::AUTO_INCREMENT);
    assert_eq!(row.record_offset, Some(4));

    let index = decoded(
        "0A892700 08000000 0300 18000000 38000000 50000000 0E040100 00000000 2A2A2A 01040300 80FD\
         0900 0980 0980 0980 0D00 0D80 0D80 0D80 1500 2500 4978556E69636F6465 00008200 0F0206000F020600\
         01000000EE575C1E00B4D0000BB1E11E 0501 0440 01 65006E002D0055005300",
        RecordFormat::SmallPage,
    );
    let RowKind::Index(row) = &index.kind else { panic!("{index:?}") };
    assert_eq!((index.id, row.fdp_page, row.flags.bits()), (24, 56, 0x0001_040E));
    assert_eq!(row.segments, [IndexSegment::ascending(130)]);
    assert_eq!(row.lcmap_flags(), LCMAP_FLAGS_DEFAULT);
    assert_eq!(row.sort_version, Some(SortVersion(0x0006_020F_0006_020F)));
    assert_eq!(row.locale().as_deref(), Some("en-US"));

    let tree = decoded(
        "07801F00 08000000 0400 1B000000 3B000000 64000000 00000000 01000000 80 0200 4C56",
        RecordFormat::SmallPage,
    );
    assert_eq!(tree.row_type(), RowType::LongValue);
}

#[test]
fn rows_of_the_newest_format_carry_the_time_their_root_page_was_set() {
    let rows = [
        "0d803500080000000100080000001f000000500000000000000000000000ff2a2a2a2a2a2a2a2a2a2a2a2acf22d625bbdfda\
         0100ef04004a6f6273",
        "0d843500080000000300080000001f0000005000000031000100000000002a2a2a010403002a2a2a2a2a2acf22d625bbdfda\
         0180ed08000880088008800c004a6f62734279496400000100050104000165006e002d0055005300",
        "0d8035000800000004000a000000240000006400000000000000010000002a2a2a2a2a2a2a2a2a2a2a2a2a7fd89a91bddfda\
         0180ef02004c56",
    ];
    let times = rows.map(|hex| match decoded(hex, RecordFormat::LargePage).kind {
        RowKind::Table(row) => row.fdp_last_set_time,
        RowKind::Index(row) => row.fdp_last_set_time,
        RowKind::LongValue(row) => row.fdp_last_set_time,
        _ => None,
    });
    assert_eq!(times[0], Some(0x01DA_DFBB_25D6_22CF));
    assert!(times[1].is_some() && times[2].is_some());
}

#[test]
fn the_unique_unicode_index_of_catalog1_has_its_own_key_size() {
    let row = decoded(
        "0b8929000e00000003000f0000002a000000630000000f440100000000002a2a2a01040300e80380f90b000b800b800b800f000f80\
         0f800f8017002700737472696e67496e646578000000010e0206000e02060001000000ee575c1e00b4d0000bb1e11e0501044001\
         65006e002d0055005300",
        RecordFormat::SmallPage,
    );
    let RowKind::Index(index) = row.kind else { panic!("no index") };
    assert_eq!((index.key_most, index.var_seg_mac), (Some(1000), None));
    assert_eq!(index.segments, [IndexSegment::ascending(256)]);
}

/// A row that has every column its type knows.
fn full_rows() -> Vec<CatalogRow> {
    let hints =
        PersistedSpaceHints { grbit: 0x12, extent_bytes_max: 65536, ..PersistedSpaceHints::default() };
    let deferred = PersistedSpaceHints { initial_density: 70, ..PersistedSpaceHints::default() };
    let name = |text: &str| ObjectName::new(text.as_bytes()).expect("a good name");
    let kinds = vec![
        RowKind::Table(TableRow {
            fdp_page: 99,
            density: 80,
            flags: TableFlags::DERIVED,
            pages: 4,
            root_flag: Some(0xFF),
            stats: Some(vec![1; 20]),
            template_table: Some(name("Template")),
            separate_lv: Some(512),
            space_hints: Some(hints),
            deferred_lv_hints: Some(deferred),
            lv_chunk_bytes: Some(1000),
            fdp_last_set_time: Some(1),
        }),
        RowKind::Column(ColumnRow {
            column_type: ColumnType::LongText,
            bytes_max: 0,
            flags: ColumnFlags::USER_DEFINED_DEFAULT | ColumnFlags::DEFAULT,
            code_page: 1200,
            record_offset: None,
            default: None,
            callback: Some(b"dll!function".to_vec()),
            callback_data: Some(LongColumn::Separated(crate::long_value::LongValueId::WIDE_FIRST)),
            callback_dependencies: Some(LongColumn::Inline(vec![1, 0])),
        }),
        RowKind::Index(IndexRow {
            fdp_page: 100,
            density: 90,
            flags: IndexFlags::UNIQUE | IndexFlags::EXTENDED_SEGMENTS,
            locale_id: 1033,
            segments: vec![IndexSegment::descending(5), IndexSegment::ascending(300)],
            conditions: vec![IndexSegment { flags: SegmentFlags::MUST_BE_NULL, fid: 256 }],
            key_most: Some(600),
            var_seg_mac: Some(20),
            tuple_limits: Some(TupleLimits::DEFAULT),
            lcmap_flags: Some(LCMAP_FLAGS_DEFAULT),
            locale_name: Some(vec![b'd', 0, b'e', 0]),
            sort_version: Some(SortVersion(0x0006_0305_0006_0305)),
            sort_id: Some([7; SORT_ID_BYTES]),
            stats: Some(vec![2; 20]),
            space_hints: Some(hints),
            fdp_last_set_time: Some(2),
        }),
        RowKind::LongValue(LongValueRow {
            fdp_page: 101,
            space_hints: Some(hints),
            ..LongValueRow::default()
        }),
        RowKind::Callback(CallbackRow { callback_types: 3, function: b"dll!f".to_vec() }),
        RowKind::Obsolete(ObsoleteRow {
            row_type: RowType::SlvAvail,
            fdp_page: 5,
            density: 80,
            flags: 0,
            pages: 1,
        }),
    ];
    kinds.into_iter().map(|kind| CatalogRow { objid_table: 9, id: 10, name: name("Name"), kind }).collect()
}

#[test]
fn rows_with_every_column_survive_on_small_and_large_pages() {
    for format in [RecordFormat::SmallPage, RecordFormat::LargePage] {
        for row in full_rows() {
            let record = row.encode(format).expect("it fits");
            let view = RecordView::parse(&record, format).expect("our own");
            assert_eq!(CatalogRow::decode(&view), Ok(row));
        }
    }
}

#[test]
fn segment_arrays_of_both_forms_are_read_and_kept() {
    let segments = decode_segments(&bytes("000002000000030040000900")).expect("an array");
    assert_eq!(
        segments,
        [IndexSegment::ascending(2), IndexSegment::ascending(3), IndexSegment::descending(9)]
    );
    assert_eq!(encode_segments(&segments), bytes("000002000000030040000900"));
    assert!(decode_segments(&[0; 5]).is_err());
    assert!(decode_segments(&[0; 68]).is_err());
    let mut old = full_rows().swap_remove(2);
    let RowKind::Index(index) = &mut old.kind else { panic!("no index") };
    index.flags.remove(IndexFlags::EXTENDED_SEGMENTS);
    let record = old.encode(RecordFormat::SmallPage).expect("it fits");
    let view = RecordView::parse(&record, RecordFormat::SmallPage).expect("our own");
    assert_eq!(
        CatalogRecord::decode(&view).expect("a row").key_fields.as_deref(),
        Some(&[0xFB, 0xFF, 0x2C, 1][..])
    );
    assert_eq!(CatalogRow::decode(&view), Ok(old));
}

#[test]
fn space_hints_leave_out_trailing_zeros_and_refuse_what_is_no_array() {
    let hints = PersistedSpaceHints { grbit: 2, growth: 150, ..PersistedSpaceHints::default() };
    let encoded = hints.encode(SpaceHintsKind::Table).expect("not all zero");
    assert_eq!(encoded, bytes("01 02000000 00000000 96000000"));
    assert_eq!(PersistedSpaceHints::decode(&encoded, SpaceHintsKind::Table), Ok(hints));
    assert_eq!(PersistedSpaceHints::default().encode(SpaceHintsKind::Table), None);
    for (bad, kind) in [
        (vec![], SpaceHintsKind::Table),
        (vec![2], SpaceHintsKind::Table),
        (vec![1, 0], SpaceHintsKind::Table),
        ([&[1][..], &[0; 24]].concat(), SpaceHintsKind::Table),
        ([&[1][..], &[0; 32]].concat(), SpaceHintsKind::DeferredLongValue),
    ] {
        let error = PersistedSpaceHints::decode(&bad, kind).expect_err("no hints");
        assert_eq!(error.jet(), JetError::CATALOG_CORRUPTED);
    }
}

#[test]
fn tuple_limits_have_a_short_and_a_long_form() {
    let short = TupleLimits::decode(&bytes("03000000 0A000000 FF7F0000")).expect("limits");
    assert_eq!((short.increment(), short.start(), short.encode().len()), (1, 0, 12));
    assert_eq!(TupleLimits::decode(&TupleLimits::DEFAULT.encode()), Ok(TupleLimits::DEFAULT));
    for bad in ["", "01000000 0A000000 FF7F0000", "03000000 02000000 FF7F0000", "03000000 0A000000 00800000"]
    {
        assert!(TupleLimits::decode(&bytes(bad)).is_err(), "{bad}");
    }
}

#[test]
fn names_follow_the_rules_and_compare_without_ascii_case() {
    assert_eq!(ObjectName::new(b"Table  ").expect("a name").as_bytes(), b"Table");
    assert!(ObjectName::new(&[b'x'; 64]).is_ok());
    for bad in [&b""[..], b" x", b"a.b", b"a!b", b"[x]", b"a\tb", &[b'x'; 65]] {
        assert_eq!(ObjectName::new(bad).expect_err("no name").jet(), JetError::INVALID_NAME);
    }
    let name = ObjectName::new(b"Gr\xF6\xDFe").expect("a name");
    assert!(name.is(b"GR\xF6\xDFE"));
    assert!(!name.is(b"GR\xD6\xDFE"));
    assert_eq!(name.to_string(), "Größe");
    assert!(schema::is_system_table(&ObjectName::new(b"msysOBJECTS").expect("a name")));
}

fn table_row(flags: TableFlags, template: Option<&str>) -> CatalogRow {
    let template_table = template.map(|name| ObjectName::new(name.as_bytes()).expect("a name"));
    let kind = RowKind::Table(TableRow { flags, template_table, fdp_page: 50, ..TableRow::default() });
    CatalogRow { objid_table: 20, id: 20, name: ObjectName::new(b"T").expect("a name"), kind }
}

fn column_row(
    fid: u32,
    name: &str,
    column_type: ColumnType,
    offset: Option<u16>,
    flags: ColumnFlags,
) -> CatalogRow {
    let kind = RowKind::Column(ColumnRow {
        column_type,
        bytes_max: column_type.fixed_size().map_or(4, u32::from),
        flags,
        code_page: 0,
        record_offset: offset,
        default: None,
        callback: None,
        callback_data: None,
        callback_dependencies: None,
    });
    CatalogRow { objid_table: 20, id: fid, name: ObjectName::new(name.as_bytes()).expect("a name"), kind }
}

fn plain_column(fid: u32, name: &str, column_type: ColumnType, offset: Option<u16>) -> CatalogRow {
    column_row(fid, name, column_type, offset, ColumnFlags::empty())
}

#[test]
fn deleted_and_missing_fixed_columns_keep_their_place() {
    let rows = [
        table_row(TableFlags::empty(), None),
        plain_column(1, "A", ColumnType::Long, Some(4)),
        plain_column(2, "JetStub_20_2", ColumnType::Nil, Some(8)),
        plain_column(5, "B", ColumnType::Short, None),
        plain_column(256, "C", ColumnType::LongText, None),
    ];
    let table = TableDefinition::from_rows(&rows, None).expect("a table");
    let place =
        |fid| table.layout.column(ColumnId::own(fid)).map(|column| (column.location, column.is_deleted()));
    assert_eq!(place(2), Some((ColumnLocation::Fixed { fid: 2, offset: 8, size: 4 }, true)));
    assert_eq!(place(3), Some((ColumnLocation::Fixed { fid: 3, offset: 12, size: 1 }, true)));
    assert_eq!(place(5), Some((ColumnLocation::Fixed { fid: 5, offset: 14, size: 2 }, false)));
    assert_eq!(table.layout.fixed_end(), 16);
    assert_eq!(table.layout.column_named(b"b").map(|column| column.id), Some(ColumnId::own(5)));
    assert!(table.layout.column_named(b"JetStub_20_2").is_none());
}

#[test]
fn a_derived_table_goes_on_where_its_template_ends() {
    let of_template = ColumnFlags::TEMPLATE_COLUMN;
    let template = TableDefinition::from_rows(
        &[
            table_row(TableFlags::TEMPLATE | TableFlags::FIXED_DDL, None),
            column_row(1, "K", ColumnType::Long, Some(4), of_template),
            column_row(256, "X", ColumnType::LongText, None, of_template),
        ],
        None,
    )
    .expect("a template");
    assert!(template.layout.columns().iter().all(|column| column.id.is_template()));
    let own = [
        plain_column(2, "Own", ColumnType::Long, Some(8)),
        plain_column(256, "Y", ColumnType::LongText, None),
    ];
    let rows = [&[table_row(TableFlags::DERIVED, Some("T"))][..], &own].concat();
    let derived = TableDefinition::from_rows(&rows, Some(&template)).expect("a derived table");
    let location = |id| derived.layout.column(id).map(|column| column.location);
    assert_eq!(location(ColumnId::template(256)), Some(ColumnLocation::Tagged { fid: 256, derived: true }));
    assert_eq!(location(ColumnId::own(256)), Some(ColumnLocation::Tagged { fid: 256, derived: false }));
    assert_eq!(derived.layout.column_at(256, true).map(|column| column.name.as_slice()), Some(&b"X"[..]));
    assert_eq!(derived.layout.column_at(256, false).map(|column| column.name.as_slice()), Some(&b"Y"[..]));
    assert_eq!(derived.layout.column_at(1, true).map(|column| column.name.as_slice()), Some(&b"K"[..]));
    let clash = [
        &[table_row(TableFlags::DERIVED, Some("T"))][..],
        &[plain_column(1, "K2", ColumnType::Long, Some(4))],
    ];
    let error = TableDefinition::from_rows(&clash.concat(), Some(&template)).expect_err("a clash");
    assert_eq!(error.jet(), JetError::DERIVED_COLUMN_CORRUPTION);
}

#[test]
fn rows_out_of_order_or_of_missing_columns_are_catalog_corruption() {
    let table = || table_row(TableFlags::empty(), None);
    let column = || plain_column(1, "A", ColumnType::Long, Some(4));
    let tree = || full_rows().swap_remove(3);
    let mut index = full_rows().swap_remove(2);
    index.objid_table = 20;
    for rows in [
        vec![],
        vec![column()],
        vec![table(), table()],
        vec![table(), tree()],
        vec![table(), index.clone(), column()],
        vec![table(), column(), index],
        vec![table(), plain_column(0, "A", ColumnType::Long, Some(4))],
        vec![table(), plain_column(0xFFFF, "A", ColumnType::Long, None)],
        vec![table_row(TableFlags::DERIVED, Some("T")), column()],
    ] {
        let error = TableDefinition::from_rows(&rows, None).expect_err("corrupted");
        assert_eq!(error.jet(), JetError::CATALOG_CORRUPTED);
    }
}

proptest! {
    #[test]
    fn hostile_catalog_records_never_panic(
        which in 0..6usize, at in 0..200usize, byte in any::<u8>(), cut in 0..200usize, large in any::<bool>(),
    ) {
        let format = if large { RecordFormat::LargePage } else { RecordFormat::SmallPage };
        let mut record = full_rows()[which].encode(format).expect("it fits");
        let at = at % record.len();
        record[at] = byte;
        if cut % 3 == 0 {
            record.truncate(cut);
        }
        let row = RecordView::parse(&record, format).and_then(|view| CatalogRow::decode(&view));
        if let Ok(row) = row {
            let _ = row.encode(format);
            let _ = TableDefinition::from_rows(&[row], None);
        }
    }
}
