//! Pages go bad on the disk while the database is in use: the next call that reads one gets the documented error, the
//! event log names the page, the transaction can be rolled back, and the instance goes on or says why it cannot. A
//! single wrong bit is corrected and nobody notices.
//!
//! `ESENT_DAMAGE_TRIALS` says how many databases are damaged in each way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ese_engine::cache::WriteBack;
use ese_engine::error::{Error, Result};
use ese_engine::instance::TermKind;
use ese_format::checksum::seal_page;
use ese_format::error::JetError;
use ese_format::page::PageFlags;
use ese_format::page_size::PageSize;
use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::stage::{DATABASE, Machine, Running};
use crate::workload::{Chance, Change, End, Step};

const TRIALS_DEFAULT: u64 = 40;
const PAGE: PageSize = PageSize::K4;
const ROWS: u32 = 600;
/// Transactions after the damage.
const TRANSACTIONS: u32 = 25;
/// Offsets in a page (spec 01 §8).
const PREVIOUS: usize = 16;
const OBJID: usize = 24;
const FLAGS: usize = 36;

/// What damage may answer: the page's own errors (spec 01 §11.7), those of broken trees (spec 02 §8.2) and of broken
/// rows of the catalog or long values (spec 03, 04), and what follows for the session and the instance.
const DOCUMENTED: [JetError; 22] = [
    JetError::READ_VERIFY_FAILURE,
    JetError::READ_PGNO_VERIFY_FAILURE,
    JetError::PAGE_NOT_INITIALIZED,
    JetError::DATABASE_CORRUPTED,
    JetError::PAGE_TAG_CORRUPTED,
    JetError::NODE_CORRUPTED,
    JetError::BAD_PAGE_LINK,
    JetError::BAD_PARENT_PAGE_LINK,
    JetError::FILE_IO_BEYOND_EOF,
    JetError::CATALOG_CORRUPTED,
    JetError::LV_CORRUPTED,
    JetError::DECOMPRESSION_FAILED,
    JetError::SECONDARY_INDEX_CORRUPTED,
    JetError::SP_AVAIL_EXT_CORRUPTED,
    JetError::SP_OWN_EXT_CORRUPTED,
    JetError::DISK_IO,
    JetError::ROLLBACK_ERROR,
    JetError::LOG_WRITE_FAIL,
    JetError::INSTANCE_UNAVAILABLE,
    JetError::RECORD_DELETED,
    JetError::KEY_DUPLICATE,
    JetError::COLUMN_NOT_FOUND,
];

/// How a page goes bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    /// One bit: corrected (spec 01 §11.6).
    OneBit,
    /// Several bits: the checksum says so.
    SeveralBits,
    /// Never written: zeros.
    Zeros,
    /// A write that went to the wrong place: another page's bytes.
    Misdirected,
    /// Half of another page.
    Torn,
    /// Header, tags or nodes are not what they must be, under a good checksum.
    BadStructure,
    /// Links and object ids are, under a good checksum.
    BadLinks,
}

const DAMAGES: [Damage; 7] = [
    Damage::OneBit,
    Damage::SeveralBits,
    Damage::Zeros,
    Damage::Misdirected,
    Damage::Torn,
    Damage::BadStructure,
    Damage::BadLinks,
];

/// The pages that the event log named as damaged.
static NAMED: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

/// An event log that keeps the numbers of damaged pages.
struct EventLog;

struct PageOf(Option<u64>);

impl Visit for PageOf {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "page" {
            self.0 = Some(value);
        }
    }
}

impl Subscriber for EventLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut page = PageOf(None);
        event.record(&mut page);
        NAMED.lock().extend(page.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A stopped machine with a table of several levels, long values, two indexes and other tables.
fn filled() -> &'static [(PathBuf, Vec<u8>)] {
    static FILES: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let machine = Machine::with_files(&[], 3);
        let mut running = machine.begin().expect("an empty disk");
        let mut chance = Chance(3);
        for first in (0..ROWS).step_by(20) {
            let put = |key| Change::Put { key, value: value(&mut chance) };
            let step = Step { changes: (first..first + 20).map(put).collect(), end: End::Commit };
            running.transact(&step).expect("nothing fails here");
        }
        for change in [
            Change::CreateIndex { number: 1 },
            Change::CreateTable { number: 1, rows: 50 },
            Change::CreateTable { number: 2, rows: 5 },
        ] {
            let step = Step { changes: vec![change], end: End::Commit };
            running.transact(&step).expect("nothing fails here");
        }
        let Running { instance, database, session } = running;
        drop((session, database));
        instance.stop(TermKind::Complete).expect("nothing is in use");
        machine.verify("before any damage");
        machine.files()
    })
}

/// Most rows are small; some have long values of their own tree.
fn value(chance: &mut Chance) -> Vec<u8> {
    let most = if chance.below(8) == 0 { 12_000 } else { 300 };
    chance.value(most)
}

