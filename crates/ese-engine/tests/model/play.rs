//! One seed: sessions that take turns, the model beside them, and what is told when they differ.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use ese_engine::catalog::TableHold;
use ese_engine::error::Error;
use ese_engine::table::{AfterRollback, Cursor};
use ese_engine::transaction::{BeginKind, CommitAction, CommitOptions, Durability, RollbackScope, Session};
use ese_format::error::JetError;

use crate::dice::Dice;
use crate::place::Position;
use crate::stage::{Machine, Plan, Running};
use crate::state::{State, Step, Table, apply, table_of};
use crate::versions::{Event, Looker, Node, Versions};

/// Levels that transactions can have.
const LEVEL_MAX: u8 = 7;
/// Operations that are told when a seed fails.
const TOLD: usize = 80;

/// The power has gone.
#[derive(Debug)]
pub(crate) struct PowerGone;

pub(crate) type Flow<T> = Result<T, PowerGone>;

/// Last operations, for who has to find out.
pub(crate) type Trace = Rc<RefCell<VecDeque<String>>>;

/// An open cursor, and where the model has it.
pub(crate) struct OpenCursor {
    pub(crate) table: u64,
    pub(crate) cursor: Cursor,
    pub(crate) hold: TableHold,
    pub(crate) position: Position,
}

/// What a transaction has done.
pub(crate) struct Transaction {
    pub(crate) snapshot: u64,
    pub(crate) view: State,
    pub(crate) steps: Vec<Step>,
    /// Steps made, and the view, before each level began.
    levels: Vec<(usize, State)>,
    pub(crate) read_only: bool,
}

/// A session and what it has open.
pub(crate) struct Client {
    pub(crate) cursors: Vec<OpenCursor>,
    pub(crate) transaction: Option<Transaction>,
    pub(crate) session: Session,
}

/// What a call must answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// The error; none where it succeeds.
    pub(crate) code: Option<JetError>,
    /// Errors it may give besides, because of others who are at work there.
    pub(crate) maybe: Vec<JetError>,
}

impl Expected {
    pub(crate) fn of(code: Result<(), JetError>) -> Self {
        Self { code: code.err(), maybe: Vec::new() }
    }

    pub(crate) fn or(mut self, codes: &[JetError]) -> Self {
        self.maybe.extend_from_slice(codes);
        self
    }
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) operations: u64,
    pub(crate) commits: u64,
    pub(crate) rollbacks: u64,
    pub(crate) conflicts: u64,
    pub(crate) refusals: u64,
    pub(crate) crashes: u64,
    pub(crate) second_crashes: u64,
    pub(crate) restarts: u64,
    pub(crate) verified: u64,
    pub(crate) lost_commits: u64,
    pub(crate) kinds: BTreeMap<&'static str, u64>,
}

/// A run of one seed.
pub(crate) struct Play {
    pub(crate) dice: Dice,
    pub(crate) machine: Machine,
    pub(crate) running: Option<Running>,
    pub(crate) clients: Vec<Client>,
    pub(crate) versions: Versions,
    pub(crate) clock: u64,
    pub(crate) committed: State,
    /// States that a crash may leave: what was durable last, and what was committed since.
    pub(crate) history: Vec<State>,
    /// What a call that was under way would have left.
    pub(crate) in_flight: Option<State>,
    /// Numbers of tables, indexes and lineages that were given out.
    pub(crate) numbers: u64,
    /// Last values given out by table: autoincrement and record numbers; unknown after a start.
    pub(crate) auto_increments: BTreeMap<u64, u64>,
    pub(crate) sequences: BTreeMap<u64, u32>,
    pub(crate) counts: Counts,
    pub(crate) trace: Trace,
}

