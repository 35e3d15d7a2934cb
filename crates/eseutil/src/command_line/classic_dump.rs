//! The switches of the file dumps `/m…` (spec 10 §5).
//!
//! Switches act on the dump that is known when they are read, so their order matters: `/k` must follow `/p`, `/d` must
//! follow `/k`. A switch of another dump is refused without a sentence, but `/s`, `/x` and a `/c<file>` are ignored.

use std::path::PathBuf;

use super::classic::{FormatVersion, Switches, invalid_option};
use super::words::{Words, set_once};
use super::{
    Command, Dump, DumpKind, DumpOptions, GenerationRange, PageRange, SpaceTrees, UsageError, Verbosity,
    Wanted,
};
use crate::space_dump::fields;

/// What was read of a `/m…` command line.
pub(super) struct DumpSwitches {
    kind: DumpKind,
    options: DumpOptions,
}

impl DumpSwitches {
    /// `/m` without modifier.
    pub(super) fn header() -> Self {
        Self { kind: DumpKind::Header, options: DumpOptions::default() }
    }

    /// `/m<letter>`.
    pub(super) fn with_modifier(letter: char) -> Option<Self> {
        let kind = match letter.to_ascii_lowercase() {
            'h' => DumpKind::Header,
            'k' => DumpKind::Checkpoint,
            'l' => DumpKind::Log,
            'm' => DumpKind::MetaData,
            's' => DumpKind::Space,
            'c' => DumpKind::SpaceCategory,
            'n' => DumpKind::Nodes,
            'p' => DumpKind::FlushMap,
            'r' => DumpKind::RevertSnapshot,
            't' => DumpKind::TraceLog,
            'b' => DumpKind::CacheFile,
            _ => return None,
        };
        Some(Self { kind, options: DumpOptions::default() })
    }

    /// Fails without a sentence unless the dump is one of `kinds`.
    fn only_for(&self, kinds: &[DumpKind]) -> Result<(), UsageError> {
        if kinds.contains(&self.kind) { Ok(()) } else { Err(UsageError::silent()) }
    }

    fn verbosity(&mut self, attached: &str) -> Result<(), UsageError> {
        self.options.verbosity = match attached {
            "" | "2" => Verbosity::Data,
            "1" => Verbosity::Structure,
            _ => return Err(UsageError::silent()),
        };
        Ok(())
    }

    /// `/c`: CSV columns of `/ms`, the CSV file of every other dump.
    fn csv(&mut self, attached: &str, words: &mut Words) -> Result<(), UsageError> {
        if self.kind == DumpKind::Space {
            self.options.csv_columns = Wanted::Yes;
            return Ok(());
        }
        let what = "CSV Output Data File";
        let file = PathBuf::from(words.value(attached, what)?);
        set_once(&mut self.options.csv_file, file, what)
    }

    fn space_depth(&mut self, attached: &str) -> Result<(), UsageError> {
        match (self.kind, attached) {
            (DumpKind::Seek, data) => self.options.data = Some(data.to_owned()),
            (DumpKind::Space, "1") => self.options.space_trees = SpaceTrees::Rows,
            (DumpKind::Space, "2" | "") => self.options.space_trees = SpaceTrees::Extents,
            _ => return Err(UsageError::silent()),
        }
        Ok(())
    }

    fn fields(&mut self, attached: &str) -> Result<(), UsageError> {
        self.only_for(&[DumpKind::Space, DumpKind::SpaceCategory])?;
        if self.kind == DumpKind::SpaceCategory {
            self.options.full_categorization = Wanted::Yes;
            return Ok(());
        }
        self.options.fields = field_list(attached)
            .map_err(|unknown| UsageError::Classic(format!("Did not recognize the field: {unknown}\n")))?;
        Ok(())
    }

    fn page(&mut self, attached: &str) -> Result<(), UsageError> {
        if self.kind == DumpKind::SpaceCategory {
            self.options.pages = Some(page_range(attached).ok_or_else(UsageError::silent)?);
            return Ok(());
        }
        self.options.page = Some(attached.parse().map_err(|_| UsageError::silent())?);
        if self.kind != DumpKind::FlushMap {
            self.kind = DumpKind::Page;
        }
        Ok(())
    }

