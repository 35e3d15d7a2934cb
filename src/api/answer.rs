//! Stored values of the engine as structures of the interface.

use ese_format::lgpos::Lgpos;
use ese_format::logtime::Logtime;
use ese_format::signature::Signature;

use crate::abi::structs::{
    JET_COMMIT_ID, JET_LOGTIME, JET_LOGTIME__anonymous_6, JET_LOGTIME__anonymous_7, JET_SIGNATURE,
};

/// A time.
pub(crate) fn logtime(stored: &Logtime) -> JET_LOGTIME {
    JET_LOGTIME {
        bSeconds: stored.seconds.cast_signed(),
        bMinutes: stored.minutes.cast_signed(),
        bHours: stored.hours.cast_signed(),
        bDay: stored.day.cast_signed(),
        bMonth: stored.month.cast_signed(),
        bYear: stored.year_since_1900.cast_signed(),
        anonymous_6: JET_LOGTIME__anonymous_6 { bFiller1: stored.low.cast_signed() },
        anonymous_7: JET_LOGTIME__anonymous_7 { bFiller2: stored.high.cast_signed() },
    }
}

/// An identity.
pub(crate) fn signature(stored: &Signature) -> JET_SIGNATURE {
    JET_SIGNATURE {
        ulRandom: stored.random.get(),
        logtimeCreate: logtime(&stored.created),
        szComputerName: stored.computer_name.map(u8::cast_signed),
    }
}

/// The id of a commit: the log, and its place there as one number.
pub(crate) fn commit_id(log: &Signature, position: Lgpos) -> JET_COMMIT_ID {
    let generation = i64::from(position.generation.get());
    let place = i64::from(position.isec.get()) << 16 | i64::from(position.ib.get());
    JET_COMMIT_ID { signLog: signature(log), reserved: 0, commitId: generation << 32 | place }
}
