//! Whose code may be linked in: licences by SPDX expression, and crates that never may. `deny.toml` says the same.

use super::Package;
use std::collections::BTreeSet;

/// Licences that may be shipped beside MIT OR Apache-2.0 code.
pub const ALLOWED: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

/// Crates that no build may contain: there is one TLS and crypto provider, aws-lc-rs through rustls.
pub const BANNED: [&str; 4] = ["native-tls", "openssl", "openssl-sys", "ring"];

/// Sentences about built packages whose licence is not allowed, or that are banned.
#[must_use]
pub fn check_packages(packages: &[Package], built: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut wrong = Vec::new();
    let is_built = |package: &&Package| built.contains(&(package.name.clone(), package.version.clone()));
    for package in packages.iter().filter(is_built) {
        let who = format!("{} {}", package.name, package.version);
        if BANNED.contains(&package.name.as_str()) {
            wrong.push(format!("{who} is banned: `cargo tree --target all -i {}` shows who brings it", package.name));
        }
        match package.license.as_deref() {
            None => wrong.push(format!("{who} states no SPDX licence")),
            Some(expression) => match is_allowed(expression) {
                Ok(true) => {}
                Ok(false) => wrong.push(format!("{who} is under `{expression}`, which is not on the list")),
                Err(why) => wrong.push(format!("{who}: cannot read the licence `{expression}`: {why}")),
            },
        }
    }
    wrong
}

/// Crates that the fuzz targets have beside the product's; their licences were read, and they are linked into nothing
/// that is shipped.
const FUZZING_ALONE: [&str; 3] = ["arbitrary", "fuzz", "libfuzzer-sys"];

/// Sentences about packages of `fuzz/Cargo.lock` that the product's lock file, whose licences are checked, does not have.
#[must_use]
pub fn check_fuzz_lock(product: &str, fuzz: &str) -> Vec<String> {
    let names = |lock: &str| -> BTreeSet<String> {
        let name = |line: &str| Some(line.strip_prefix("name = \"")?.strip_suffix('"')?.to_owned());
        lock.lines().filter_map(name).collect()
    };
    let known = names(product);
    let strange =
        names(fuzz).into_iter().filter(|name| !known.contains(name) && !FUZZING_ALONE.contains(&name.as_str()));
    strange
        .map(|name| format!("fuzz/Cargo.lock has {name}, Cargo.lock has not: type `cargo xtask fuzz`, which renews it"))
        .collect()
}

/// Whether an SPDX expression (annex D of the SPDX specification; also the old `A/B`) can be met by [`ALLOWED`] alone.
///
/// # Errors
/// A phrase that says where the expression is not well-formed.
pub fn is_allowed(expression: &str) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    let met = reader.any()?;
    match reader.words.first() {
        None => Ok(met),
        Some(word) => Err(format!("unexpected `{word}`")),
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn take_if(&mut self, wanted: &str) -> bool {
        let found = self.words.first() == Some(&wanted);
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    fn take(&mut self) -> Result<&'a str, String> {
        let (first, rest) = self.words.split_first().ok_or("it ends too early")?;
        self.words = rest;
        Ok(first)
    }

    /// `A OR B`: one is enough.
    fn any(&mut self) -> Result<bool, String> {
        let mut met = self.all()?;
        while self.take_if("OR") {
            met |= self.all()?;
        }
        Ok(met)
    }

    /// `A AND B`: binds tighter than OR.
    fn all(&mut self) -> Result<bool, String> {
        let mut met = self.one()?;
        while self.take_if("AND") {
            met &= self.one()?;
        }
        Ok(met)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.take_if("(") {
            let met = self.any()?;
            return if self.take_if(")") { Ok(met) } else { Err("a bracket is not closed".into()) };
        }
        let licence = self.take()?;
        if ["OR", "AND", "WITH", ")"].contains(&licence) {
            return Err(format!("unexpected `{licence}`"));
        }
        if self.take_if("WITH") {
            let exception = self.take()?;
            return Ok(ALLOWED.contains(&format!("{licence} WITH {exception}").as_str()));
        }
        Ok(ALLOWED.contains(&licence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuzz_targets_bring_nothing_unread() {
        let lock =
            |names: &[&str]| names.iter().map(|name| format!("[[package]]\nname = \"{name}\"\n")).collect::<String>();
        let product = lock(&["serde", "domain"]);
        assert!(check_fuzz_lock(&product, &lock(&["serde", "fuzz", "libfuzzer-sys"])).is_empty());
        let wrong = check_fuzz_lock(&product, &lock(&["serde", "openssl"]));
        assert!(wrong.len() == 1 && wrong[0].contains("openssl"), "{wrong:?}");
    }

    #[test]
    fn expressions_mean_what_spdx_says() {
        let cases = [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("MIT OR GPL-3.0-only", true),
            ("MIT AND GPL-3.0-only", false),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 / MIT", true),
            ("GPL-2.0-only OR MIT AND ISC", true),
            ("(GPL-2.0-only OR MIT) AND LGPL-2.1-or-later", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
            ("GPL-2.0-only WITH Classpath-exception-2.0", false),
            ("MIT WITH LLVM-exception", false),
        ];
        for (expression, expected) in cases {
            assert_eq!(is_allowed(expression), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn a_broken_expression_is_not_taken_for_a_licence() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "OR MIT", "MIT Apache-2.0", "MIT WITH"] {
            assert!(is_allowed(expression).is_err(), "{expression:?}");
        }
    }

    #[test]
    fn only_what_is_built_counts() {
        let package = |name: &str, license: Option<&str>| Package {
            id: name.into(),
            name: name.into(),
            version: "1.0.0".into(),
            license: license.map(str::to_owned),
            dependencies: Vec::new(),
        };
        let packages = [package(BANNED[3], Some("MIT")), package("odd", None), package("fine", Some("MIT"))];
        let built = |names: &[&str]| names.iter().map(|name| ((*name).into(), "1.0.0".into())).collect();
        assert!(check_packages(&packages, &built(&["fine"])).is_empty());
        let wrong = check_packages(&packages, &built(&[BANNED[3], "odd", "fine"]));
        assert_eq!(wrong.len(), 2);
        assert!(wrong[0].contains("is banned") && wrong[1].contains("no SPDX licence"), "{wrong:?}");
    }
}
