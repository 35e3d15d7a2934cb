//! Every checkpoint at hand, and which copy wins.

use ese_corpus::{corpus, files_ending, skipped};
use ese_format::attach_list::{AttachInfo, AttachListBuilder, Attachment};
use ese_format::checkpoint::{
    CHECKPOINT_BYTES, CHECKPOINT_FILE_BYTES, Checkpoint, CheckpointCopy, CheckpointFlags,
};
use ese_format::error::{FormatResult, JetError};
use ese_format::lgpos::Lgpos;
use ese_format::log::LogVersion;
use ese_format::signature::Signature;
use zerocopy::IntoBytes;

#[test]
fn every_copy_of_every_checkpoint_recomputes_to_its_stored_checksum() {
    let Some(folder) = corpus() else { return skipped("every_copy_of_every_checkpoint_recomputes") };
    let (mut copies, mut files, mut attachments) = (0, 0, 0);
    for file in files_ending(&folder, &[".chk", ".jcp"]) {
        let bytes = file.bytes();
        assert_eq!(bytes.len(), CHECKPOINT_FILE_BYTES, "{}", file.name);
        for (copy, start) in [(CheckpointCopy::First, 0), (CheckpointCopy::Second, CHECKPOINT_BYTES)] {
            let stored =
                Checkpoint::read_copy(&bytes, copy).unwrap_or_else(|error| panic!("{}: {error}", file.name));
            assert_eq!(stored.as_bytes(), &bytes[start..start + CHECKPOINT_BYTES]);
            let mut resealed = *stored;
            resealed.checksum = 0.into();
            resealed.seal();
            assert_eq!(resealed, *stored, "{}", file.name);
            copies += 1;
        }
        let (checkpoint, copy) = Checkpoint::read(&bytes).expect("both copies are good");
        assert_eq!(copy, CheckpointCopy::First);
        assert!(checkpoint.checkpoint.generation.get() >= 1, "{}", file.name);
        assert!(checkpoint.consistent_from() >= checkpoint.checkpoint, "{}", file.name);
        if let Some(list) = checkpoint.attachments(LogVersion::MAX) {
            for attachment in list {
                let attachment = attachment.unwrap_or_else(|error| panic!("{}: {error}", file.name));
                assert!(attachment.info.attach < checkpoint.checkpoint, "{}", file.name);
                attachments += 1;
            }
        }
        files += 1;
    }
    ese_corpus::report!("{files} checkpoints, {copies} copies recomputed, {attachments} attachments");
    assert!(files >= 10);
}

#[test]
fn the_checkpoints_of_the_specification_have_their_positions_and_checksums() {
    let Some(folder) = corpus() else { return skipped("the_checkpoints_of_the_specification") };
    let expected = [
        ("windows/ntds/edb.chk", 0x5A30_9B63, Lgpos::new(3, 0x2F3, 0)),
        ("windows/srum-belkasoft/Dirty/SRU.chk", 0xAFA4_178D, Lgpos::new(0x51, 9, 0)),
        ("windows/srum-aptsimulator/SRU.chk", 0x9FC0_61B4_u32, Lgpos::new(0x20, 0xE, 0)),
    ];
    for (name, checksum, position) in expected {
        let bytes = ese_corpus::file(&folder, name).expect("in the corpus").bytes();
        let (checkpoint, _) = Checkpoint::read(&bytes).expect("a good checkpoint");
        assert_eq!((checkpoint.checksum.get(), checkpoint.checkpoint), (checksum, position), "{name}");
    }
}

fn sample() -> Checkpoint {
    let mut checkpoint = Checkpoint::zeroed();
    checkpoint.checkpoint = Lgpos::new(7, 3, 0x123);
    checkpoint.file_type = 4.into();
    checkpoint.flags = CheckpointFlags::ATTACH_LIST.bits();
    let mut list = AttachListBuilder::default();
    list.push(attach_info(1), "/data/a.edb").expect("it fits");
    checkpoint.attach_list = list.build();
    checkpoint.seal();
    checkpoint
}

