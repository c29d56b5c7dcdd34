//! What a file of the repository may hold: simple scans by line, exact enough to be trusted, each with its reason.
//!
//! Patterns are put together from halves, so that this file does not match itself.

use super::SourceFile;

/// The longest that a file may be, in lines.
pub const LONGEST: usize = 600;

/// Kinds of files that a person writes and reads as a whole.
const READ_BY_PEOPLE: [&str; 12] = ["rs", "html", "js", "mjs", "ts", "css", "sh", "ftl", "toml", "yml", "md", "txt"];

/// Crates that may read the environment.
const READS_ENVIRONMENT: [&str; 3] = ["crates/mirai/", "crates/testkit/", "xtask/"];

/// Crates that may name the SQL libraries and write SQL.
const SAYS_SQL: [&str; 2] = ["crates/store/", "crates/testkit/"];

/// Sentences about files over [`LONGEST`] lines. Built and vendored files, and the ever-growing changelog, are free.
#[must_use]
pub fn too_long(files: &[SourceFile]) -> Vec<String> {
    let counted = files.iter().filter(|file| {
        let kind = file.path.rsplit_once('.').map_or("", |(_, kind)| kind);
        READ_BY_PEOPLE.contains(&kind) && !is_made_elsewhere(&file.path)
    });
    counted
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > LONGEST).then(|| format!("{} has {lines} lines; split it below {LONGEST}", file.path))
        })
        .collect()
}

fn is_made_elsewhere(path: &str) -> bool {
    path.split('/').any(|part| ["vendor", "vendored", "node_modules"].contains(&part))
        || path.ends_with(".min.js")
        || path == "assets/static/app.css"
        || path == "CHANGELOG.md"
}

/// Sentences about lints switched off without a reason, and unfinished code.
#[must_use]
pub fn loose_ends(files: &[SourceFile]) -> Vec<String> {
    let rules = [
        (concat!("[al", "low("), "say #[expect(lint, reason = \"…\")] instead of allow"),
        (concat!("to", "do!("), "unfinished code is not committed"),
        (concat!("unimple", "mented!("), "unfinished code is not committed"),
    ];
    lines_of_code(files).flat_map(|line| line.breaking(&rules)).collect()
}

/// Sentences about the environment being read outside the binaries and the tests.
#[must_use]
pub fn environment(files: &[SourceFile]) -> Vec<String> {
    let why = "only mirai reads the environment; settings are passed down";
    let rules = [(concat!("std::", "env"), why), (concat!("env::", "var"), why), (concat!("env::", "args"), why)];
    let outside = |line: &Line<'_>| !line.is_test && !line.lies_in(&READS_ENVIRONMENT);
    lines_of_code(files).filter(outside).flat_map(|line| line.breaking(&rules)).collect()
}

/// Sentences about SQL, or the SQL libraries, outside store and the tests.
#[must_use]
pub fn sql(files: &[SourceFile]) -> Vec<String> {
    let why = "only store says SQL";
    let rules = [
        (concat!("sea_", "orm"), why),
        (concat!("sea_", "query"), why),
        (concat!("sql", "x::"), why),
        (concat!("\"SEL", "ECT "), why),
        (concat!("\"INS", "ERT INTO "), why),
        (concat!("\"UPD", "ATE "), why),
        (concat!("\"DEL", "ETE FROM "), why),
        (concat!("\"CREATE ", "TABLE "), why),
    ];
    let outside = |line: &Line<'_>| !line.is_test && !line.lies_in(&SAYS_SQL);
    lines_of_code(files).filter(outside).flat_map(|line| line.breaking(&rules)).collect()
}

/// Sentences about libraries that do not open by saying what they never do.
#[must_use]
pub fn invariants(files: &[SourceFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/src/lib.rs"))
        .filter(|file| !file.text.lines().any(|line| line.starts_with("//!") && line.contains("Invariant:")))
        .map(|file| format!("{}: the opening lines have no `Invariant:` sentence", file.path))
        .collect()
}

/// Sentences about paths of one developer's machine, and about packages from anywhere but the public registries.
#[must_use]
pub fn machine_traces(files: &[SourceFile]) -> Vec<String> {
    let folders = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut wrong = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            let place = format!("{}:{}", file.path, number + 1);
            if let Some(folder) = folders.iter().find(|folder| names_folder(line, folder)) {
                wrong.push(format!("{place}: names a folder of one machine ({folder}…)"));
            }
            if let Some(source) = foreign_source(&file.path, line) {
                wrong.push(format!("{place}: `{source}` is not a public registry"));
            }
        }
    }
    wrong
}

/// True when `folder` stands in `line` as the beginning of an absolute path.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || ".-_}~*$".contains(c)))
    })
}

