//! The log on the simulated disk, read back through the format's own reader.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use ese_format::log::record::{Record, RecordType, Trace};
use ese_format::log::{LogEnd, LogFile, LogFlags};

use super::*;
use crate::io::{FileSystem, PowerLoss, SimulatedFileSystem};

const SEGMENTS: u16 = 16;

fn settings(disk: &SimulatedFileSystem) -> LogSettings {
    LogSettings {
        host: Host::simulated(Arc::new(disk.clone()), 1),
        folder: "/log".into(),
        system_folder: "/log".into(),
        base_name: "edb".into(),
        extension: LogExtension::Log,
        digits: GenerationDigits::FiveThenEight,
        file_segments: SEGMENTS,
        circular: Circular::Off,
        page_size: PageSize::K4,
        version: LogVersion::segmented(5, 16),
        engine_format_version: 8920,
        reserve_files: 0,
        buffer_bytes: 0,
    }
}

fn signature() -> Signature {
    Signature { random: 7.into(), ..Signature::default() }
}

/// A record that tells its number, of about `length` bytes.
fn record(number: u32, length: usize) -> Vec<u8> {
    // Content without a period: sectors of one repeated byte have the checksum of zeros (docs/format/log-tail.md).
    let noise = (4..length.max(4))
        .map(|at| ((at as u32).wrapping_mul(2_654_435_761_u32.wrapping_add(number)) >> 21) as u8);
    let text: Vec<u8> = number.to_le_bytes().into_iter().chain(noise).collect();
    Record::Trace(Trace { procid: 0xFFFF, text: &text }).encode().unwrap()
}

fn number_of(record: &Record<'_>) -> Option<u32> {
    match record {
        Record::Trace(trace) => trace.text.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)),
        _ => None,
    }
}

/// What a stream holds: numbers of records with their positions, every chain between generations checked.
fn stream(disk: &SimulatedFileSystem) -> Vec<(u32, Lgpos)> {
    let folder = LogFolder::scan(disk, Path::new("/log"), "edb", LogExtension::Log).unwrap();
    let paths = folder.archives().values().map(PathBuf::as_path).chain(folder.current());
    let mut records = Vec::new();
    let mut before: Option<(LogHeader, u64)> = None;
    for bytes in paths.map(|path| disk.content(path).unwrap()) {
        let log = LogFile::read(&bytes).unwrap();
        if let Some((previous, accumulated)) = before {
            log.header().check_follows(&previous).unwrap();
            assert_eq!(log.header().previous_accumulated_checksum.get(), accumulated);
        }
        let mut walk = log.records();
        for read in walk.by_ref() {
            if let Some(number) = number_of(&read.decode().unwrap()) {
                records.push((number, read.position));
            }
        }
        assert!(matches!(walk.end(), Some(LogEnd::Complete | LogEnd::TornRecord(_))), "{:?}", walk.end());
        before = Some((*log.header(), log.accumulated_checksum()));
    }
    records
}

fn numbers(disk: &SimulatedFileSystem) -> Vec<u32> {
    stream(disk).into_iter().map(|(number, _)| number).collect()
}

fn continued(disk: &SimulatedFileSystem) -> Arc<Log> {
    let folder = LogFolder::scan(disk, Path::new("/log"), "edb", LogExtension::Log).unwrap();
    let (last, last_file) = folder.last_generation(disk).unwrap().unwrap();
    Log::open(settings(disk), last.place(last_file, Onward::SameGeneration).unwrap()).unwrap()
}

#[derive(Debug, Default)]
struct Owner {
    checkpoint: AtomicI32,
    began: Mutex<Vec<i32>>,
}

impl LogOwner for Owner {
    fn header_facts(&self, _first: Lgpos) -> HeaderFacts {
        let checkpoint = Lgpos::new(self.checkpoint.load(Ordering::Relaxed), 1, 0);
        HeaderFacts { checkpoint, ..HeaderFacts::default() }
    }

    fn generation_began(&self, generation: i32, _created: Logtime) -> Result<()> {
        self.began.lock().push(generation);
        Ok(())
    }
}

