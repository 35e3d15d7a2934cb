//! Line-by-line comparison with what the original printed.

/// What a comparison of two texts found.
#[derive(Default)]
pub(crate) struct Agreement {
    pub(crate) equal: usize,
    pub(crate) read_columns: usize,
    pub(crate) differences: Vec<String>,
}

impl Agreement {
    pub(crate) fn compare(&mut self, name: &str, expected: &[&str], found: &[&str]) {
        let both = expected.len().max(found.len());
        for index in 0..both {
            match (expected.get(index), found.get(index)) {
                (Some(left), Some(right)) if left == right => self.equal += 1,
                (Some(left), Some(right)) if differs_in_read_columns_alone(left, right) => {
                    self.read_columns += 1;
                }
                (left, right) => self.differences.push(format!(
                    "{name}: line {}\n  original: {}\n  libesent: {}",
                    index + 1,
                    left.map_or("(none)".to_owned(), |line| format!("{line:?}")),
                    right.map_or("(none)".to_owned(), |line| format!("{line:?}")),
                )),
            }
        }
    }
}

/// INDEX.md: "# Reads", "# Pages Read" and the sums of the log I/O table may be off by a few pages.
fn differs_in_read_columns_alone(expected: &str, found: &str) -> bool {
    let columns = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (left, right) = (columns(expected), columns(found));
    let numbers =
        |row: &[String]| row.iter().skip(1).map(|cell| cell.parse::<i64>().ok()).collect::<Option<Vec<_>>>();
    let (Some(left_numbers), Some(right_numbers)) = (numbers(&left), numbers(&right)) else { return false };
    let is_row = left.first() == right.first()
        && left.first().is_some_and(|label| label == "Total" || label.parse::<u8>().is_ok())
        && left_numbers.len() == 8
        && right_numbers.len() == 8;
    is_row
        && [0, 1, 6, 7].into_iter().all(|column| left_numbers[column] == right_numbers[column])
        && [2, 4].into_iter().all(|column| (left_numbers[column] - right_numbers[column]).abs() <= 2)
        && right_numbers[3] - right_numbers[5] == left_numbers[3] - left_numbers[5]
        && (0..=40).contains(&(right_numbers[5] - left_numbers[5]))
}

pub(crate) fn fail_on_differences(agreement: &Agreement) {
    assert!(
        agreement.differences.is_empty(),
        "{} lines differ:\n{}",
        agreement.differences.len(),
        agreement.differences.iter().take(30).cloned().collect::<Vec<_>>().join("\n")
    );
}
