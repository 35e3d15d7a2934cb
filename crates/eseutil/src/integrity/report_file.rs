//! `<prefix>.INTEG.RAW`: what was looked at and what was found, in the words scripts look for (spec 10 §7).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::Instant;

use ese_engine::catalog::TableSchema;
use ese_engine::database::Database;
use ese_engine::verify::{Finding, Severity, VerifyReport};
use ese_format::catalog::{MSYSOBJECTS, MSYSOBJECTS_SHADOW};

use super::{Checked, report_path};
use crate::command_line::{CheckOptions, Settings};
use crate::failure::{CommandResult, Failure};

const SYSTEM_LINES: &str = "\
checking system tables
MSysObjects\x20
MSysObjectsShadow\x20
";

/// The report, where one is written.
pub(super) struct ReportFile {
    open: Option<(PathBuf, BufWriter<File>)>,
}

impl ReportFile {
    /// Creates the file, over an older one, and writes what is known before the check.
    pub(super) fn begin(
        source: &Path,
        options: &CheckOptions,
        settings: &Settings,
        bytes: u64,
        is_clean: bool,
    ) -> CommandResult<Self> {
        let Some(path) = report_path(source, options, settings) else { return Ok(Self { open: None }) };
        let file = File::create(&path).map_err(|error| Failure::of_io(&error, &path))?;
        let mut report = Self { open: Some((path, BufWriter::new(file))) };
        let name = source.display();
        let version = env!("CARGO_PKG_VERSION");
        report.write(&format!(
            "***** Integrity check of database '{name}' started [libesent {version}]\n\n\
             search for 'ERROR:' to find errors\nsearch for 'WARNING:' to find warnings\n\
             checking database header\n"
        ))?;
        if is_clean {
            report.size(&name.to_string(), bytes)?;
        } else {
            report.write("ERROR: database was not shutdown cleanly (Dirty Shutdown)\n")?;
        }
        Ok(report)
    }

    fn size(&mut self, name: &str, bytes: u64) -> CommandResult {
        self.write(&format!(
            "database file \"{name}\" is {bytes} bytes\ndatabase file \"{name}\" is {bytes} bytes on disk.\n"
        ))
    }

    /// Nobody wanted the dirty database checked.
    pub(super) fn refused(mut self, started: Instant) -> CommandResult {
        self.end("\n", started)
    }

    /// Writes what was found.
    pub(super) fn checked(mut self, checked: &Checked, is_clean: bool, started: Instant) -> CommandResult {
        if self.open.is_none() {
            return Ok(());
        }
        self.write("Creating 1 threads\nchecking SystemRoot\nSystemRoot (OE)\nSystemRoot (AE)\n")?;
        let verdict = match checked {
            Checked::Report(report, database) => {
                self.findings(report, |finding| finding.place.table.is_none())?;
                self.write(SYSTEM_LINES)?;
                let of_catalog = |finding: &Finding| {
                    finding.place.table.as_deref().is_some_and(|table| table.starts_with("MSysObjects"))
                };
                self.findings(report, of_catalog)?;
                if checked.is_catalog_damaged() {
                    "The catalog is corrupted. not all tables could be checked\n"
                } else {
                    self.write(
                        "MSysObjects Name\nMSysObjects RootObjects\nrebuilding and comparing indexes\n\
                         checking logical consistency of system tables\nMSysObjects\nMSysObjectsShadow\nMSysObjids\n",
                    )?;
                    if let Some(database) = database {
                        self.tables(database, report)?;
                    }
                    self.file_size(report)?;
                    if is_clean && report.is_sound() {
                        "\nIntegrity check successful.\n\n"
                    } else {
                        "\nIntegrity check completed. Database is CORRUPTED!\n\n"
                    }
                }
            }
            Checked::NotOpened(error) => {
                self.write(&format!("{SYSTEM_LINES}ERROR: {error}\n"))?;
                "The catalog is corrupted. not all tables could be checked\n"
            }
        };
        self.end(verdict, started)
    }