#[test]
fn records_of_every_length_are_read_back_where_they_were_appended() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    let mut appended = Vec::new();
    for number in 0..3000_u32 {
        let length = [4, 12, 40, 200, 900, 5000][number as usize % 6] + number as usize % 37;
        let at = log.append(&[&record(number, length)]).unwrap();
        assert_eq!(at.first, at.last);
        appended.push((number, at.first));
        match number % 50 {
            7 => log.flush(at.last).unwrap(),
            19 => log.flush_unfilled(at.last).unwrap(),
            20 => log.flush(at.last).unwrap(),
            33 => log.flush_all().unwrap(),
            _ => {}
        }
    }
    log.flush_all().unwrap();
    assert!(log.generation() > 10);
    assert_eq!(log.durable_tip(), log.tip());
    assert_eq!(stream(&disk), appended);
}

#[test]
fn several_records_in_one_call_lie_one_behind_the_other() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    let records: Vec<Vec<u8>> = (0..40).map(|number| record(number, 3000)).collect();
    let slices: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let appended = log.append(&slices).unwrap();
    assert_eq!(appended.first, Lgpos::new(1, 1, 0));
    assert_eq!(appended.last.generation.get(), 3, "forty records need more than two generations");
    log.flush(appended.last).unwrap();
    assert_eq!(numbers(&disk), (0..40).collect::<Vec<_>>());
}

#[test]
fn a_unit_is_never_parted_by_a_roll() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    let mut rolled = 0;
    for number in (0..120).step_by(2) {
        let before = log.generation();
        let appended = log.append_unit(&[&record(number, 2000), &record(number + 1, 3000)]).unwrap();
        assert_eq!(appended.first.generation, appended.last.generation);
        assert!(appended.first < appended.last && appended.last < appended.end);
        rolled += log.generation() - before;
    }
    assert!(rolled > 3);
    log.flush_all().unwrap();
    assert_eq!(numbers(&disk), (0..120).collect::<Vec<_>>());
    let too_long = log.append(&[&record(0, 60_000)]).unwrap_err();
    assert_eq!(too_long.jet(), JetError::LOG_BUFFER_TOO_SMALL);
}

#[test]
fn a_record_is_filled_in_when_its_place_is_known() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    log.append(&[&record(1, 10)]).unwrap();
    let mut seen = Lgpos::NULL;
    let mut last = record(0, 10);
    let appended = log
        .append_with(&mut last, &mut |position, bytes| {
            seen = position;
            bytes[5] = 9;
        })
        .unwrap();
    assert_eq!(appended.first, seen);
    log.flush(seen).unwrap();
    assert_eq!(stream(&disk)[1], (9, seen));
}

#[test]
fn a_commit_fills_its_segment_and_other_flushes_leave_a_shadow() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    let at = log.append(&[&record(1, 10)]).unwrap();
    log.flush(at.last).unwrap();
    assert_eq!(log.tip(), Lgpos::new(1, 2, 0));
    let at = log.append(&[&record(2, 10)]).unwrap();
    log.flush_unfilled(at.last).unwrap();
    assert_eq!(log.tip(), at.end);
    let bytes = disk.content(Path::new("/log/edb.log")).unwrap();
    let segment = |number: usize| bytes[number * SEGMENT_BYTES..(number + 1) * SEGMENT_BYTES].to_vec();
    assert_eq!(segment(2), segment(3), "the shadow of a partly filled segment");
    assert!(segment(4).iter().all(|byte| *byte == 0));
    let types: Vec<_> = LogFile::read(&bytes).unwrap().records().map(|record| record.record_type()).collect();
    assert_eq!(types[..3], [RecordType::Trace, RecordType::Nop2, RecordType::Trace]);
}

#[test]
fn a_stream_goes_on_where_it_ended_on_a_fresh_segment() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    log.append(&[&record(1, 10)]).unwrap();
    log.flush_all().unwrap();
    drop(log);
    let log = continued(&disk);
    assert_eq!((log.tip(), log.signature()), (Lgpos::new(1, 2, 0), signature()));
    for number in 2..200 {
        log.append(&[&record(number, 1000)]).unwrap();
    }
    log.flush_all().unwrap();
    drop(log);
    let mut newer = settings(&disk);
    newer.version = LogVersion::segmented(60, 140);
    let folder = LogFolder::scan(&disk, Path::new("/log"), "edb", LogExtension::Log).unwrap();
    let (last, last_file) = folder.last_generation(&disk).unwrap().unwrap();
    let generation = last.log().unwrap().header().generation.get();
    let log = Log::open(newer, last.place(last_file, Onward::SameGeneration).unwrap()).unwrap();
    assert_eq!(log.generation(), generation + 1, "a higher version begins a generation");
    log.append(&[&record(200, 10)]).unwrap();
    log.flush_all().unwrap();
    drop(log);
    let log = continued(&disk);
    assert_eq!(log.version(), LogVersion::segmented(60, 140), "a version never goes down");
    assert_eq!(numbers(&disk), (1..=200).collect::<Vec<_>>());
}