impl Play {
    pub(crate) fn new(seed: u64, trace: Trace) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::new(&mut dice);
        trace.borrow_mut().push_back(format!("{plan:?}"));
        let machine = Machine::new(seed, plan);
        let running = machine.create().expect("an empty disk");
        let mut play = Self {
            dice,
            machine,
            running: Some(running),
            clients: Vec::new(),
            versions: Versions::default(),
            clock: 0,
            committed: State::new(),
            history: vec![State::new()],
            in_flight: None,
            numbers: 0,
            auto_increments: BTreeMap::new(),
            sequences: BTreeMap::new(),
            counts: Counts::default(),
            trace,
        };
        play.open_sessions();
        play
    }

    pub(crate) fn open_sessions(&mut self) {
        for _ in 0..self.machine.plan.sessions {
            let session = self.running().instance.transactions().begin_session();
            let session = session.expect("there are numbers left");
            self.clients.push(Client { cursors: Vec::new(), transaction: None, session });
        }
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("an instance runs between operations")
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(crate) fn tell(&mut self, kind: &'static str, what: impl FnOnce() -> String) {
        *self.counts.kinds.entry(kind).or_default() += 1;
        let mut trace = self.trace.borrow_mut();
        if trace.len() > TOLD {
            // The plan stays.
            trace.remove(1);
        }
        trace.push_back(format!("{}: {kind} {}", self.counts.operations, what()));
    }

    // ---- what sessions see ----

    pub(crate) fn view(&self, who: usize) -> &State {
        match &self.clients[who].transaction {
            Some(transaction) => &transaction.view,
            None => &self.committed,
        }
    }

    pub(crate) fn table(&self, who: usize, number: u64) -> Rc<Table> {
        let (_, table) = table_of(self.view(who), number).expect("a table that is open is there");
        Rc::clone(table)
    }

    pub(crate) fn looker(&self, who: usize) -> Looker {
        let snapshot = self.clients[who].transaction.as_ref().map(|transaction| transaction.snapshot);
        Looker { session: who, snapshot }
    }

    pub(crate) fn level(&self, who: usize) -> u8 {
        self.clients[who].session.level()
    }

    pub(crate) fn conflicts(&self, who: usize, node: &Node, event: Event) -> bool {
        self.versions.conflicts(node, self.looker(who), event)
    }

    /// Whether others have done something there that the session does not see.
    pub(crate) fn is_contended(&self, who: usize, node: &Node) -> bool {
        self.conflicts(who, node, Event::Change)
    }

    pub(crate) fn is_read_only(&self, who: usize) -> bool {
        self.clients[who].transaction.as_ref().is_some_and(|transaction| transaction.read_only)
    }

    // ---- what calls answer ----

    /// Compares what a call answered with what it must answer. `None` where it was refused as it must be.
    pub(crate) fn settle<T>(&mut self, result: Result<T, Error>, expected: &Expected) -> Flow<Option<T>> {
        match (result, expected.code) {
            (Ok(value), None) => Ok(Some(value)),
            (Ok(_), Some(code)) => panic!("it succeeded, {code:?} was expected"),
            (Err(_), _) if self.machine.disk.is_off() => Err(PowerGone),
            (Err(error), code) => {
                let jet = error.jet();
                let known = code == Some(jet) || expected.maybe.contains(&jet);
                assert!(known, "it failed with {error}, expected was {expected:?}");
                let conflict = [JetError::WRITE_CONFLICT, JetError::TABLE_LOCKED, JetError::TABLE_IN_USE];
                self.counts.refusals += 1;
                self.counts.conflicts += u64::from(conflict.contains(&jet));
                Ok(None)
            }
        }
    }

    // ---- what calls change ----

    /// Notes an event of a call that succeeded.
    pub(crate) fn note(&mut self, who: usize, node: Node, event: Event) {
        let level = self.level(who);
        let commit = (level == 0).then_some(self.clock + 1);
        self.versions.note(node, who, level, commit, event);
    }

    /// What would be committed if this change were made at level 0.
    pub(crate) fn announce(&mut self, who: usize, steps: &[Step]) {
        if self.level(who) == 0 {
            let mut state = self.committed.clone();
            steps.iter().for_each(|step| apply(&mut state, step));
            self.in_flight = Some(state);
        }
    }

    /// The call was refused.
    pub(crate) fn withdraw(&mut self) {
        self.in_flight = None;
    }

    /// Changes were made, at level 0 committed durably.
    pub(crate) fn done(&mut self, who: usize, steps: Vec<Step>) {
        match &mut self.clients[who].transaction {
            Some(transaction) => {
                steps.iter().for_each(|step| apply(&mut transaction.view, step));
                transaction.steps.extend(steps);
            }
            None => {
                steps.iter().for_each(|step| apply(&mut self.committed, step));
                self.committed_outermost(true);
            }
        }
    }

    fn committed_outermost(&mut self, durable: bool) {
        self.clock += 1;
        if durable {
            self.history.clear();
        }
        self.history.push(self.committed.clone());
        self.in_flight = None;
        let open = self.clients.iter().filter_map(|client| client.transaction.as_ref());
        let oldest = open.map(|transaction| transaction.snapshot).min().unwrap_or(self.clock);
        self.versions.forget(oldest);
    }

    // ---- transactions ----

    pub(crate) fn begin(&mut self, who: usize, read_only: bool) {
        let level = self.level(who);
        self.tell("begin", || format!("by {who} at level {level}, read only {read_only}"));
        let kind = if read_only { BeginKind::ReadOnly } else { BeginKind::ReadWrite };
        let begun = self.clients[who].session.begin(kind);
        if level == LEVEL_MAX {
            assert_eq!(begun.map_err(|error| error.jet()), Err(JetError::TRANS_TOO_DEEP));
            return;
        }
        begun.expect("the level is allowed");
        let (clock, committed) = (self.clock, &self.committed);
        let transaction = self.clients[who].transaction.get_or_insert_with(|| Transaction {
            snapshot: clock,
            view: committed.clone(),
            steps: Vec::new(),
            levels: Vec::new(),
            read_only,
        });
        transaction.levels.push((transaction.steps.len(), transaction.view.clone()));
    }

    pub(crate) fn commit(&mut self, who: usize, durable: bool) -> Flow<()> {
        let level = self.level(who);
        self.tell("commit", || format!("by {who} at level {level}, durable {durable}"));
        let options = if durable { CommitOptions::DURABLE } else { CommitOptions::LAZY };
        if level == 0 {
            let refused = self.clients[who].session.commit(options).map_err(|error| error.jet());
            assert_eq!(refused.map(|_| ()), Err(JetError::NOT_IN_TRANSACTION));
            return Ok(());
        }
        let outermost = level == 1;
        let mut merged = self.committed.clone();
        let mut is_empty = true;
        if outermost && let Some(transaction) = &self.clients[who].transaction {
            is_empty = transaction.steps.is_empty();
            transaction.steps.iter().for_each(|step| apply(&mut merged, step));
            self.in_flight = Some(merged.clone());
        }
        let committed = self.clients[who].session.commit(options);
        self.settle(committed, &Expected::default())?;
        let client = &mut self.clients[who];
        client.cursors.iter_mut().for_each(|open| {
            open.cursor.after_commit(level - 1);
            open.position.after_commit(level - 1);
        });
        self.versions.commit(who, level, outermost.then_some(self.clock + 1));
        self.counts.commits += 1;
        if outermost {
            self.clients[who].transaction = None;
            self.committed = merged;
            self.committed_outermost(durable && !is_empty);
            self.work()?;
        } else if let Some(transaction) = &mut self.clients[who].transaction {
            transaction.levels.pop();
        }
        Ok(())
    }

    pub(crate) fn roll_back(&mut self, who: usize, all: bool) -> Flow<()> {
        let level = self.level(who);
        self.tell("rollback", || format!("by {who} at level {level}, all {all}"));
        if level == 0 {
            let refused = self.clients[who].session.rollback().map_err(|error| error.jet());
            assert_eq!(refused, Err(JetError::NOT_IN_TRANSACTION));
            return Ok(());
        }
        let levels = if all { level } else { 1 };
        if all && self.clients[who].cursors.is_empty() {
            let rolled = self.clients[who].session.rollback_scope(RollbackScope::All);
            self.settle(rolled, &Expected::default())?;
            (0..levels).for_each(|down| self.rolled_back(who, level - down));
        } else {
            for down in 0..levels {
                let rolled = self.clients[who].session.rollback();
                self.settle(rolled, &Expected::default())?;
                self.rolled_back(who, level - down);
            }
        }
        self.counts.rollbacks += 1;
        if self.level(who) == 0 { self.work() } else { Ok(()) }
    }

    fn rolled_back(&mut self, who: usize, level: u8) {
        let client = &mut self.clients[who];
        let transaction = client.transaction.as_mut().expect("a transaction is open");
        let (steps, view) = transaction.levels.pop().expect("a level is open");
        transaction.steps.truncate(steps);
        transaction.view = view;
        if level == 1 {
            client.transaction = None;
        }
        let Client { cursors, session, .. } = client;
        cursors.retain_mut(|open| {
            let kept = open.cursor.after_rollback(session, level - 1) == AfterRollback::Kept;
            assert_eq!(kept, open.position.after_rollback(level - 1), "whether the cursor stays open");
            let current = open.cursor.current_index().filter(|index| !index.is_primary());
            open.hold.set_current_index(current.map(|index| index.objid));
            kept
        });
        self.versions.roll_back(who, level);
    }

    /// What the C face does behind every end of a transaction.
    fn work(&mut self) -> Flow<()> {
        let worked = self.running().instance.work_inline();
        self.settle(worked, &Expected::default()).map(|_| ())
    }

    /// All commits become durable.
    fn wait_for_all(&mut self, who: usize) -> Flow<()> {
        self.tell("wait for all commits", || format!("by {who}"));
        let durability = Durability::Durable;
        let options = CommitOptions { action: CommitAction::WaitAll, durability };
        let waited = self.clients[who].session.commit(options);
        self.settle(waited, &Expected::default())?;
        let last = self.history.len() - 1;
        self.history.drain(..last);
        Ok(())
    }

    /// The transaction in which a session at level 0 was compared has ended.
    pub(crate) fn end_comparing(&mut self, who: usize) {
        let client = &mut self.clients[who];
        client.transaction = None;
        client.cursors.iter_mut().for_each(|open| {
            open.cursor.after_commit(0);
            open.position.after_commit(0);
        });
    }

    // ---- the turns ----

    /// Ends everything, and compares and verifies what is left.
    pub(crate) fn end(mut self) -> Counts {
        self.machine.disk.cut_power_at(u64::MAX, ese_engine::io::PowerLoss::LosesAllUnsynced);
        self.come_to_rest().expect("there is power");
        self.compare(0).expect("there is power");
        self.clients.clear();
        let running = self.running.take().expect("an instance runs between operations");
        running.instance.stop(ese_engine::instance::TermKind::Complete).expect("nothing is in the way");
        drop(running);
        self.machine.verify("at the end");
        self.counts.verified += 1;
        self.counts
    }

    /// One operation of some session.
    pub(crate) fn turn(&mut self) {
        self.counts.operations += 1;
        let who = self.dice.below(self.clients.len());
        let flow = match self.dice.below(1000) {
            0..70 => {
                let read_only = self.dice.one_in(25);
                self.begin(who, read_only);
                Ok(())
            }
            70..140 => {
                let durable = self.dice.one_in(3);
                self.commit(who, durable)
            }
            140..175 => {
                let all = self.dice.one_in(5);
                self.roll_back(who, all)
            }
            175..180 => self.wait_for_all(who),
            180..215 => self.define(who),
            215..225 => self.compare(who),
            225..229 => self.end_of_run(),
            229..233 => self.arm(),
            _ => self.use_cursor(who),
        };
        if flow.is_err() || self.machine.disk.is_off() {
            self.crash();
        }
    }
}
