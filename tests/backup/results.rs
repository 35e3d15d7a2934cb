//! The results of JetBeginExternalBackup(Instance) that its documentation lists, a test for each (spec 07 §3.3).

use esent::abi::tables::bits::*;
use esent::abi::tables::errors::*;
use esent::abi::tables::params::*;
use esent::api::*;

use crate::bed::{Bed, Form, Setup};
use crate::harness::set_text;
use crate::one_at_a_time;

#[test]
fn begin_external_backup_jet_err_success() {
    let _turn = one_at_a_time();
    let mut bed = Bed::new(Form::A);
    assert_eq!(bed.begin(0), JET_errSuccess);
    assert_eq!(bed.end(JET_bitBackupEndAbort), JET_errSuccess);
    bed.full(true, JET_bitBackupEndNormal);
    assert_eq!(bed.begin(JET_bitBackupIncremental), JET_errSuccess);
}

#[test]
fn begin_external_backup_jet_err_backup_in_progress() {
    let _turn = one_at_a_time();
    let bed = Bed::in_full(Form::A);
    assert_eq!(bed.begin(0), JET_errBackupInProgress);
}

#[test]
fn begin_external_backup_jet_err_surrogate_backup_in_progress() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    assert_eq!(bed.begin(JET_bitBackupSurrogate), JET_errSuccess);
    assert_eq!(bed.begin(0), JET_errSurrogateBackupInProgress);
}

#[test]
fn begin_external_backup_jet_err_backup_not_allowed_yet() {
    let _turn = one_at_a_time();
    // Through the C interface the instance's own state answers first (spec 07 §3.2); the engine says it to Rust programs.
    let bed = Bed::created(Form::A, Setup::default());
    assert_eq!(bed.begin(0), JET_errNotInitialized);
    drop(bed);
    let folder = tempfile::tempdir().unwrap();
    let host = ese_engine::io::Host::system();
    let settings = ese_engine::instance::InstanceSettings::in_folder(host, folder.path());
    let instance = ese_engine::instance::Instance::start(settings).unwrap();
    instance.stop(ese_engine::instance::TermKind::Complete).unwrap();
    let error = instance.begin_external_backup(ese_engine::backup::BeginOptions::empty()).unwrap_err();
    assert_eq!(error.jet().code(), JET_errBackupNotAllowedYet);
}

#[test]
fn begin_external_backup_jet_err_client_request_to_stop_jet_service() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetStopServiceInstance(bed.instance) }, 0);
    assert_eq!(bed.begin(0), JET_errClientRequestToStopJetService);
}

#[test]
fn begin_external_backup_jet_err_instance_unavailable() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    // The log takes nothing more: every call gets the error that the instance failed with.
    // SAFETY: any number may be passed.
    unsafe { JetStopServiceInstance2(bed.instance, JET_bitStopServiceStopAndEmitLog) };
    let given = bed.begin(0);
    assert!([JET_errInstanceUnavailable, JET_errLogWriteFail].contains(&given), "{given}");
}

#[test]
fn begin_external_backup_jet_err_invalid_backup() {
    let _turn = one_at_a_time();
    let bed = Bed::circular(Form::A);
    assert_eq!(bed.begin(JET_bitBackupIncremental), JET_errInvalidBackup);
}

#[test]
fn begin_external_backup_jet_err_invalid_grbit() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    assert_eq!(bed.begin(JET_bitBackupAtomic), JET_errInvalidGrbit);
}

#[test]
fn begin_external_backup_jet_err_invalid_parameter() {
    let _turn = one_at_a_time();
    // SAFETY: any number may be passed.
    unsafe {
        assert_eq!(JetBeginExternalBackup(0), JET_errInvalidParameter);
        let _bed = Bed::new(Form::A);
        assert_eq!(JetBeginExternalBackupInstance(77, 0), JET_errInvalidParameter);
    }
}

#[test]
fn begin_external_backup_jet_err_logging_disabled() {
    let _turn = one_at_a_time();
    let mut bed = Bed::created(Form::A, Setup::default());
    assert_eq!(set_text(Some(bed.instance), JET_paramRecovery, "off".as_ref()), 0);
    bed.start();
    assert_eq!(bed.begin(0), JET_errLoggingDisabled);
}

#[test]
fn begin_external_backup_jet_err_missing_full_backup() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    assert_eq!(bed.begin(JET_bitBackupIncremental), JET_errMissingFullBackup);
}

#[test]
fn begin_external_backup_jet_err_not_initialized() {
    let _turn = one_at_a_time();
    let bed = Bed::created(Form::A, Setup::default());
    assert_eq!(bed.begin(0), JET_errNotInitialized);
}

#[test]
fn begin_external_backup_jet_err_running_in_multi_instance_mode() {
    let _turn = one_at_a_time();
    let _bed = Bed::new(Form::A);
    // SAFETY: any number may be passed.
    assert_eq!(unsafe { JetBeginExternalBackup(0) }, JET_errRunningInMultiInstanceMode);
}

#[test]
fn begin_external_backup_jet_err_checkpoint_file_not_found() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    let checkpoint = bed.path("edb.chk");
    let content = std::fs::read(&checkpoint).unwrap();
    std::fs::remove_file(&checkpoint).unwrap();
    assert_eq!(bed.begin(0), JET_errCheckpointFileNotFound);
    std::fs::write(&checkpoint, content).unwrap();
}

#[test]
fn begin_external_backup_jet_err_checkpoint_corrupt() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    let checkpoint = bed.path("edb.chk");
    let content = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, vec![7; content.len()]).unwrap();
    assert_eq!(bed.begin(0), JET_errCheckpointCorrupt);
    std::fs::write(&checkpoint, content).unwrap();
}

#[test]
fn begin_external_backup_jet_err_log_write_fail() {
    let _turn = one_at_a_time();
    let bed = Bed::new(Form::A);
    // SAFETY: any number may be passed.
    unsafe { JetStopServiceInstance2(bed.instance, JET_bitStopServiceStopAndEmitLog) };
    assert_eq!(bed.begin(0), JET_errLogWriteFail);
}