#[test]
fn an_owner_is_told_of_every_generation_and_asked_for_its_header() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    let owner = Arc::new(Owner::default());
    owner.checkpoint.store(1, Ordering::Relaxed);
    let weak: Weak<Owner> = Arc::downgrade(&owner);
    log.set_owner(weak);
    log.roll().unwrap();
    for number in 0..100 {
        log.append(&[&record(number, 1000)]).unwrap();
    }
    log.flush_all().unwrap();
    assert_eq!(*owner.began.lock(), [2, 3]);
    let read = Generation::read(&disk, Path::new("/log/edb00002.log")).unwrap();
    assert_eq!(read.log().unwrap().header().checkpoint, Lgpos::new(1, 1, 0));
}

/// Appends and flushes, and says which records were acknowledged as durable.
fn workload(disk: &SimulatedFileSystem, reserve_files: u32) -> BTreeSet<u32> {
    let mut acknowledged = BTreeSet::new();
    let mut run = || -> Result<()> {
        let mut settings = settings(disk);
        settings.reserve_files = reserve_files;
        let log = Log::create(settings, signature())?;
        let mut pending = Vec::new();
        for number in 0..80_u32 {
            let length = [10, 300, 1700, 40, 6000, 2500][number as usize % 6];
            let at = log.append(&[&record(number, length)])?;
            pending.push(number);
            match number % 7 {
                1 | 4 => log.flush(at.last)?,
                2 => log.flush_unfilled(at.last)?,
                6 => log.flush_all()?,
                _ => continue,
            }
            acknowledged.extend(pending.drain(..));
        }
        log.flush_all()?;
        acknowledged.extend(pending);
        Ok(())
    };
    let outcome = run();
    assert_eq!(outcome.is_err(), disk.is_off());
    acknowledged
}

#[test]
fn every_acknowledged_record_survives_a_power_cut_at_every_write() {
    let total = {
        let disk = SimulatedFileSystem::default();
        assert_eq!(workload(&disk, 1).len(), 80);
        disk.write_calls()
    };
    let (mut points, mut cut, mut restored) = (0, 0, 0);
    for call in 0..total {
        for seed in 0..6 {
            let disk = SimulatedFileSystem::default();
            let loss = if seed == 0 { PowerLoss::LosesAllUnsynced } else { PowerLoss::KeepsSome { seed } };
            disk.cut_power_at(call, loss);
            let acknowledged = workload(&disk, 1);
            disk.reboot();
            points += 1;
            let folder = LogFolder::scan(&disk, Path::new("/log"), "edb", LogExtension::Log).unwrap();
            let Some(current) = folder.current() else {
                assert!(acknowledged.is_empty() || !folder.archives().is_empty());
                if !folder.archives().is_empty() {
                    let found = numbers(&disk);
                    assert!(acknowledged.iter().all(|number| found.contains(number)), "call {call}");
                }
                continue;
            };
            match mend_tail(&disk, current, Lgpos::NULL).unwrap() {
                Mended::Cut(_) => cut += 1,
                Mended::Restored => restored += 1,
                Mended::Sound => {}
                Mended::Damaged => panic!("call {call}, seed {seed}: taken for damage"),
            }
            let found = numbers(&disk);
            let prefix: Vec<u32> = (0..found.len() as u32).collect();
            assert_eq!(found, prefix, "call {call}, seed {seed}");
            assert!(acknowledged.len() <= found.len(), "call {call}, seed {seed}: {acknowledged:?}");
            let log = continued(&disk);
            let tip = log.append(&[&record(9999, 10)]).unwrap().last;
            log.flush(tip).unwrap();
        }
    }
    println!(
        "{points} power cuts, {cut} tails cut off, {restored} segments restored, 0 acknowledged records lost"
    );
    assert!(cut > 20 && restored > 0);
}

