//! The lines of a page that is to be split, the pending operation among them: what they weigh, what prefix suits which
//! half, and where to cut (spec 02 §9.2, §9.4, §7.3).

use ese_format::error::FormatResult;
use ese_format::node::{KeyRef, NodeView, PrefixChoice, choose_prefix, separator};
use ese_format::page::PageView;

/// Bytes of a node stored without a prefix besides key and data: its tag and a length word (spec 02 §4).
const LINE_OVERHEAD: usize = 6;

/// What is done on the page besides splitting it.
#[derive(Clone, Copy, Debug)]
pub(super) enum TableOperation<'a> {
    None,
    /// A line comes before this one.
    Insert {
        line: usize,
        key: &'a [u8],
        data: &'a [u8],
    },
    /// A line's data changes; a rollback may need `most` bytes of data.
    Replace {
        line: usize,
        data: &'a [u8],
        most: usize,
    },
}

#[derive(Clone, Copy, Debug)]
struct TableLine<'a> {
    key: KeyRef<'a>,
    data: &'a [u8],
    /// Uncompressed size.
    weight: usize,
    /// The same with the longest data that a rollback may put there.
    most: usize,
    /// Where the line is stored, nowhere for a new one.
    offset: Option<usize>,
}

impl<'a> TableLine<'a> {
    fn new(key: KeyRef<'a>, data: &'a [u8], rollback_bytes: usize, offset: Option<usize>) -> Self {
        let weight = LINE_OVERHEAD + key.len() + data.len();
        let most = weight + rollback_bytes.saturating_sub(data.len());
        Self { key, data, weight, most, offset }
    }
}

/// One half of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half {
    pub(super) prefix: Option<PrefixChoice>,
    /// Bytes that rollbacks may claim.
    pub(super) claim: usize,
    /// Bytes it may take of a page.
    bytes: usize,
}

/// A place to cut: lines before `line` stay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) line: usize,
    pub(super) left: Half,
    pub(super) right: Half,
}

/// The line table.
#[derive(Debug)]
pub(super) struct LineTable<'a> {
    lines: Vec<TableLine<'a>>,
    /// `common[i]`: leading bytes that the keys of lines `i - 1` and `i` share.
    common: Vec<usize>,
    /// Bytes of a page with an empty external header.
    usable: usize,
}

