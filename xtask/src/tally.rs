//! Counting tests from what nextest, `cargo test` and node's test runner print.

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Notes that `count` tests that counted as passed had only said why they could not run.
    pub(crate) fn skip_passed(&mut self, count: u64) {
        let count = count.min(self.passed);
        self.passed -= count;
        self.skipped += count;
    }

    /// The closing line: `3 passed, 0 failed, 1 skipped`.
    pub(crate) fn line(self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Reads `Summary [ 1.2s] 12 tests run: 11 passed (1 slow), 1 failed, 3 skipped`.
pub(crate) fn from_nextest(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().map(without_colours) {
        let Some((_, counts)) = line.trim_start().strip_prefix("Summary ").and_then(|rest| rest.split_once(" run: "))
        else {
            continue;
        };
        for (count, what) in counts_of(&without_brackets(counts)) {
            match what.as_str() {
                "passed" => tally.passed += count,
                "failed" | "exec failed" | "timed out" => tally.failed += count,
                "skipped" => tally.skipped += count,
                _ => {}
            }
        }
    }
    tally
}

/// The tests that nextest saw pass only when tried again: `FLAKY 2/2 [ 0.1s] (3/9) testkit::platform year::sqlite::balances`.
pub(crate) fn second_tries(output: &str) -> Vec<String> {
    let name = |line: String| Some(line.trim_start().strip_prefix("FLAKY ")?.split_whitespace().last()?.to_owned());
    let mut names: Vec<String> = output.lines().map(without_colours).filter_map(name).collect();
    names.sort();
    names.dedup();
    names
}

/// Reads each `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
pub(crate) fn from_cargo_test(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().map(without_colours) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            continue;
        };
        for (count, what) in counts_of(&counts.replace(';', ",")) {
            match what.as_str() {
                "passed" => tally.passed += count,
                "failed" => tally.failed += count,
                "ignored" => tally.skipped += count,
                _ => {}
            }
        }
    }
    tally
}

/// Reads the end of `node --test`: `ℹ pass 5` or, without a terminal in older versions, `# pass 5`.
pub(crate) fn from_node(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().map(without_colours) {
        let Some(rest) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) else { continue };
        let Some((what, Ok(count))) = rest.split_once(' ').map(|(what, count)| (what, count.trim().parse::<u64>()))
        else {
            continue;
        };
        match what {
            "pass" => tally.passed += count,
            "fail" | "cancelled" => tally.failed += count,
            "skipped" | "todo" => tally.skipped += count,
            _ => {}
        }
    }
    tally
}

/// `3 passed, 1 timed out` as pairs.
fn counts_of(list: &str) -> Vec<(u64, String)> {
    let pair = |part: &str| {
        let (count, what) = part.trim().split_once(' ')?;
        Some((count.parse().ok()?, what.trim().to_owned()))
    };
    list.split(',').filter_map(pair).collect()
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    let keep = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    text.chars().filter(keep).collect()
}

/// The text without ANSI escapes, which begin with ESC `[` and end with a letter.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn nextest_summaries() {
        let cases = [
            ("     Summary [   7.842s] 38 tests run: 34 passed, 4 failed, 0 skipped", tally(34, 4, 0)),
            ("     Summary [   0.1s] 1 test run: 1 passed, 2 skipped", tally(1, 0, 2)),
            (
                "     Summary [  90.1s] 9/12 tests run: 5 passed (2 slow, 1 leaky), 1 failed, 2 timed out, 1 exec failed, 3 skipped",
                tally(5, 4, 3),
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped",
                tally(2, 0, 0),
            ),
            ("error: could not compile", tally(0, 0, 0)),
        ];
        for (output, expected) in cases {
            assert_eq!(from_nextest(&format!("noise\n{output}\nmore")), expected, "{output}");
        }
    }

    #[test]
    fn who_passed_only_at_the_second_try_is_named_once() {
        let line = "\u{1b}[33;1m   FLAKY 2/2\u{1b}[0m [   0.1s] (3/9) testkit::platform year::sqlite::balances";
        let output = format!("{line}\n        PASS [   0.1s] (4/9) testkit::platform year::other\n{line}\n");
        assert_eq!(second_tries(&output), ["year::sqlite::balances"]);
    }

    #[test]
    fn cargo_test_results_add_up() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.0s\n\
                      test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.0s\n";
        assert_eq!(from_cargo_test(output), tally(4, 2, 1));
    }

    #[test]
    fn node_results_in_both_styles() {
        let spec =
            "ℹ tests 8\nℹ suites 0\nℹ pass 5\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0\nℹ duration_ms 12.5\n";
        assert_eq!(from_node(spec), tally(5, 2, 1));
        assert_eq!(from_node(&spec.replace('ℹ', "#")), tally(5, 2, 1));
    }

    #[test]
    fn a_test_that_could_not_run_is_not_a_passed_one() {
        let mut sum = tally(5, 0, 1);
        sum.skip_passed(2);
        assert_eq!(sum.line(), "3 passed, 0 failed, 3 skipped");
    }
}