#[test]
fn an_archived_log_is_durable_to_its_last_segment() {
    for seed in 0..64 {
        let disk = SimulatedFileSystem::default();
        let log = Log::create(settings(&disk), signature()).unwrap();
        let at = log.append(&[&record(1, 700)]).unwrap();
        log.flush_unfilled(at.last).unwrap();
        // The commit fills the segment: its copy goes over the shadow and nobody waits for it, but for the roll.
        let at = log.append(&[&record(2, 700)]).unwrap();
        log.flush(at.last).unwrap();
        log.roll().unwrap();
        disk.cut_power(PowerLoss::KeepsSome { seed });
        disk.reboot();
        let archive = disk.content(Path::new("/log/edb00001.log")).unwrap();
        assert_eq!(LogFile::read(&archive).unwrap().damage(), None, "seed {seed}");
        assert_eq!(numbers(&disk), [1, 2], "seed {seed}");
    }
}

#[test]
fn a_second_power_cut_while_a_tail_is_mended_is_survived() {
    let mut second_cuts = 0;
    for call in 0..60 {
        for seed in 1..12 {
            let disk = SimulatedFileSystem::default();
            disk.cut_power_at(call, PowerLoss::KeepsSome { seed });
            let acknowledged = workload(&disk, 0);
            disk.reboot();
            let current = Path::new("/log/edb.log");
            if !disk.is_file(current) {
                continue;
            }
            for again in 0..4 {
                disk.cut_power_at(again, PowerLoss::KeepsSome { seed: seed ^ 0x55 });
                second_cuts += u32::from(mend_tail(&disk, current, Lgpos::NULL).is_err());
                disk.reboot();
            }
            assert_ne!(mend_tail(&disk, current, Lgpos::NULL).unwrap(), Mended::Damaged);
            assert!(acknowledged.len() <= numbers(&disk).len(), "call {call}, seed {seed}");
        }
    }
    println!("{second_cuts} power cuts while mending");
    assert!(second_cuts > 50);
}

#[test]
fn damage_that_no_power_cut_explains_is_left_alone() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    for number in 0..40 {
        let at = log.append(&[&record(number, 1000)]).unwrap();
        log.flush_unfilled(at.last).unwrap();
    }
    drop(log);
    let path = Path::new("/log/edb.log");
    let sound = disk.content(path).unwrap();
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = sound.clone();
        change(&mut bytes);
        disk.put(path, bytes.clone());
        let mended = mend_tail(&disk, path, Lgpos::NULL).unwrap();
        (mended, disk.content(path).unwrap() == bytes)
    };
    assert_eq!(damaged(&|_| {}), (Mended::Sound, true));
    let two_bits = |bytes: &mut Vec<u8>| {
        bytes[3 * SEGMENT_BYTES + 700] ^= 1;
        bytes[3 * SEGMENT_BYTES + 1900] ^= 4;
    };
    assert_eq!(damaged(&two_bits), (Mended::Damaged, true));
    let lost = |bytes: &mut Vec<u8>| bytes[3 * SEGMENT_BYTES..4 * SEGMENT_BYTES].fill(0);
    assert_eq!(damaged(&lost), (Mended::Damaged, true), "a segment far from the end was lost");
    let one_bit = |bytes: &mut Vec<u8>| bytes[3 * SEGMENT_BYTES + 700] ^= 1;
    assert_eq!(damaged(&one_bit), (Mended::Restored, false));
    disk.put(path, sound.clone());
    let last = stream(&disk).last().unwrap().1.isec.get();
    let torn_last = |bytes: &mut Vec<u8>| {
        let start = usize::from(last) * SEGMENT_BYTES;
        bytes[start + 512..start + 1024].fill(0);
    };
    assert_eq!(damaged(&torn_last), (Mended::Restored, false));
    assert_eq!(stream(&disk).len(), 40, "the shadow has every record");
}

