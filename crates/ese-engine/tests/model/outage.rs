//! The power goes and comes back; instances stop and start again.

use std::rc::Rc;

use ese_engine::instance::TermKind;
use ese_engine::io::PowerLoss;
use ese_format::error::JetError;

use crate::definitions::remap;
use crate::play::{Expected, Flow, Play, PowerGone};
use crate::stage::{Dump, Running, dump, dump_difference};
use crate::state::State;
use crate::versions::Versions;

/// Writing calls of a recovery in which the power may go again.
const CALLS_OF_RECOVERY: usize = 120;

impl Play {
    fn loss(&mut self) -> PowerLoss {
        match self.dice.below(3) {
            0 => PowerLoss::LosesAllUnsynced,
            _ => PowerLoss::KeepsSome { seed: self.dice.next() },
        }
    }

    /// The power will go at one of the next writing calls.
    pub(crate) fn arm(&mut self) -> Flow<()> {
        let (calls, loss) = (self.dice.below(400) as u64, self.loss());
        self.tell("power cut ahead", || format!("in {calls} writing calls, {loss:?}"));
        self.machine.disk.cut_power_at(calls, loss);
        Ok(())
    }

    /// A clean stop, a dirty one, a power cut at once, or a detached database.
    pub(crate) fn end_of_run(&mut self) -> Flow<()> {
        match self.dice.below(5) {
            0 => {
                let loss = self.loss();
                self.tell("power cut", || format!("{loss:?}"));
                self.machine.disk.cut_power_at(0, loss);
                Err(PowerGone)
            }
            1 => {
                self.tell("dirty stop", String::new);
                let stopped = self.running().instance.stop(TermKind::Dirty);
                self.settle(stopped, &Expected::of(Err(JetError::DIRTY_SHUTDOWN)))?;
                self.close_all();
                self.restart();
                Ok(())
            }
            2 => self.detach_and_attach(),
            _ => self.stop_and_start(),
        }
    }

    /// Ends all transactions and closes all cursors.
    pub(crate) fn come_to_rest(&mut self) -> Flow<()> {
        for who in 0..self.clients.len() {
            while self.level(who) > 0 {
                let read_only = self.is_read_only(who);
                if self.dice.one_in(2) || read_only {
                    self.commit(who, true)?;
                } else {
                    self.roll_back(who, false)?;
                }
            }
            let client = &mut self.clients[who];
            let cursors = std::mem::take(&mut client.cursors);
            for open in cursors {
                let closed = open.cursor.close(&mut client.session);
                drop(open.hold);
                assert!(closed.is_ok(), "a cursor without an update");
            }
        }
        Ok(())
    }

    fn detach_and_attach(&mut self) -> Flow<()> {
        self.tell("detach and attach", String::new);
        self.come_to_rest()?;
        let running = self.running.take().expect("an instance runs between operations");
        let detached = self.machine.detach(running);
        let Some(instance) = self.settle(detached, &Expected::default())? else { return Ok(()) };
        self.all_durable()?;
        self.machine.verify("after the detach");
        self.counts.verified += 1;
        let attached = self.machine.attach(&instance);
        drop(instance);
        self.running = self.settle(attached, &Expected::default())?;
        self.forget_numbers();
        self.counts.restarts += 1;
        Ok(())
    }

    /// Everything that was committed is in the files.
    fn all_durable(&mut self) -> Flow<()> {
        self.history = vec![self.committed.clone()];
        if self.machine.disk.is_off() { Err(PowerGone) } else { Ok(()) }
    }

    fn stop_and_start(&mut self) -> Flow<()> {
        let kind = if self.dice.one_in(2) { TermKind::Complete } else { TermKind::Abrupt };
        self.tell("stop", || format!("{kind:?}"));
        self.come_to_rest()?;
        self.clients.clear();
        let running = self.running.take().expect("an instance runs between operations");
        let stopped = running.instance.stop(kind);
        drop(running);
        self.settle(stopped, &Expected::default())?;
        self.all_durable()?;
        self.machine.verify("after the stop");
        self.counts.verified += 1;
        let started = self.machine.start();
        let Some(instance) = self.settle(started, &Expected::default())? else { return Ok(()) };
        let attached = self.machine.attach(&instance);
        self.running = self.settle(attached, &Expected::default())?;
        self.forget_numbers();
        self.open_sessions();
        self.counts.restarts += 1;
        Ok(())
    }

