//! `eseutil`: dump, verify, export and recover ESE databases at a terminal.
#![forbid(unsafe_code)]

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use eseutil::interruption::Interruptions;
use eseutil::program::{self, Terminal};

fn main() -> ExitCode {
    let stdout = io::stdout();
    let terminal =
        if stdout.is_terminal() && io::stderr().is_terminal() { Terminal::Live } else { Terminal::None };
    let mut out = io::BufWriter::with_capacity(1 << 16, stdout.lock());
    let interruptions = Interruptions::default();
    let status = program::run(std::env::args_os(), &mut out, &mut io::stderr(), terminal, &interruptions);
    // A reader that went away (`eseutil … | head`) is no reason to complain.
    let flushed = out.flush();
    ExitCode::from(if flushed.is_err() && status == 0 { 1 } else { status })
}
