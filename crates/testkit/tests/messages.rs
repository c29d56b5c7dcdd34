//! What the product says: every language says everything, with the same values, and nothing is said in vain.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The messages of a language: key → the names of its values.
fn messages(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(root().join("locales").join(language)).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let mut key = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with(' ')) {
                name.clone_into(&mut key);
                assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{language}: {key} is there twice");
            }
            for value in line.split("{ $").skip(1) {
                let name = value.split(' ').next().unwrap().to_owned();
                found.get_mut(&key).unwrap().insert(name);
            }
        }
    }
    found
}

/// All sources that can say something, as one text.
fn sources() -> String {
    let mut text = String::new();
    let mut folders: Vec<PathBuf> = ["crates/domain/src", "crates/app/src", "crates/web/src", "crates/web/templates"]
        .iter()
        .map(|folder| root().join(folder))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[test]
fn every_language_says_everything_with_the_same_values() {
    let english = messages("en");
    for language in app::i18n::OFFERED {
        let theirs = messages(language.as_str());
        for (key, values) in &english {
            assert_eq!(theirs.get(key), Some(values), "{}: {key}", language.as_str());
        }
        assert_eq!(theirs.len(), english.len(), "{} says what English does not", language.as_str());
    }
}

#[test]
fn every_message_is_used_and_every_one_asked_for_is_there() {
    let (messages, sources) = (messages("en"), sources());
    for key in messages.keys() {
        // The words of an error are found by its code.
        let code = key.strip_prefix("error-").map(|code| code.replace('-', "_")).unwrap_or_default();
        // A question and its answer have one name in the list of the page.
        let question = key.strip_prefix("faq-").map(|name| name.trim_end_matches("-answer")).unwrap_or_default();
        // So have the words of an act that only the owner may do.
        let act = key.strip_prefix("owner-").and_then(|rest| rest.rsplit_once('-')).map_or("", |(name, _)| name);
        // The privacy page says what is in each table.
        let table = key.strip_prefix("privacy-held-").map(|name| name.replace('-', "_")).unwrap_or_default();
        let table = if app::held::tables().any(|known| known == table) { "privacy-held-{}" } else { "" };
        let is_used = table == "privacy-held-{}"
            || [key.as_str(), &code, question, act].iter().any(|name| sources.contains(&format!("\"{name}\"")));
        assert!(is_used, "{key} is never said");
    }
    for call in [".say(\"", ".with(\"", ".with_all(\"", "words(\"", "link(\""] {
        for asked in sources.split(call).skip(1) {
            let key = asked.split('"').next().unwrap();
            let is_key = key.contains('-') && !key.contains(['/', ' ']);
            assert!(!is_key || messages.contains_key(key), "{call}{key}\") has no message");
        }
    }
}

#[test]
fn every_message_can_be_said() {
    for language in app::i18n::OFFERED {
        let t = app::i18n::Translator::new(language);
        for (key, values) in messages("en") {
            let names = values.iter().map(|name| &*name.clone().leak());
            let given: Vec<_> = names.map(|name| (name, app::i18n::Value::Text("value"))).collect();
            let said = t.with_all(&key, &given);
            assert!(!said.is_empty() && !said.contains("{$") && !said.contains(&key), "{key}: {said}");
        }
    }
}