fn number_at(page: &[u8], offset: usize) -> u32 {
    page.get(offset..offset + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// Where a page is in the file.
fn offset_of(page: u32) -> usize {
    (page as usize + 1) * PAGE.bytes()
}

/// The used pages of the database by what they are: catalog or not, root, leaf, space, long value, index.
fn pages_by_kind(machine: &Machine) -> BTreeMap<(bool, u32), Vec<u32>> {
    let content = machine.disk().content(Path::new(DATABASE)).expect("the database");
    let mut kinds: BTreeMap<(bool, u32), Vec<u32>> = BTreeMap::new();
    let kind = PageFlags::ROOT
        | PageFlags::LEAF
        | PageFlags::SPACE_TREE
        | PageFlags::LONG_VALUE
        | PageFlags::INDEX
        | PageFlags::EMPTY;
    for page in 1..(content.len() / PAGE.bytes()) as u32 - 1 {
        let bytes = &content[offset_of(page)..offset_of(page + 1)];
        if bytes.iter().all(|byte| *byte == 0) {
            continue;
        }
        let flags = PageFlags::from_bits_retain(number_at(bytes, FLAGS)) & kind;
        let of_catalog = [2, 3].contains(&number_at(bytes, OBJID));
        kinds.entry((of_catalog, flags.bits())).or_default().push(page);
    }
    kinds
}

fn flip(chance: &mut Chance, bytes: &mut [u8], from: u64, to: u64) {
    let at = (from + chance.below(to - from)) as usize;
    bytes[at] ^= 1 << chance.below(8);
}

/// Makes a page bad, on the disk only.
fn harm(machine: &Machine, page: u32, other: u32, damage: Damage, chance: &mut Chance) {
    let path = Path::new(DATABASE);
    let content = machine.disk().content(path).expect("the database");
    let foreign = content[offset_of(other)..offset_of(other + 1)].to_vec();
    machine.disk().damage(path, offset_of(page), &mut |bytes| {
        let bytes = &mut bytes[..PAGE.bytes()];
        match damage {
            // The stored checksum itself is not what it corrects.
            Damage::OneBit => flip(chance, bytes, 8, 4096),
            Damage::SeveralBits => {
                for part in 0..5 {
                    flip(chance, bytes, 8 + part * 800, 8 + (part + 1) * 800);
                }
            }
            Damage::Zeros => bytes.fill(0),
            Damage::Misdirected => bytes.copy_from_slice(&foreign),
            Damage::Torn => bytes[2048..].copy_from_slice(&foreign[2048..]),
            Damage::BadStructure => {
                for _ in 0..1 + chance.below(4) {
                    match chance.below(3) {
                        0 => flip(chance, bytes, 24, 40),
                        1 => flip(chance, bytes, 4096 - 64, 4096),
                        _ => flip(chance, bytes, 40, 400),
                    }
                }
            }
            Damage::BadLinks => {
                let field = [PREVIOUS, PREVIOUS + 4, OBJID, OBJID + 16][chance.below(4) as usize];
                let lie: u32 = [0, 1, page, other, 0x7FEF_FFFF, 7][chance.below(6) as usize];
                bytes[field..field + 4].copy_from_slice(&lie.to_le_bytes());
            }
        }
        if matches!(damage, Damage::BadStructure | Damage::BadLinks) {
            seal_page(bytes, PAGE, page).expect("a page of this size");
        }
    });
}

/// Transactions that change rows all over the table, read everything, and make and delete tables and indexes.
fn some_step(chance: &mut Chance, at: u32) -> Step {
    let changes = match chance.below(6) {
        0 => vec![Change::CreateTable { number: 100 + at, rows: 10 }],
        1 => vec![Change::CreateIndex { number: 100 + at }],
        2 => vec![Change::DeleteTable { number: 2 }],
        _ => (0..1 + chance.below(5))
            .map(|_| {
                let key = chance.below(u64::from(ROWS) * 2) as u32;
                match chance.below(3) {
                    0 => Change::Delete { key },
                    _ => Change::Put { key, value: value(chance) },
                }
            })
            .collect(),
    };
    let end = if chance.below(4) == 0 { End::RollBack } else { End::Commit };
    Step { changes, end }
}

/// What a trial came to.
#[derive(Default)]
struct Met {
    errors: Vec<JetError>,
    /// Those that damage must not give.
    undocumented: Vec<String>,
    /// A rollback failed, or the log is down: the instance cannot go on.
    over: bool,
}

impl Met {
    /// Notes an error; those that the workload itself may get are none.
    fn note(&mut self, error: &Error, when: &str) {
        let own = [JetError::RECORD_NOT_FOUND, JetError::OBJECT_NOT_FOUND, JetError::TABLE_DUPLICATE];
        if !own.contains(&error.jet()) {
            if !DOCUMENTED.contains(&error.jet()) {
                self.undocumented.push(format!("{when}: {error}"));
            }
            self.errors.push(error.jet());
        }
    }

    fn call(&mut self, running: &mut Running, outcome: Result<()>, when: &str) {
        let Err(error) = outcome else { return };
        self.note(&error, when);
        if running.session.level() > 0
            && let Err(error) = running.session.rollback()
        {
            self.note(&error, &format!("{when}, rolling back"));
            self.over = true;
        }
    }
}

/// Uses the database, damages a page of it, and uses it on.
fn trial(damage: Damage, number: u64) -> (Met, u64) {
    let machine = Machine::with_files(filled(), number);
    let mut chance = Chance(number * 7919 + damage as u64);
    let mut running = machine.resume().expect("it is undamaged");
    let mut met = Met::default();
    // Some pages are in the cache, changed and written.
    for at in 0..3 {
        let step = some_step(&mut chance, at);
        let outcome = running.transact(&step);
        met.call(&mut running, outcome, "before the damage");
    }
    assert!(met.errors.is_empty(), "{:?}", met.errors);
    let file = running.database.file();
    file.write_back(WriteBack::All).expect("a good disk");
    file.sync().expect("a good disk");
    let kinds = pages_by_kind(&machine);
    let kind = kinds.values().nth((number % kinds.len() as u64) as usize).expect("there are some");
    let page = kind[chance.below(kind.len() as u64) as usize];
    let others: Vec<u32> = kinds.values().flatten().copied().filter(|other| *other != page).collect();
    let other = others[chance.below(others.len() as u64) as usize];
    harm(&machine, page, other, damage, &mut chance);
    // What nobody uses leaves the cache: the next look at the page is at the disk.
    let cache = running.instance.cache();
    let capacity = cache.capacity();
    cache.set_capacity(0);
    cache.set_capacity(capacity);
    let when = format!("{damage:?} of page {page}, trial {number}");
    for at in 10..10 + TRANSACTIONS {
        if met.over {
            break;
        }
        let outcome = match chance.below(5) {
            0 => running.content().map(drop),
            _ => running.transact(&some_step(&mut chance, at)),
        };
        met.call(&mut running, outcome, &when);
        if let Err(error) = running.instance.work_inline() {
            met.note(&error, &when);
        }
    }
    let corrected = running.instance.cache().statistics().corrected;
    let Running { instance, database, session } = running;
    drop((session, database));
    // Half of the instances end as a crash would: recovery meets the page again.
    if !number.is_multiple_of(2)
        && let Err(error) = instance.stop(TermKind::Complete)
    {
        met.note(&error, &format!("{when}, stopping"));
    }
    drop(instance);
    match machine.resume() {
        Ok(mut running) => {
            let outcome = running.content().map(drop);
            met.call(&mut running, outcome, &format!("{when}, the next time"));
            let Running { instance, database, session } = running;
            drop((session, database));
            if let Err(error) = instance.stop(TermKind::Complete) {
                met.note(&error, &format!("{when}, stopping the next time"));
            } else if damage == Damage::OneBit {
                machine.verify(&when);
            }
        }
        Err(error) => met.note(&error, &format!("{when}, starting the next time")),
    }
    if [JetError::READ_VERIFY_FAILURE, JetError::PAGE_NOT_INITIALIZED]
        .iter()
        .any(|code| met.errors.contains(code))
    {
        assert!(NAMED.lock().contains(&u64::from(page)), "{when}: the event log names {:?}", NAMED.lock());
    }
    (met, corrected)
}

#[test]
fn a_page_that_goes_bad_ends_calls_and_not_the_program() {
    let _ = tracing::subscriber::set_global_default(EventLog);
    let trials = std::env::var("ESENT_DAMAGE_TRIALS").ok().and_then(|text| text.parse().ok());
    let mut undocumented = Vec::new();
    for damage in DAMAGES {
        let (mut noticed, mut over, mut bits) = (0, 0, 0);
        let mut codes: BTreeMap<i32, u64> = BTreeMap::new();
        let trials = trials.unwrap_or(TRIALS_DEFAULT);
        for number in 0..trials {
            let (met, corrected) = trial(damage, number);
            noticed += u64::from(!met.errors.is_empty());
            over += u64::from(met.over);
            bits += u64::from(corrected > 0);
            undocumented.extend(met.undocumented);
            for error in met.errors {
                *codes.entry(error.code()).or_default() += 1;
            }
        }
        ese_corpus::report!(
            "{damage:?}: {trials} databases, {noticed} gave errors, {bits} corrected, {over} could not roll back; codes {codes:?}"
        );
        match damage {
            Damage::OneBit => {
                assert!(noticed == 0 && bits > trials / 3, "{noticed} noticed, {bits} corrected");
            }
            _ => assert!(noticed > trials / 4, "{damage:?}: nobody noticed"),
        }
    }
    assert!(undocumented.is_empty(), "{}", undocumented.join("\n"));
}