    /// `/n[<dbid>:]<page>:<line>`, `/i<page>:<tag>`; square brackets are allowed.
    fn node(&mut self, attached: &str, kind: DumpKind) -> Result<(), UsageError> {
        let (page, line) = node_place(attached)
            .ok_or_else(|| UsageError::sentence("Invalid node/lgpos specification. (2)"))?;
        self.kind = kind;
        self.options.page = Some(page);
        self.options.line = Some(line);
        Ok(())
    }

    fn range(&mut self, attached: &str) -> Result<(), UsageError> {
        self.only_for(&[DumpKind::Log, DumpKind::RevertSnapshot])?;
        if self.kind == DumpKind::Log {
            let range = generation_range(attached)
                .ok_or_else(|| UsageError::sentence("Invalid log generation range specification."))?;
            self.options.generations = Some(range);
        }
        Ok(())
    }
}

impl Switches for DumpSwitches {
    const LETTERS: &'static str = "24813o!evtscnxrldfapik";
    const FORMAT_VERSION: FormatVersion = FormatVersion::Unknown;
    const MISSING_SOURCE: (&'static str, usize) = ("Missing database/filename specification.", 1);

    fn switch(
        &mut self,
        whole: &str,
        letter: char,
        attached: &str,
        words: &mut Words,
    ) -> Result<(), UsageError> {
        match letter {
            'v' => self.verbosity(attached),
            't' => {
                self.only_for(&[DumpKind::MetaData, DumpKind::Space, DumpKind::Nodes])?;
                self.options.table = Some(attached.to_owned()).filter(|name| !name.is_empty());
                Ok(())
            }
            's' => {
                self.options.io_table = Wanted::Yes;
                Ok(())
            }
            'x' => Ok(()),
            'c' => self.csv(attached, words),
            'n' => self.node(attached, DumpKind::Node),
            'i' => self.node(attached, DumpKind::Tag),
            'r' => self.range(attached),
            'l' => {
                self.only_for(&[DumpKind::Space])?;
                self.options.leaks = Wanted::Yes;
                Ok(())
            }
            'd' => self.space_depth(attached),
            'f' => self.fields(attached),
            'a' => {
                self.only_for(&[DumpKind::Nodes])?;
                self.options.deleted_nodes = Wanted::Yes;
                Ok(())
            }
            'p' => self.page(attached),
            'k' => {
                self.only_for(&[DumpKind::Page])?;
                self.kind = DumpKind::Seek;
                self.options.key = Some(attached.to_owned());
                Ok(())
            }
            _ => Err(invalid_option(whole)),
        }
    }

    fn finish(self, source: PathBuf) -> Result<Command, UsageError> {
        Ok(Command::Dump(Dump { kind: self.kind, sources: vec![source], options: self.options }))
    }
}

/// The fields of `/f<list>`, or the first one that is none.
pub(super) fn field_list(list: &str) -> Result<Vec<String>, String> {
    list.split(',')
        .filter(|name| !name.is_empty())
        .map(|name| if fields::is_known(name) { Ok(name.to_owned()) } else { Err(name.to_owned()) })
        .collect()
}

/// `<a>`, `<a>:<b>`, `<a>:max`.
pub(super) fn page_range(text: &str) -> Option<PageRange> {
    let (first, last) = match text.split_once(':') {
        None => {
            let only = text.parse().ok()?;
            return Some(PageRange { first: only, last: Some(only) });
        }
        Some(ends) => ends,
    };
    let last = if last.eq_ignore_ascii_case("max") { None } else { Some(last.parse().ok()?) };
    Some(PageRange { first: first.parse().ok()?, last })
}

/// `<gen>`, `<gen>-<gen>`, hexadecimal; the end is open without a second number.
pub(super) fn generation_range(text: &str) -> Option<GenerationRange> {
    let number = |digits: &str| {
        let digits = digits.trim_start_matches("0x").trim_start_matches("0X");
        u32::from_str_radix(digits, 16).ok()
    };
    match text.split_once('-') {
        None => Some(GenerationRange { first: number(text)?, last: None }),
        Some((first, last)) => Some(GenerationRange { first: number(first)?, last: Some(number(last)?) }),
    }
}

/// `[<dbid>:]<page>:<line>`.
pub(super) fn node_place(text: &str) -> Option<(i64, i64)> {
    let text = text.trim_start_matches('[').trim_end_matches(']');
    let mut numbers = text.rsplit(':').map(|number| number.parse::<i64>().ok());
    let line = numbers.next()??;
    let page = numbers.next()??;
    match (numbers.next(), numbers.next()) {
        (None | Some(Some(_)), None) => Some((page, line)),
        _ => None,
    }
}