fn attach_info(dbid: u8) -> AttachInfo {
    AttachInfo {
        dbid,
        flags: 0,
        path_length: 0.into(),
        dbtime: 77.into(),
        objid_last: 5.into(),
        max_pages: 0.into(),
        attach: Lgpos::new(6, 1, 0),
        consistent: Lgpos::NULL,
        database_signature: Signature::default(),
    }
}

#[test]
fn the_second_copy_is_read_when_the_first_is_damaged_and_neither_when_both_are() {
    let good = sample().to_file();
    assert_eq!(Checkpoint::read(&good).map(|(_, copy)| copy), Ok(CheckpointCopy::First));
    let mut torn = good.clone();
    torn[100] ^= 1;
    assert_eq!(Checkpoint::read(&torn), Ok((&sample(), CheckpointCopy::Second)));
    torn[CHECKPOINT_BYTES + 100] ^= 1;
    assert_eq!(Checkpoint::read(&torn).map_err(|error| error.jet()), Err(JetError::CHECKPOINT_CORRUPT));
    let mut other = sample();
    other.file_type = 3.into();
    other.seal();
    assert_eq!(
        Checkpoint::read(&other.to_file()).map_err(|error| error.jet()),
        Err(JetError::FILE_INVALID_TYPE)
    );
}

#[test]
fn a_checkpoint_cut_anywhere_is_an_error_or_its_whole_first_copy() {
    let good = sample().to_file();
    for length in 0..good.len() {
        let read = Checkpoint::read(&good[..length]);
        assert_eq!(read.is_ok(), length >= CHECKPOINT_BYTES, "{length}");
    }
}

#[test]
fn the_attach_list_counts_only_with_its_flag_and_a_log_that_knows_it() {
    let checkpoint = sample();
    let paths = |version| {
        let list = checkpoint.attachments(version)?;
        Some(list.map(|entry| entry.expect("sound").path.to_text().into_owned()).collect::<Vec<_>>())
    };
    assert_eq!(paths(LogVersion::segmented(60, 140)), Some(vec!["/data/a.edb".to_owned()]));
    assert_eq!(paths(LogVersion::segmented(4, 2)), None);
    let mut without = checkpoint;
    without.flags = 0;
    assert!(without.attachments(LogVersion::MAX).is_none());
}

#[test]
fn an_attach_list_that_runs_out_of_its_bytes_is_an_error_and_stale_bytes_are_not_read() {
    let mut list = AttachListBuilder::default();
    for dbid in 1..=6 {
        list.push(attach_info(dbid), "/some/where/database.edb").expect("six fit");
    }
    assert!(list.push(attach_info(6), "again").is_err(), "dbids ascend");
    let mut long = list.clone();
    let error = long.push(attach_info(7), &"x".repeat(900)).expect_err("beyond 2048 bytes");
    assert_eq!(error.jet(), JetError::TOO_MANY_ATTACHED_DATABASES);
    let mut checkpoint = sample();
    checkpoint.attach_list = list.build();
    fn read(checkpoint: &Checkpoint) -> Vec<FormatResult<Attachment<'_>>> {
        checkpoint.attachments(LogVersion::MAX).expect("the flag is set").collect()
    }
    assert_eq!(read(&checkpoint).len(), 6);
    assert!(read(&checkpoint).iter().all(Result::is_ok));
    // A path said to be longer than the list.
    checkpoint.attach_list[2..4].copy_from_slice(&0xFFFF_u16.to_le_bytes());
    let entries = read(&checkpoint);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].as_ref().map_err(|error| error.field()), Err("attach list path"));
    // Only the first byte is cleared at a clean end.
    checkpoint.attach_list[0] = 0;
    assert!(read(&checkpoint).is_empty());
}