/// The origin that a lock file or a tool's settings name, when it is not the public registry.
fn foreign_source<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let quoted = |line: &'a str, key: &str| {
        let (_, rest) = line.trim_start().strip_prefix(key)?.split_once('"')?;
        rest.split('"').next()
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "Cargo.lock" => {
            quoted(line, "source =").filter(|source| !source.ends_with("//github.com/rust-lang/crates.io-index"))
        }
        "package-lock.json" => {
            quoted(line, "\"resolved\":").filter(|source| !source.starts_with("https://registry.npmjs.org/"))
        }
        ".npmrc" => line.split_once('=').is_some_and(|(key, _)| key.trim().ends_with("registry")).then_some(line),
        "config.toml" if path.contains(".cargo/") => line.contains("replace-with").then_some(line),
        _ => None,
    }
}

/// One line of Rust that is not a comment.
struct Line<'a> {
    path: &'a str,
    number: usize,
    text: &'a str,
    is_test: bool,
}

impl Line<'_> {
    fn lies_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    fn breaking(&self, rules: &[(&str, &str)]) -> Vec<String> {
        rules
            .iter()
            .filter(|(pattern, _)| self.text.contains(pattern))
            .map(|(pattern, why)| format!("{}:{}: `{pattern}`: {why}", self.path, self.number))
            .collect()
    }
}

fn lines_of_code(files: &[SourceFile]) -> impl Iterator<Item = Line<'_>> {
    files.iter().filter(|file| file.path.ends_with(".rs")).flat_map(|file| {
        let mut is_test = file.path.contains("/tests/") || file.path.ends_with("tests.rs");
        let mut lines = Vec::new();
        for (number, text) in file.text.lines().enumerate() {
            // House habit: inline tests come last in their file, so all that follows the attribute is test code.
            is_test |= text.trim() == "#[cfg(test)]";
            if !text.trim_start().starts_with("//") {
                lines.push(Line { path: &file.path, number: number + 1, text, is_test });
            }
        }
        lines
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: impl Into<String>) -> SourceFile {
        SourceFile { path: path.into(), text: text.into() }
    }

    #[test]
    fn length_is_held_for_what_people_write() {
        let long = "x\n".repeat(LONGEST + 1);
        let wrong = too_long(&[file("crates/app/src/big.rs", long.as_str())]);
        assert!(wrong[0].contains("big.rs has 601 lines"), "{wrong:?}");
        for path in ["assets/vendor/qr.js", "assets/static/app.css", "Cargo.lock", "CHANGELOG.md", "a/b.min.js"] {
            assert!(too_long(&[file(path, long.as_str())]).is_empty(), "{path}");
        }
        assert!(too_long(&[file("crates/app/src/fits.rs", "x\n".repeat(LONGEST))]).is_empty());
    }

    #[test]
    fn loose_ends_are_found_by_line_but_not_in_comments() {
        let text =
            format!("fn a() {{}}\n#{}dead_code)]\n// {}) later\n", concat!("[al", "low("), concat!("to", "do!("));
        let wrong = loose_ends(&[file("crates/app/src/a.rs", text)]);
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].starts_with("crates/app/src/a.rs:2:"), "{wrong:?}");
    }

    #[test]
    fn environment_and_sql_have_their_rooms() {
        let reads = format!("let x = {}_os(\"X\");\n", concat!("std::env::", "var"));
        assert!(!environment(&[file("crates/app/src/a.rs", reads.as_str())]).is_empty());
        assert!(environment(&[file("crates/mirai/src/main.rs", reads.as_str())]).is_empty());
        assert!(environment(&[file("crates/app/tests/a.rs", reads.as_str())]).is_empty());
        assert!(
            environment(&[file("crates/app/src/a.rs", format!("#[cfg(test)]\nmod tests {{\n{reads}}}\n"))]).is_empty()
        );

        let query = format!("let q = {}name FROM users\";\n", concat!("\"SEL", "ECT "));
        assert_eq!(sql(&[file("crates/web/src/a.rs", query.as_str())]).len(), 1);
        assert!(sql(&[file("crates/store/src/a.rs", query.as_str())]).is_empty());
    }

    #[test]
    fn a_library_opens_with_its_invariant() {
        assert_eq!(invariants(&[file("crates/app/src/lib.rs", "//! The use cases.\n")]).len(), 1);
        assert!(invariants(&[file("crates/app/src/lib.rs", "//! Invariant: it never…\n")]).is_empty());
    }

    #[test]
    fn traces_of_a_machine_are_found() {
        let traces = |path: &str, line: String| machine_traces(&[file(path, line)]).len();
        assert_eq!(traces("README.md", format!("see {}main", concat!("/wo", "rk/"))), 1);
        assert_eq!(traces("README.md", format!("see docs{}main", concat!("/wo", "rk/"))), 0, "a relative path");
        let lock = |source: &str| format!("  source = \"{source}\"");
        assert_eq!(traces("Cargo.lock", lock("registry+https://github.com/rust-lang/crates.io-index")), 0);
        assert_eq!(traces("Cargo.lock", lock("registry+https://mirror.example/index")), 1);
        let resolved = |source: &str| format!("      \"resolved\": \"{source}\",");
        assert_eq!(traces("assets/package-lock.json", resolved("https://registry.npmjs.org/a/-/a-1.0.0.tgz")), 0);
        assert_eq!(traces("assets/package-lock.json", resolved("https://mirror.example/a.tgz")), 1);
    }
}
