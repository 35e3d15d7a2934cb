//! Names of the record types in text dumps: nine columns (spec 10 §6.3.2). The full names of the format are those of
//! [`RecordType`].

use ese_format::log::RecordType;

/// `(type, name)`, ascending.
#[rustfmt::skip]
const NAMES: &[(u8, &str)] = &[
    (0, "NOP"), (1, "Init"), (2, "Term"), (3, "MS"), (4, "End"), (5, "Begin"), (6, "Commit"),
    (7, "Rollback"), (8, "Begin0"), (9, "Commit0"), (10, "Refresh"), (11, "McroBegin"), (12, "McroComit"),
    (13, "McroAbort"), (14, "CreateDB"), (15, "AttachDB"), (16, "DetachDB"), (17, "RcvUndo"),
    (18, "RcvQuit"), (19, "FullBkUp"), (20, "IncBkUp"), (21, "JetOp"), (22, "Trace"), (23, "ShutDown"),
    (24, "Create M"), (25, "Create S"), (26, "Convert"), (27, "Split"), (28, "Merge"), (29, "Insert"),
    (30, "FInsert"), (31, "FInsertRD"), (32, "FDelete"), (33, "Replace"), (34, "ReplaceD"), (35, "Delete"),
    (36, "UndoInfo"), (37, "Delta"), (38, "SetExtHdr"), (39, "Undo"), (42, "Checksum"), (45, "ExtRest"),
    (46, "Backup"), (48, "EmptyTree"), (49, "Init"), (50, "Term"), (51, "RcvUndo"), (52, "RcvQuit"),
    (53, "BeginDT"), (54, "PreCommit"), (55, "PreRollbk"), (56, "DbList"), (57, "FWriteLog"),
    (58, "Convert"), (59, "ExtRest2"), (60, "Backup2"), (61, "FRollLog"), (62, "Split2"), (63, "Merge2"),
    (64, "Scrub"), (65, "PageMove"), (66, "PagePatch"), (67, "McroInfo"), (68, "ExtendDB"),
    (69, "CommitCtx"), (70, "ScanCheck"), (71, "NOP2"), (72, "ReAttach"), (73, "McroInfo2"),
    (74, "FreeFDP"), (75, "Ignored"), (76, "FragBegin"), (77, "FragContd"), (78, "ShrinkDB"),
    (79, "CrDBFinsh"), (80, "RcvQKA"), (81, "TrimDB"), (82, "Ignored"), (83, "Ignored"), (84, "Ignored"),
    (85, "Ignored"), (86, "Ignored"), (87, "Ignored"), (88, "Ignored"), (89, "Ignored"), (90, "Ignored"),
    (91, "Ignored"), (92, "SetDbVer"), (93, "Delta64"), (94, "ShrinkDB2"), (95, "NewPage"),
    (96, "PageMoveR"), (97, "SAttachDB"), (98, "ScanChk2"), (99, "ShrinkDB3"), (100, "ExtFreed"),
    (101, "ExtFreed2"),
];

/// The name in text dumps, at most nine characters, without padding.
pub(crate) fn dump_name(record_type: u8) -> &'static str {
    let found = NAMES.binary_search_by_key(&record_type, |(number, _)| *number).ok();
    found.and_then(|found| NAMES.get(found)).map_or("*UNKNOWN*", |(_, name)| *name)
}

/// The name of the type in the format, where the type is known.
pub(crate) fn type_name(record_type: u8) -> Option<&'static str> {
    RecordType::from_code(record_type).map(RecordType::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_readable_type_has_a_name_of_nine_columns_at_most() {
        assert!(NAMES.is_sorted_by(|left, right| left.0 < right.0));
        assert!(NAMES.iter().all(|(_, name)| name.len() <= 9));
        for record_type in RecordType::ALL {
            let obsolete = matches!(*record_type as u8, 40 | 41 | 43 | 44 | 47);
            assert_eq!(dump_name(*record_type as u8) == "*UNKNOWN*", obsolete, "{record_type}");
        }
        assert_eq!((dump_name(49), type_name(49)), ("Init", Some("Init2")));
        assert_eq!((dump_name(102), type_name(102)), ("*UNKNOWN*", None));
    }
}