    fn file_size(&mut self, report: &VerifyReport) -> CommandResult {
        let (owned, file) = (report.counts.owned_pages, report.counts.file_pages);
        if file > owned {
            let line =
                format!("WARNING: Database file is too big (expected {owned} pages, file is {file} pages)\n");
            self.write(&line)?;
        }
        Ok(())
    }

    fn tables(&mut self, database: &Database, report: &VerifyReport) -> CommandResult {
        let Ok(tables) = database.tables() else { return Ok(()) };
        for schema in &tables {
            // The catalog has its lines already.
            if ![MSYSOBJECTS.0, MSYSOBJECTS_SHADOW.0].contains(&schema.definition().objid) {
                self.table(schema, report)?;
            }
        }
        Ok(())
    }

    fn table(&mut self, schema: &TableSchema, report: &VerifyReport) -> CommandResult {
        let (name, thread) = (schema.name(), process::id());
        let definition = schema.definition();
        let objid = definition.objid;
        let start = format!("{name}:\t{thread}:\t");
        let mut lines = vec![format!("checking table \"{name}\" ({objid})")];
        let long_values = definition.long_values.as_ref().map(|(objid, _)| objid);
        lines.extend(long_values.map(|objid| format!("checking long value tree ({objid})")));
        lines.push("checking data".to_owned());
        let secondary: Vec<_> = schema.indexes().iter().filter(|index| !index.is_primary()).collect();
        let checking = secondary.iter().rev();
        lines.extend(checking.map(|index| format!("checking index \"{}\" ({})", index.name, index.objid)));
        lines.extend(long_values.map(|_| "checking LV refcounts".to_owned()));
        if !secondary.is_empty() {
            lines.push("rebuilding and comparing indexes".to_owned());
        }
        for line in lines {
            self.write(&format!("{start}{line}\n"))?;
        }
        let of_table = |finding: &Finding| finding.place.table.as_deref() == Some(name.as_str());
        let damaged = report.damage().find(|finding| of_table(finding)).is_some();
        for finding in report.findings.iter().filter(|finding| of_table(finding)) {
            self.write(&format!("{start}{}\n", line_of(finding)))?;
        }
        let (error, bad) = if damaged { (-1206, "ERROR: ") } else { (0, "") };
        self.write(&format!(
            "{start}{bad}integrity-check of table \"{name}\" ({objid}) finishes with error {error} ({error:#x}) \
             after 0 seconds\n"
        ))
    }

    /// Findings of the main thread. That the file is longer than what is owned has a line of its own.
    fn findings(&mut self, report: &VerifyReport, wanted: impl Fn(&Finding) -> bool) -> CommandResult {
        let of_place = |finding: &&Finding| wanted(finding) && finding.jet.code() != 0;
        for finding in report.findings.iter().filter(of_place) {
            self.write(&format!("{}\n", line_of(finding)))?;
        }
        Ok(())
    }

    fn end(&mut self, verdict: &str, started: Instant) -> CommandResult {
        let seconds = started.elapsed().as_secs();
        self.write(&format!("{verdict}\n\n***** Eseutil completed in {seconds} seconds\n\n"))?;
        match &mut self.open {
            Some((path, file)) => file.flush().map_err(|error| Failure::of_io(&error, path)),
            None => Ok(()),
        }
    }

    fn write(&mut self, text: &str) -> CommandResult {
        match &mut self.open {
            Some((path, file)) => {
                file.write_all(text.as_bytes()).map_err(|error| Failure::of_io(&error, path))
            }
            None => Ok(()),
        }
    }
}

/// One finding as a line.
fn line_of(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "ERROR: ",
        Severity::Warning => "WARNING: ",
    };
    let page = finding.page.map(|page| format!("page {page}: ")).unwrap_or_default();
    let part = finding.place.part.as_ref().map(|part| format!("{part}: ")).unwrap_or_default();
    format!("{severity}{page}{part}{} (error {})", finding.what, finding.jet.code())
}
