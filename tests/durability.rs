//! What was acknowledged is there after the process died: `c_tests/committing.c` is killed again and again in the middle
//! of its durable commits. `ESENT_KILLS` says how often (50 without it).

mod programs;

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Kills where nobody asks for another number.
const KILLS_DEFAULT: u32 = 50;

/// The last number the killed program told before it died, if it told any.
fn last_told(mut child: Child, patience: Duration) -> Option<i32> {
    let mut told = child.stdout.take().expect("stdout is a pipe");
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        told.read_to_end(&mut bytes).map(|_| bytes)
    });
    std::thread::sleep(patience);
    child.kill().expect("a child can be killed");
    child.wait().expect("a killed child ends");
    let bytes = reader.join().expect("the reader does not panic").expect("a pipe can be read");
    let whole = bytes.chunks_exact(4).next_back()?;
    Some(i32::from_le_bytes(whole.try_into().expect("four bytes")))
}

fn check(program: &Path, folder: &str, promised: i32) -> i32 {
    let output = programs::with_own_library(&mut Command::new(program))
        .args([folder, "check", &promised.to_string()])
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "after {promised} rows: {} {said}", output.status);
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of rows")
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let programs = TempDir::new().expect("a temporary folder");
    let program = programs::build(&programs, "c_tests/committing.c");
    let data = TempDir::new().expect("a temporary folder");
    let folder = format!("{}/", data.path().display());
    let kills = std::env::var("ESENT_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS_DEFAULT);
    let (mut promised, mut seed) = (0, 0x1234_5678_u64);
    for _ in 0..kills {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let patience = Duration::from_millis(20 + (seed >> 33) % 180);
        let child = programs::with_own_library(&mut Command::new(&program))
            .args([&folder, "write"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        if let Some(told) = last_told(child, patience) {
            assert!(told > promised, "{told} was told after {promised}");
            promised = told;
        }
    }
    let found = check(&program, &folder, promised);
    assert!(promised > 0, "the program never came to its first commit");
    ese_corpus::report!("{kills} kills: {promised} rows promised, {found} there");
}
