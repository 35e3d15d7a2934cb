//! JET_paramConfiguration: one number that sets many others (spec 08 §6.6).

use super::{ParameterStore, Stored, default_value};
use crate::abi::tables::enums::*;
use crate::abi::tables::params::*;
use crate::abi::tables::{ParameterAccess, ParameterDefault};

const KIB: usize = 1024;
const MIB: usize = 1024 * 1024;
const NO_LIMIT: usize = 2_147_483_647;
const SESSIONS_MAX: usize = 30_000;

impl ParameterStore {
    /// Applies a configuration: bit 0x1 or the old value 0 resets first, then each bit does its part in the order of
    /// the spec; without a reset the stored value accumulates.
    pub(super) fn configure(&mut self, configuration: usize) {
        if configuration == 0 {
            self.reset();
            self.take_small_defaults();
            self.store(JET_paramConfiguration, Stored::Number(0));
            return;
        }
        let before = self.number(JET_paramConfiguration);
        let stored = if configuration & JET_configDefault as usize != 0 {
            self.reset();
            configuration
        } else {
            before | configuration
        };
        self.apply(configuration);
        self.store(JET_paramConfiguration, Stored::Number(stored));
    }

    /// Every parameter that can be set goes back to its default.
    fn reset(&mut self) {
        for parameter in PARAMETERS {
            let settable = !matches!(
                parameter.access,
                ParameterAccess::GetOnly | ParameterAccess::Ignored | ParameterAccess::Refused
            );
            if settable && parameter.default != ParameterDefault::None {
                self.store(parameter.id, default_value(parameter));
            }
        }
    }

    fn take_small_defaults(&mut self) {
        for parameter in PARAMETERS.iter().filter(|parameter| parameter.id != JET_paramConfiguration) {
            if let ParameterDefault::Number(number) = parameter.small_default {
                self.store(parameter.id, Stored::Number(number));
            }
        }
    }

    fn store_numbers(&mut self, values: &[(u32, usize)]) {
        for (id, number) in values {
            self.store(*id, Stored::Number(*number));
        }
    }

    fn apply(&mut self, configuration: usize) {
        let page_bytes = self.number(JET_paramDatabasePageSize).max(1);
        let has = |bit: u32| configuration & bit as usize != 0;
        if has(JET_configLowDiskFootprint) {
            let log_kib = if page_bytes == 32 * KIB { 128 } else { 64 };
            self.store_numbers(&[
                (JET_paramDbExtensionSize, 16),
                (JET_paramPageTempDBMin, 14),
                (JET_paramCircularLog, 1),
                (JET_paramLogFileSize, log_kib),
                (JET_paramCheckpointDepthMax, 512 * KIB),
            ]);
        }
        if has(JET_configMediumDiskFootprint) {
            self.store_numbers(&[
                (JET_paramDbExtensionSize, 512 * KIB / page_bytes),
                (JET_paramPageTempDBMin, 30),
                (JET_paramCircularLog, 1),
                (JET_paramLogFileSize, 512),
                (JET_paramCheckpointDepthMax, 4 * MIB),
            ]);
        }
        if has(JET_configLowMemory) {
            self.take_small_defaults();
        }
        if has(JET_configDynamicMediumMemory) {
            let cache_pages_max = 5 * MIB / page_bytes;
            self.store_numbers(&[
                (JET_paramMaxInstances, 1),
                (JET_paramLogBuffers, 512),
                (JET_paramPageHintCacheSize, 64),
                (JET_paramEnableFileCache, 1),
                (JET_paramEnableViewCache, 1),
                (JET_paramCacheSizeMin, 128 * KIB / page_bytes),
                (JET_paramCacheSizeMax, cache_pages_max),
                (JET_paramStartFlushThreshold, cache_pages_max * 2 / 100),
                (JET_paramStopFlushThreshold, cache_pages_max * 3 / 100),
                (JET_paramLRUKHistoryMax, 1000),
                (JET_paramGlobalMinVerPages, 1),
                (JET_paramVerPageSize, 8192),
                (JET_paramOutstandingIOMax, 48),
            ]);
        }
        if has(JET_configSSDProfileIO) {
            self.store_numbers(&[
                (JET_paramMaxCoalesceReadSize, 256 * KIB),
                (JET_paramMaxCoalesceWriteSize, 256 * KIB),
                (JET_paramMaxCoalesceWriteGapSize, 0),
                (JET_paramOutstandingIOMax, 16),
                (JET_paramPrereadIOMax, 5),
            ]);
        }
        if has(JET_configRemoveQuotas) {
            self.store_numbers(&[
                (JET_paramMaxOpenTables, NO_LIMIT),
                (JET_paramMaxCursors, NO_LIMIT),
                (JET_paramMaxVerPages, NO_LIMIT),
                (JET_paramMaxTemporaryTables, NO_LIMIT),
                (JET_paramPreferredVerPages, NO_LIMIT),
                (JET_paramMaxSessions, SESSIONS_MAX),
            ]);
        }
        if has(JET_configRunSilent) {
            self.store_numbers(&[
                (JET_paramNoInformationEvent, 1),
                (JET_paramEventLoggingLevel, 0),
                (JET_paramDisablePerfmon, 1),
            ]);
        }
    }
}
