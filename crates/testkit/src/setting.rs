//! The few environment variables that `cargo xtask test` hands to the suites.

/// The value of an environment variable; `None` when it is unset, empty or not UTF-8.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test process is its own program: xtask speaks to it by environment")]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// True when a suite may skip for want of a program (`cargo xtask test --skip-missing`).
#[must_use]
pub fn skip_missing() -> bool {
    setting("MIRAI_SKIP_MISSING").is_some()
}

/// True when the long forms were asked for (`cargo xtask test --long`): more cases, more rounds.
#[must_use]
pub fn long() -> bool {
    setting("MIRAI_TEST_LONG").is_some()
}

/// How often a test does something: `short` in the ordinary command, `longer` under `--long`.
#[must_use]
pub fn times(short: usize, longer: usize) -> usize {
    if long() { longer } else { short }
}

/// The seed of what is random in a test: `MIRAI_TEST_SEED`, or always the same. A failure names it.
///
/// # Panics
/// When the setting is no number.
#[must_use]
pub fn seed() -> u64 {
    setting("MIRAI_TEST_SEED").map_or(1, |text| text.parse().expect("MIRAI_TEST_SEED is a number"))
}
