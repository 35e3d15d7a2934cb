//! `/mk`: the checkpoint (spec 10 §6.2), read from the first sound copy.

use std::io::{self, Write};
use std::path::Path;

use ese_format::attach_list::Attachment;
use ese_format::checkpoint::{CHECKPOINT_FILE_BYTES, Checkpoint, CheckpointCopy};
use ese_format::error::JetError;
use ese_format::log::version::LogVersion;
use serde_json::json;

use crate::failure::{CommandResult, Failure};
use crate::log_dump::{Environment, attachment_json, environment_json};
use crate::output::Output;
use crate::source_file::SourceFile;
use crate::text_forms::{LgposText, LogtimeText, SignatureText, lgpos_json, logtime_json, signature_json};

/// Dumps a checkpoint file.
///
/// # Errors
/// JET_errCheckpointFileNotFound, JET_errFileInvalidType when the file is something else, JET_errCheckpointCorrupt when
/// both copies are damaged.
pub fn run(source: &Path, out: &mut Output<'_>) -> CommandResult {
    out.frame(format_args!("      Checkpoint file: {}\n", source.display()))?;
    let result = dump(source, out);
    out.frame(format_args!("{}", if result.is_ok() { "\n\n" } else { "\n\n\n" }))?;
    result
}

fn dump(source: &Path, out: &mut Output<'_>) -> CommandResult {
    let file = SourceFile::open(source).map_err(|failure| match &failure {
        Failure::Jet(jet) if jet.error == JetError::FILE_NOT_FOUND => {
            failure.with_jet(JetError::CHECKPOINT_FILE_NOT_FOUND)
        }
        _ => failure,
    })?;
    let bytes = file.bytes_at(0, CHECKPOINT_FILE_BYTES)?;
    let of_format = |error| Failure::of_format(error, source);
    let (checkpoint, copy) = Checkpoint::read(&bytes).map_err(of_format)?;
    // The flag alone decides: the log that the version would come from is another file.
    let attachments: Vec<_> = match checkpoint.attachments(LogVersion::CHECKPOINT_ATTACH_LIST) {
        Some(list) => list.collect::<Result<_, _>>().map_err(of_format)?,
        None => Vec::new(),
    };
    text(checkpoint, &attachments, out)?;
    out.set(
        "checkpoint",
        json!({
            "copy_used": if copy == CheckpointCopy::First { "primary" } else { "shadow" },
            "checksum": checkpoint.checksum.get(),
            "last_full_backup_checkpoint": lgpos_json(checkpoint.full_backup_checkpoint),
            "checkpoint": lgpos_json(checkpoint.checkpoint),
            "db_consistency": lgpos_json(checkpoint.consistent_from()),
            "full_backup": lgpos_json(checkpoint.full_backup),
            "full_backup_time": logtime_json(&checkpoint.full_backup_time),
            "inc_backup": lgpos_json(checkpoint.incremental_backup),
            "inc_backup_time": logtime_json(&checkpoint.incremental_backup_time),
            "signature": signature_json(&checkpoint.signature),
            "environment": environment_json(&checkpoint.parameters),
            "flags": checkpoint.flags,
            "attachments": attachments.iter().map(attachment_json).collect::<Vec<_>>(),
        }),
    );
    if copy == CheckpointCopy::Second
        && let Err(error) = Checkpoint::read_copy(&bytes, CheckpointCopy::First)
    {
        out.warn("the first copy is damaged, the second was used");
        out.note_damage(&of_format(error))?;
    }
    Ok(())
}

fn text(checkpoint: &Checkpoint, attachments: &[Attachment<'_>], out: &mut Output<'_>) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "      LastFullBackupCheckpoint: {}", LgposText(checkpoint.full_backup_checkpoint))?;
    writeln!(out, "      Checkpoint: {}", LgposText(checkpoint.checkpoint))?;
    writeln!(out, "      DbConsistency: {}", LgposText(checkpoint.consistent_from()))?;
    writeln!(out, "      FullBackup: {}", LgposText(checkpoint.full_backup))?;
    writeln!(out, "      FullBackup time: {}", LogtimeText(&checkpoint.full_backup_time))?;
    writeln!(out, "      IncBackup: {}", LgposText(checkpoint.incremental_backup))?;
    writeln!(out, "      IncBackup time: {}", LogtimeText(&checkpoint.incremental_backup_time))?;
    writeln!(out, "      Signature: {}", SignatureText(&checkpoint.signature))?;
    write!(out, "{}", Environment(&checkpoint.parameters))?;
    attachments.iter().try_for_each(|attachment| attachment_text(attachment, out))
}

fn attachment_text(attachment: &Attachment<'_>, out: &mut Output<'_>) -> io::Result<()> {
    let info = attachment.info;
    let dbtime = info.dbtime.get();
    // The entry stores none of the three; the one list seen (crash-C, a logged database) prints these.
    writeln!(out, "{:>7} {} LogOff VerOn RW", info.dbid, attachment.path.to_text())?;
    writeln!(out, "        dbtime: {dbtime} ({}-{})", dbtime >> 32, dbtime & 0xFFFF_FFFF)?;
    writeln!(out, "        objidLast: {}", info.objid_last)?;
    writeln!(out, "        Signature: {}", SignatureText(&info.database_signature))?;
    writeln!(out, "        MaxDbSize: {} pages", info.max_pages)?;
    writeln!(out, "        Last Attach: {}", LgposText(info.attach))?;
    writeln!(out, "        Last Consistent: {}", LgposText(info.consistent))
}
