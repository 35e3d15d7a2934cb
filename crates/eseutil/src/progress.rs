//! Progress: the dotted ruler of Windows' tool in the text, or a live bar on standard error (spec 10 §2.3, §10.5).
//!
//! ```text
//!           <title, centred on 51>
//! <empty line>
//!           0    10   20   30   40   50   60   70   80   90  100
//!           |----|----|----|----|----|----|----|----|----|----|
//!           ...................................................
//! ```
//!
//! Invariants: one dot per full 2 %, never going back; a finished ruler has 51 dots.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle as BarStyle};

use crate::output::{Output, ProgressStyle};

const DOTS: u64 = 50;

/// One progress display, from begin to complete.
pub struct Progress {
    total: u64,
    dots: u64,
    live: Option<ProgressBar>,
    is_ruler: bool,
}

impl Progress {
    /// Begins: writes the ruler, or starts the live bar. `title` as `Checksum`, `total` in any unit.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn begin(title: &str, total: u64, out: &mut Output<'_>) -> io::Result<Self> {
        let style = out.progress();
        let live = (style == ProgressStyle::Live).then(|| live_bar(title, total));
        let is_ruler = style == ProgressStyle::Ruler;
        if is_ruler {
            let words = format!("{title} (% complete)");
            let indent = 10_usize.saturating_add(51_usize.saturating_sub(words.len()) / 2);
            writeln!(out, "{:indent$}{words}\n", "")?;
            writeln!(out, "          0    10   20   30   40   50   60   70   80   90  100")?;
            writeln!(out, "          |----|----|----|----|----|----|----|----|----|----|")?;
            write!(out, "          ")?;
        }
        Ok(Self { total, dots: 0, live, is_ruler })
    }

    /// `done` units of the total are behind us.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn advance(&mut self, done: u64, out: &mut Output<'_>) -> io::Result<()> {
        if let Some(bar) = &self.live {
            bar.set_position(done);
        }
        let due = done.saturating_mul(DOTS).checked_div(self.total).unwrap_or(0).min(DOTS);
        if self.is_ruler && due > self.dots {
            for _ in self.dots..due {
                out.write_all(b".")?;
            }
            self.dots = due;
            out.flush()?;
        }
        Ok(())
    }

    /// Ends a run that came to its end.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn complete(self, out: &mut Output<'_>) -> io::Result<()> {
        if let Some(bar) = &self.live {
            bar.finish_and_clear();
        }
        if self.is_ruler {
            for _ in self.dots..DOTS {
                out.write_all(b".")?;
            }
            writeln!(out, ".")?;
        }
        Ok(())
    }
}

impl Progress {
    /// Ends a run that failed: the mark goes behind the last dot.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn fail(self, out: &mut Output<'_>) -> io::Result<()> {
        if let Some(bar) = &self.live {
            bar.finish_and_clear();
        }
        if self.is_ruler {
            out.write_all(b"X")?;
        }
        Ok(())
    }
}

fn live_bar(title: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
    let template = "{msg} [{bar:40}] {percent}% {bytes_per_sec} {eta}";
    if let Ok(style) = BarStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(title.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Renderer;

    #[test]
    fn a_finished_ruler_has_51_dots_whatever_the_steps_were() {
        for steps in [vec![], vec![0], vec![49], vec![25, 50, 99, 100], vec![100]] {
            let (mut text, mut errors) = (Vec::new(), Vec::new());
            let mut out = Output::new(&mut text, &mut errors, Renderer::Classic, ProgressStyle::Ruler);
            let mut progress =
                Progress::begin("Checksum Status", 100, &mut out).expect("a vector takes every byte");
            for &done in &steps {
                progress.advance(done, &mut out).expect("a vector takes every byte");
            }
            progress.complete(&mut out).expect("a vector takes every byte");
            drop(out);
            let text = String::from_utf8(text).expect("the ruler is ASCII");
            assert!(text.starts_with("                     Checksum Status (% complete)\n\n"), "{text}");
            assert!(text.ends_with(&format!("          {}\n", ".".repeat(51))), "{steps:?}");
        }
    }

    #[test]
    fn forty_nine_percent_are_24_dots() {
        let (mut text, mut errors) = (Vec::new(), Vec::new());
        let mut out = Output::new(&mut text, &mut errors, Renderer::Classic, ProgressStyle::Ruler);
        let mut progress =
            Progress::begin("Checksum Status", 100, &mut out).expect("a vector takes every byte");
        progress.advance(49, &mut out).expect("a vector takes every byte");
        drop(out);
        assert!(String::from_utf8_lossy(&text).ends_with(&format!("          {}", ".".repeat(24))));
    }
}