impl<'a> LineTable<'a> {
    /// The lines of `page` with `operation` done. `most` says how many bytes of data a rollback may put into a node.
    pub(super) fn of(
        page: &PageView<'a>,
        operation: TableOperation<'a>,
        most: &dyn Fn(&NodeView<'_>) -> usize,
    ) -> FormatResult<Self> {
        let mut lines = Vec::with_capacity(page.line_count() + 1);
        for (index, node) in page.nodes().enumerate() {
            let node = node?;
            lines.push(TableLine::new(node.key(), node.data, most(&node), Some(page.line(index)?.offset)));
        }
        match operation {
            TableOperation::None => {}
            TableOperation::Insert { line, key, data } => {
                let at = line.min(lines.len());
                lines.insert(at, TableLine::new(KeyRef::from(key), data, 0, None));
            }
            TableOperation::Replace { line, data, most } => {
                if let Some(replaced) = lines.get_mut(line) {
                    *replaced = TableLine::new(replaced.key, data, most, None);
                }
            }
        }
        let common = (0..lines.len()).map(|line| match line.checked_sub(1) {
            Some(before) => lines[line].key.common_prefix(lines[before].key),
            None => 0,
        });
        let common = common.collect();
        Ok(Self { lines, common, usable: usable_bytes(page) })
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The key of a line.
    pub(super) fn key(&self, line: usize) -> Vec<u8> {
        self.lines.get(line).map_or_else(Vec::new, |line| line.key.to_vec())
    }

    /// The separator between the lines before `line` and those from it on.
    pub(super) fn separator(&self, line: usize) -> Vec<u8> {
        match (line.checked_sub(1).and_then(|before| self.lines.get(before)), self.lines.get(line)) {
            (Some(left), Some(right)) => separator(left.key, left.data, right.key, right.data),
            _ => Vec::new(),
        }
    }

    /// Lines `from..to` on a page of their own.
    pub(super) fn half(&self, from: usize, to: usize) -> Half {
        let lines = self.lines.get(from..to).unwrap_or_default();
        let prefix = choose_prefix(self.common.get(from..to).unwrap_or_default());
        let most: usize = lines.iter().map(|line| line.most).sum();
        let weight: usize = lines.iter().map(|line| line.weight).sum();
        let savings = prefix.map_or(0, |prefix| prefix.savings);
        Half { prefix, claim: most - weight, bytes: most.saturating_sub(savings) }
    }

    /// Whether a half fits on a page.
    pub(super) fn fits(&self, half: &Half) -> bool {
        half.bytes <= self.usable
    }

    fn cut(&self, line: usize) -> Cut {
        Cut { line, left: self.half(0, line), right: self.half(line, self.len()) }
    }

    /// The cut before `line`, if both halves fit.
    pub(super) fn cut_at(&self, line: usize) -> Option<Cut> {
        if line == 0 || line >= self.len() {
            return None;
        }
        let cut = self.cut(line);
        (self.fits(&cut.left) && self.fits(&cut.right)).then_some(cut)
    }

    /// The cut that moves the fewest lines (below a leaf that appends).
    pub(super) fn last_cut(&self) -> Option<Cut> {
        let last = self.len();
        [1, 2].into_iter().find_map(|moved| self.cut_at(last.checked_sub(moved)?))
    }

    /// The cut that makes the halves most equal; where one does not fit, the next one that makes it smaller.
    pub(super) fn even_cut(&self) -> Option<Cut> {
        let lines = self.len();
        if lines < 2 {
            return None;
        }
        let total: usize = self.lines.iter().map(|line| line.weight).sum();
        let (mut before, mut best, mut line) = (0, usize::MAX, 1);
        for (index, weight) in self.lines.iter().take(lines - 1).map(|line| line.weight).enumerate() {
            before += weight;
            let off = before.abs_diff(total / 2);
            if off <= best {
                (best, line) = (off, index + 1);
            }
        }
        let mut direction = 0;
        loop {
            let cut = self.cut(line);
            let step = match (self.fits(&cut.left), self.fits(&cut.right)) {
                (true, true) => return Some(cut),
                (false, true) => -1,
                (true, false) => 1,
                (false, false) => return None,
            };
            if direction + step == 0 {
                return None;
            }
            direction = step;
            line = line.checked_add_signed(step).filter(|line| (1..lines).contains(line))?;
        }
    }

    /// Any cut: the last resort for a page whose lines fit only because of a prefix that neither half would choose.
    pub(super) fn any_cut(&self) -> Option<Cut> {
        (1..self.len()).find_map(|line| self.cut_at(line))
    }

    /// Whether the lines before `line` end with the two that were stored last, in order, and everything from `line` on
    /// (the new line aside) was stored before them: where inserts arrive one behind the other (spec 02 §9.4).
    pub(super) fn is_hot_point(&self, line: usize) -> bool {
        let offset = |line: usize| self.lines.get(line).and_then(|line| line.offset);
        let Some((before, last)) = line.checked_sub(2).and_then(offset).zip(offset(line.wrapping_sub(1)))
        else {
            return false;
        };
        let others =
            self.lines.iter().enumerate().filter(|(index, _)| *index + 2 != line && *index + 1 != line);
        before < last && others.filter_map(|(_, line)| line.offset).all(|offset| offset < before)
    }
}

/// Bytes of a page with an empty external header.
pub(super) fn usable_bytes(page: &PageView<'_>) -> usize {
    page.data_bytes() - ese_format::page::TAG_BYTES
}
