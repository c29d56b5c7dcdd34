//! The one place where xtask writes to the terminal.

/// What is about to be done.
#[expect(clippy::print_stderr, reason = "xtask speaks to the developer at the terminal")]
pub(crate) fn step(text: &str) {
    eprintln!("\n==> {text}");
}

/// A line about what was found or done.
#[expect(clippy::print_stderr, reason = "xtask speaks to the developer at the terminal")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// A failure.
#[expect(clippy::print_stderr, reason = "xtask speaks to the developer at the terminal")]
pub(crate) fn error(text: &str) {
    eprintln!("error: {text}");
}

/// The result, for people and for programs.
#[expect(clippy::print_stdout, reason = "the closing line is xtask's one result")]
pub(crate) fn result(text: &str) {
    println!("{text}");
}