    fn forget_numbers(&mut self) {
        self.auto_increments.clear();
        self.sequences.clear();
    }

    /// Lets go of everything, as the end of a process does.
    fn close_all(&mut self) {
        for client in &mut self.clients {
            client.cursors.clear();
        }
        self.clients.clear();
        self.running = None;
    }

    /// The power has gone; it comes back.
    pub(crate) fn crash(&mut self) {
        self.counts.crashes += 1;
        self.close_all();
        self.machine.disk.reboot();
        self.restart();
    }

    /// Recovers, perhaps with further power cuts meanwhile, and finds out what was committed.
    fn restart(&mut self) {
        for _ in 0..self.dice.below(3) {
            let (calls, loss) = (self.dice.below(CALLS_OF_RECOVERY) as u64, self.loss());
            self.tell("power cut in recovery ahead", || format!("in {calls} writing calls, {loss:?}"));
            self.machine.disk.cut_power_at(calls, loss);
            let started = self.machine.start();
            if let Err(error) = &started {
                assert!(self.machine.disk.is_off(), "recovery: {error}");
                self.counts.second_crashes += 1;
            }
            drop(started);
            self.machine.disk.reboot();
        }
        // A cut that is still ahead is not for what follows.
        self.machine.disk.cut_power_at(u64::MAX, PowerLoss::LosesAllUnsynced);
        self.tell("recovery", String::new);
        let instance = self.machine.start().unwrap_or_else(|error| panic!("recovery: {error}"));
        self.machine.verify("after recovery");
        self.counts.verified += 1;
        let running = self.machine.attach(&instance).unwrap_or_else(|error| panic!("attach: {error}"));
        let found = self.read_all(&running);
        self.committed = self.state_found(&found);
        self.running = Some(running);
        self.versions = Versions::default();
        self.forget_numbers();
        self.history = vec![self.committed.clone()];
        self.in_flight = None;
        self.open_sessions();
    }

    fn read_all(&mut self, running: &Running) -> Dump {
        let mut session = running.instance.transactions().begin_session().expect("a session");
        session.begin(ese_engine::transaction::BeginKind::ReadOnly).expect("level 1");
        let found = dump(running, &mut session).unwrap_or_else(|error| panic!("reading: {error}"));
        session.rollback().expect("nothing was changed");
        found
    }

    /// The state of the model that is in the database: the newest one that fits.
    fn state_found(&mut self, found: &Dump) -> State {
        let mut candidates: Vec<State> = self.in_flight.iter().cloned().collect();
        candidates.extend(self.history.iter().rev().cloned());
        let mut differences = Vec::new();
        for (place, mut state) in candidates.into_iter().enumerate() {
            adopt_columns(&mut state, found);
            match dump_difference(&state, found) {
                None => {
                    self.counts.lost_commits += place as u64;
                    return state;
                }
                Some(what) => differences.push(what),
            }
        }
        panic!("the database is as after none of {} commits: {}", differences.len(), differences.join("\n"));
    }
}

/// Gives columns that were being made when the power went the numbers they got.
fn adopt_columns(state: &mut State, found: &Dump) {
    for (name, table) in state.iter_mut() {
        let Some(dump) = found.get(name) else { continue };
        let unknown = |id: u32| id >> 31 == 1;
        if table.columns.iter().all(|column| !unknown(column.id)) {
            continue;
        }
        let table = Rc::make_mut(table);
        let mut numbers = Vec::new();
        for column in table.columns.iter_mut().filter(|column| unknown(column.id)) {
            if let Some(id) = dump.columns.get(&column.name) {
                numbers.push((column.id, *id));
                Rc::make_mut(column).id = *id;
            }
        }
        remap(table, |id| {
            if let Some((_, new)) = numbers.iter().find(|(old, _)| old == id) {
                *id = *new;
            }
        });
    }
}