#[test]
fn on_a_full_disk_the_reserve_logs_are_used_then_the_log_is_down() {
    let disk = SimulatedFileSystem::default();
    let mut settings = settings(&disk);
    settings.reserve_files = 2;
    let log = Log::create(settings.clone(), signature()).unwrap();
    assert_eq!(log.state(), LogState::Running);
    disk.set_size(Some(disk.used() + 100));
    let mut number = 0;
    let mut write_until = |wanted: &dyn Fn(LogState) -> bool| -> Result<u32> {
        while !wanted(log.state()) {
            let at = log.append(&[&record(number, 1000)])?;
            log.flush(at.last)?;
            number += 1;
        }
        Ok(number)
    };
    write_until(&|state| state == LogState::Quiesced).unwrap();
    assert_eq!(log.admit_new_work().unwrap_err().jet(), JetError::LOG_DISK_FULL);
    assert!(!disk.is_file(Path::new("/log/edbres00002.jrs")));
    disk.set_size(None);
    log.admit_new_work().unwrap();
    assert_eq!(log.state(), LogState::Running);
    assert!(disk.is_file(Path::new("/log/edbres00002.jrs")));
    disk.set_size(Some(disk.used() + 100));
    let error = write_until(&|_| false).unwrap_err();
    assert_eq!(error.jet(), JetError::LOG_WRITE_FAIL);
    assert_eq!(log.state(), LogState::Down(JetError::LOG_WRITE_FAIL));
    assert_eq!(log.append(&[&record(0, 4)]).unwrap_err().jet(), JetError::LOG_WRITE_FAIL);
    assert_eq!(log.flush_all().unwrap_err().jet(), JetError::LOG_WRITE_FAIL);
    disk.set_size(None);
    let found = numbers(&disk);
    assert!(found.len() as u32 >= number, "{} of {number}", found.len());
    let from_reserve = Generation::read(&disk, Path::new("/log/edb00002.log")).unwrap();
    assert!(from_reserve.log().unwrap().header().log_flags().contains(LogFlags::RESERVE));
}

#[test]
fn one_failed_write_takes_the_log_down_for_good() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    let at = log.append(&[&record(1, 10)]).unwrap();
    disk.fail_once(1, std::io::ErrorKind::Other);
    assert_eq!(log.flush(at.last).unwrap_err().jet(), JetError::LOG_WRITE_FAIL);
    assert_eq!(log.flush(at.last).unwrap_err().jet(), JetError::LOG_WRITE_FAIL);
    assert_eq!(log.roll().unwrap_err().jet(), JetError::LOG_WRITE_FAIL);
}

/// An owner that panics when a generation begins.
#[derive(Debug)]
struct Panicking;

impl LogOwner for Panicking {
    fn header_facts(&self, _: Lgpos) -> HeaderFacts {
        HeaderFacts::default()
    }

    fn generation_began(&self, _: i32, _: Logtime) -> Result<()> {
        // Long enough that others wait for this thread.
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::panic::resume_unwind(Box::new("on purpose"));
    }
}

