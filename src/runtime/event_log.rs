//! Where events go: which file, which page, what was expected. Windows has its event log for them; here they are lines of
//! text with the same numbers (spec 07 §19).
//!
//! ```text
//! ESENT_EVENT_LOG not set      warnings and errors to the system's log (/dev/log), where there is one
//!                 a path       everything, appended to this file
//!                 stderr       everything, to standard error
//!                 off          nowhere
//! ```
//!
//! Invariants: a line is written as a whole and has no control characters, whatever names and values are in it; an event
//! that cannot be written is dropped, and the call that it is about goes on; a program in Rust that has a subscriber of
//! its own keeps it.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Once;

use ese_engine::io::Host;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The variable that says where events go.
const VARIABLE: &str = "ESENT_EVENT_LOG";
/// The system's log.
#[cfg(unix)]
const SYSTEM_LOG: &str = "/dev/log";
/// Facility "user" of the system's log, by eights.
#[cfg(unix)]
const USER: u32 = 1 << 3;
/// Longest line in bytes: what fits into a datagram everywhere.
const LINE_BYTES_MAX: usize = 8 << 10;

/// Opens the log, once in a process: when its first instance is made.
pub fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Some(place) = Place::of(std::env::var_os(VARIABLE).as_deref()) {
            // Somebody else listens already: then they hear everything.
            let _ = tracing::subscriber::set_global_default(EventLog { place });
        }
    });
}

/// Where lines go.
#[derive(Debug)]
enum Place {
    File(File),
    StandardError,
    #[cfg(unix)]
    System(std::os::unix::net::UnixDatagram),
}

impl Place {
    fn of(variable: Option<&std::ffi::OsStr>) -> Option<Self> {
        match variable {
            None => Self::system(),
            Some(name) if name.is_empty() || name == "off" => None,
            Some(name) if name == "stderr" => Some(Self::StandardError),
            // A pipe that nobody reads would keep the program waiting.
            Some(name) if is_pipe(Path::new(name)) => None,
            Some(name) => {
                File::options().append(true).create(true).open(Path::new(name)).ok().map(Self::File)
            }
        }
    }

    #[cfg(unix)]
    fn system() -> Option<Self> {
        let socket = std::os::unix::net::UnixDatagram::unbound().ok()?;
        socket.connect(SYSTEM_LOG).ok()?;
        // A log that does not listen keeps nobody waiting.
        socket.set_nonblocking(true).ok()?;
        Some(Self::System(socket))
    }

    #[cfg(not(unix))]
    fn system() -> Option<Self> {
        None
    }

    /// The least grave events that are written.
    fn least(&self) -> LevelFilter {
        match self {
            Self::File(_) | Self::StandardError => LevelFilter::INFO,
            #[cfg(unix)]
            Self::System(_) => LevelFilter::WARN,
        }
    }

    fn write(&self, level: Level, words: &str) {
        let process = std::process::id();
        // What cannot be written is dropped.
        let _ = match self {
            Self::File(file) => (&mut &*file).write_all(line(level, process, words).as_bytes()),
            Self::StandardError => std::io::stderr().write_all(line(level, process, words).as_bytes()),
            #[cfg(unix)]
            Self::System(socket) => {
                let grave = if level == Level::ERROR { 3 } else { 4 };
                let text = format!("<{}>esent[{process}]: {words}", USER | grave);
                let send = || socket.send(text.as_bytes()).map(|_| ());
                // A log that was started anew has another socket under the same name.
                send().or_else(|_| socket.connect(SYSTEM_LOG).and_then(|()| send()))
            }
        };
    }
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

/// A line of a file: the time, the process, how grave it is, and the words.
fn line(level: Level, process: u32, words: &str) -> String {
    let now = Host::system().clock.logtime();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z esent[{process}] {level} {words}\n",
        now.year(),
        now.month,
        now.day,
        now.hours,
        now.minutes,
        now.seconds,
        now.milliseconds()
    )
}

/// The listener.
#[derive(Debug)]
struct EventLog {
    place: Place,
}

impl Subscriber for EventLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours =
            ["ese_engine", "ese_format", "esent"].iter().any(|name| metadata.target().starts_with(name));
        is_ours && metadata.is_event() && *metadata.level() <= self.place.least()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.place.least())
    }

    fn event(&self, event: &Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        self.place.write(*event.metadata().level(), &words.finish());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What an event says: the values by their names, then the sentence.
#[derive(Debug, Default)]
struct Words {
    values: String,
    sentence: String,
}

impl Words {
    fn finish(self) -> String {
        let Self { values, sentence } = self;
        let separator = if values.is_empty() || sentence.is_empty() { "" } else { " " };
        [values.as_str(), separator, sentence.as_str()].concat()
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(Plain(&mut self.sentence), "{value:?}");
            return;
        }
        let space = if self.values.is_empty() { "" } else { " " };
        let _ = write!(self.values, "{space}{}=", field.name());
        let _ = write!(Plain(&mut self.values), "{value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

/// Text without control characters, and of bounded length.
struct Plain<'t>(&'t mut String);

impl fmt::Write for Plain<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.0.len() >= LINE_BYTES_MAX {
                break;
            }
            match character.is_control() {
                true => self.0.extend(character.escape_default()),
                false => self.0.push(character),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_with_its_number_its_values_and_its_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let log = EventLog { place: Place::of(Some(path.as_os_str())).unwrap() };
        tracing::subscriber::with_default(log, || {
            tracing::error!(target: "ese_engine::restore", event = 454, path = %"/d/a\nb.edb", "it\tfailed");
            tracing::info!(target: "ese_engine::restore", text = "x", "told");
            tracing::debug!(target: "ese_engine::restore", "not told");
            tracing::error!(target: "somebody", "not ours");
        });
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].ends_with(r" ERROR event=454 path=/d/a\nb.edb it\tfailed"), "{text}");
        assert!(lines[1].ends_with(" INFO text=x told"), "{text}");
        let (time, rest) = lines[0].split_once(' ').unwrap();
        assert_eq!((time.len(), &time[10..11], &time[23..]), (24, "T", "Z"), "{time}");
        assert!(rest.starts_with(&format!("esent[{}]", std::process::id())), "{rest}");
    }

    #[test]
    fn nothing_goes_anywhere_when_it_is_off_or_the_file_cannot_be_opened() {
        assert!(Place::of(Some("off".as_ref())).is_none());
        assert!(Place::of(Some("".as_ref())).is_none());
        assert!(Place::of(Some("/dev/null/events".as_ref())).is_none());
        assert!(matches!(Place::of(Some("stderr".as_ref())), Some(Place::StandardError)));
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|status| status.success()) {
            assert!(Place::of(Some(pipe.as_os_str())).is_none(), "nobody reads it");
        }
    }

    #[test]
    fn a_line_has_an_end_however_long_a_value_is() {
        let mut text = String::new();
        let _ = write!(Plain(&mut text), "{}", "é\n".repeat(1 << 20));
        assert!(text.len() < LINE_BYTES_MAX + 8, "{}", text.len());
    }
}
