//! Who is in whose way: the changes that some open transaction may not see (spec 09 §5.5).

use std::collections::BTreeMap;

/// What two transactions can be in conflict about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    /// A record, by table and bookmark.
    Record(u64, Vec<u8>),
    /// An entry of a unique index.
    Entry(u64, Vec<u8>),
    /// Long values that copies of a record may share.
    Lineage(u64),
    /// The name of a table.
    Name(String),
    /// Columns and indexes of a table.
    Schema(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Change,
    Delta(i32),
    ReadLock,
    WriteLock,
}

#[derive(Clone, Debug)]
struct Version {
    session: usize,
    level: u8,
    commit: Option<u64>,
    event: Event,
}

/// A session as one who looks at versions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looker {
    pub(crate) session: usize,
    /// The newest commit in its snapshot; `None` at level 0.
    pub(crate) snapshot: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Versions {
    nodes: BTreeMap<Node, Vec<Version>>,
}

impl Looker {
    fn sees(&self, version: &Version) -> bool {
        match version.commit {
            Some(commit) => self.snapshot.is_none_or(|snapshot| commit <= snapshot),
            None => version.session == self.session,
        }
    }
}

impl Versions {
    /// Whether somebody's change, unseen, is in the way of this event.
    pub(crate) fn conflicts(&self, node: &Node, who: Looker, event: Event) -> bool {
        let mut versions = self.nodes.get(node).into_iter().flatten();
        versions.any(|version| {
            let shared = match event {
                Event::ReadLock => version.event == Event::ReadLock,
                Event::Delta(_) => matches!(version.event, Event::Delta(_)),
                Event::Change | Event::WriteLock => false,
            };
            !shared && !who.sees(version)
        })
    }

    /// Whether some record of a table has a change that is not seen.
    pub(crate) fn has_unseen_records(&self, table: u64, who: Looker) -> bool {
        let records = self.nodes.range(Node::Record(table, Vec::new())..Node::Record(table + 1, Vec::new()));
        records.flat_map(|(_, versions)| versions).any(|version| !who.sees(version))
    }

    pub(crate) fn note(&mut self, node: Node, session: usize, level: u8, commit: Option<u64>, event: Event) {
        self.nodes.entry(node).or_default().push(Version { session, level, commit, event });
    }

    /// What uncommitted deltas of all sessions add up to.
    pub(crate) fn uncommitted_deltas(&self, node: &Node) -> i32 {
        let versions = self.nodes.get(node).into_iter().flatten();
        let deltas = versions.filter(|version| version.commit.is_none()).map(|version| match version.event {
            Event::Delta(delta) => delta,
            _ => 0,
        });
        deltas.fold(0, i32::wrapping_add)
    }

    pub(crate) fn has_own_change(&self, node: &Node, session: usize) -> bool {
        let mut versions = self.nodes.get(node).into_iter().flatten();
        versions.any(|version| {
            version.session == session && version.commit.is_none() && version.event == Event::Change
        })
    }

    /// Level `level` of a session is committed; `commit` where it was the outermost.
    pub(crate) fn commit(&mut self, session: usize, level: u8, commit: Option<u64>) {
        for version in self.nodes.values_mut().flatten() {
            if version.session == session && version.commit.is_none() && version.level == level {
                version.level -= 1;
                version.commit = commit;
            }
        }
    }

    pub(crate) fn roll_back(&mut self, session: usize, level: u8) {
        for versions in self.nodes.values_mut() {
            versions.retain(|version| {
                version.session != session || version.commit.is_some() || version.level < level
            });
        }
        self.nodes.retain(|_, versions| !versions.is_empty());
    }

    /// Forgets what every open transaction sees, the oldest of which began at `oldest`.
    pub(crate) fn forget(&mut self, oldest: u64) {
        for versions in self.nodes.values_mut() {
            versions.retain(|version| version.commit.is_none_or(|commit| commit > oldest));
        }
        self.nodes.retain(|_, versions| !versions.is_empty());
    }
}