#[test]
fn nobody_waits_for_a_thread_that_panicked_while_it_wrote() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    let owner: Arc<dyn LogOwner> = Arc::new(Panicking);
    log.set_owner(Arc::downgrade(&owner));
    let (failed, panicked) = (AtomicI32::new(0), AtomicI32::new(0));
    std::thread::scope(|scope| {
        for thread in 0..8_u32 {
            let (log, failed, panicked) = (&log, &failed, &panicked);
            let commits = move || {
                for commit in 0.. {
                    let committed = log.append(&[&record(thread * 1000 + commit, 900)]);
                    let committed = committed.and_then(|at| log.flush(at.last));
                    if let Err(error) = committed {
                        assert_eq!(error.jet(), JetError::INSTANCE_UNAVAILABLE, "{error}");
                        failed.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                }
            };
            scope.spawn(move || {
                if std::panic::catch_unwind(std::panic::AssertUnwindSafe(commits)).is_err() {
                    panicked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!((failed.into_inner(), panicked.into_inner()), (7, 1));
    assert_eq!(log.state(), LogState::Down(JetError::INSTANCE_UNAVAILABLE));
    for outcome in [log.flush_all(), log.roll(), log.write_behind(), log.admit_new_work()] {
        assert_eq!(outcome.unwrap_err().jet(), JetError::INSTANCE_UNAVAILABLE);
    }
}

#[test]
fn circular_logging_keeps_what_recovery_needs() {
    let disk = SimulatedFileSystem::default();
    let mut settings = settings(&disk);
    settings.circular = Circular::On;
    let log = Log::create(settings, signature()).unwrap();
    let owner = Arc::new(Owner::default());
    let weak: Weak<Owner> = Arc::downgrade(&owner);
    log.set_owner(weak);
    let archives = |disk: &SimulatedFileSystem| -> Vec<i32> {
        let folder = LogFolder::scan(disk, Path::new("/log"), "edb", LogExtension::Log).unwrap();
        folder.archives().keys().copied().collect()
    };
    for _ in 0..5 {
        log.roll().unwrap();
    }
    assert_eq!(archives(&disk), [1, 2, 3, 4, 5], "the checkpoint has not moved");
    owner.checkpoint.store(5, Ordering::Relaxed);
    log.roll().unwrap();
    assert_eq!(archives(&disk), [3, 4, 5, 6], "1 is used again, 2 is older than the two that are kept");
    let hold = log.hold_archives(3);
    owner.checkpoint.store(7, Ordering::Relaxed);
    log.roll().unwrap();
    assert_eq!(archives(&disk), [3, 4, 5, 6, 7]);
    drop(hold);
    log.roll().unwrap();
    assert_eq!(archives(&disk), [5, 6, 7, 8]);
    log.append(&[&record(1, 10)]).unwrap();
    log.flush_all().unwrap();
    assert_eq!(numbers(&disk), [1]);
    let current = disk.content(Path::new("/log/edb.log")).unwrap();
    let flags = LogFile::read(&current).unwrap().header().log_flags();
    assert_eq!(flags, LogFlags::CIRCULAR | LogFlags::CIRCULAR_BEFORE);
}

#[test]
fn the_next_file_can_be_prepared() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    log.prepare_next(1).unwrap();
    assert_eq!(disk.content(Path::new("/log/edbtmp.log")).unwrap().len(), 16 * SEGMENT_BYTES);
    let before = disk.write_calls();
    log.roll().unwrap();
    assert_eq!(disk.write_calls() - before, 4, "header, sync, rename, rename");
}

#[test]
fn eight_threads_commit_and_share_their_syncs() {
    let disk = SimulatedFileSystem::default();
    let log = Log::create(settings(&disk), signature()).unwrap();
    let before = disk.write_calls();
    std::thread::scope(|scope| {
        for thread in 0..8_u32 {
            let log = &log;
            scope.spawn(move || {
                for commit in 0..200 {
                    let at = log.append(&[&record(thread * 1000 + commit, 60)]).unwrap();
                    log.flush(at.last).unwrap();
                    assert!(log.durable_tip() > at.last);
                }
            });
        }
    });
    let found = stream(&disk);
    assert_eq!(found.len(), 1600);
    assert!(found.windows(2).all(|pair| pair[0].1 < pair[1].1));
    println!("1600 commits of 8 threads in {} writing calls", disk.write_calls() - before);
    for thread in 0..8 {
        let own: Vec<u32> = found.iter().map(|(number, _)| *number).filter(|n| n / 1000 == thread).collect();
        assert_eq!(own, (thread * 1000..thread * 1000 + 200).collect::<Vec<_>>());
    }
}

#[test]
fn the_same_on_the_real_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&SimulatedFileSystem::default());
    settings.host = Host::system();
    settings.folder = folder.path().to_owned();
    settings.system_folder = folder.path().to_owned();
    settings.reserve_files = 2;
    let log = Log::create(settings.clone(), signature()).unwrap();
    for number in 0..100 {
        let at = log.append(&[&record(number, 1000)]).unwrap();
        if number % 10 == 0 {
            log.flush(at.last).unwrap();
        }
    }
    log.flush_all().unwrap();
    drop(log);
    let disk = &*settings.host.file_system;
    let found = LogFolder::scan(disk, folder.path(), "edb", LogExtension::Jtx).unwrap();
    assert_eq!((found.extension(), found.reserves().len()), (LogExtension::Log, 2));
    let (last, last_file) = found.last_generation(disk).unwrap().unwrap();
    let place = last.place(last_file, Onward::SameGeneration).unwrap();
    assert_eq!(place.header.generation.get(), found.archives().len() as i32 + 1);
    Log::open(settings, place).unwrap().flush_all().unwrap();
}
