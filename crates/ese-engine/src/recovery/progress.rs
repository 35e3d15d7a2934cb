//! How far redo is, in whole percents that only grow (spec 07 §13).

use ese_format::log::header::LogHeader;

/// From this many generations on only whole ones count, in a hard recovery.
pub(super) const COARSE_FROM_HARD: i64 = 60;
/// As [`COARSE_FROM_HARD`], in a soft recovery.
pub(super) const COARSE_FROM_SOFT: i64 = 66;

/// How much is to be redone, and how much is.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgressMeter {
    first: i32,
    expected: i64,
    coarse_from: i64,
    told: i64,
}

impl ProgressMeter {
    /// A replay of generations from `first` on; `expected` is how many there will be, as far as anybody knows. From
    /// `coarse_from` generations on segments do not count.
    pub(super) fn new(first: i32, expected: i64, coarse_from: i64) -> Self {
        Self { first, expected: expected.max(1), coarse_from, told: 0 }
    }

    /// The percents when redo is in this segment (0: at the beginning) of a generation, where they grew.
    pub(super) fn reached(&mut self, header: &LogHeader, segment: u16) -> Option<u8> {
        let done = i64::from(header.generation.get()) - i64::from(self.first);
        let mut percent = done.max(0) * 100 / self.expected;
        if self.expected < self.coarse_from {
            let segments = i64::from(header.file_sectors.get()).max(1);
            percent += i64::from(segment) * 100 / (self.expected * segments);
        }
        let percent = percent.min(100);
        if percent <= self.told {
            return None;
        }
        self.told = percent;
        u8::try_from(percent).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(generation: i32, sectors: u16) -> LogHeader {
        let mut header = LogHeader::zeroed();
        header.generation = generation.into();
        header.file_sectors = sectors.into();
        header
    }

    #[test]
    fn the_percents_are_those_of_the_original_on_five_logs_of_sixteen_sectors() {
        // Spec 07 §22.2, step 8.
        let mut meter = ProgressMeter::new(0xF, 5, COARSE_FROM_HARD);
        let first = header(0xF, 16);
        let told: Vec<u8> = (2..15).filter_map(|segment| meter.reached(&first, segment)).collect();
        assert_eq!(told, [2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17]);
        let second = header(0x10, 16);
        let told: Vec<u8> = (0..5).filter_map(|segment| meter.reached(&second, segment)).collect();
        assert_eq!(told, [20, 21, 22, 23, 25]);
        assert_eq!(meter.reached(&second, 4), None);
    }

    #[test]
    fn many_logs_count_as_wholes_and_none_beyond_all() {
        let mut meter = ProgressMeter::new(1, 200, COARSE_FROM_HARD);
        assert_eq!(meter.reached(&header(2, 16), 15), None);
        assert_eq!(meter.reached(&header(3, 16), 15), Some(1));
        assert_eq!(meter.reached(&header(i32::MAX, 16), 15), Some(100));
        assert_eq!(meter.reached(&header(i32::MAX, 16), 15), None);
    }
}
