//! Holds the house in order. Each failing line names the file or the edge, and the rule.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeSet;
use testkit::house::{
    Metadata, SourceFile, built_packages, graph, licence, packages_of_a_gateway, repository_files, root, sources,
};

#[track_caller]
fn in_order(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn files() -> Vec<SourceFile> {
    let files = repository_files().unwrap();
    assert!(files.iter().any(|file| file.path == "Cargo.lock"), "the lock file is committed");
    files
}

#[test]
fn crates_depend_only_along_the_table() {
    let metadata = Metadata::load().unwrap();
    let members: Vec<_> = metadata.members().collect();
    in_order(graph::check_edges(&members));
    in_order(graph::check_owned(&members));
    for (name, _) in graph::EDGES {
        assert!(members.iter().any(|member| member.name == name), "EDGES names `{name}`, which is no crate here");
    }
}

#[test]
fn licences_are_on_the_list_and_banned_crates_are_not_built() {
    let built = built_packages().unwrap();
    assert!(built.len() > 100, "cargo tree was read: {}", built.len());
    let metadata = Metadata::load().unwrap();
    let known: BTreeSet<_> = metadata.packages.iter().map(|p| (p.name.clone(), p.version.clone())).collect();
    assert!(built.is_subset(&known), "every built package has its licence read");
    in_order(licence::check_packages(&metadata.packages, &built));
}

#[test]
fn a_vpn_servers_build_has_neither_site_nor_database_nor_stripe() {
    let built = packages_of_a_gateway().unwrap();
    let has = |name: &str| built.iter().any(|(known, _)| known == name);
    assert!(has("gateway") && has("gotatun"), "the tree was read: {built:?}");
    let absent = ["app", "axum", "clients", "fakes", "sea-orm", "sqlx", "store", "web"];
    assert_eq!(absent.into_iter().filter(|name| has(name)).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn the_fuzz_targets_bring_nothing_unread() {
    let lock = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    in_order(licence::check_fuzz_lock(&lock("Cargo.lock"), &lock("fuzz/Cargo.lock")));
}

#[test]
fn deny_toml_says_the_same() {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let deny: toml::Table = text.parse().unwrap();
    let allowed: Vec<_> = deny["licenses"]["allow"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
    let banned: Vec<_> =
        deny["bans"]["deny"].as_array().unwrap().iter().map(|ban| ban["crate"].as_str().unwrap()).collect();
    assert_eq!(allowed, licence::ALLOWED);
    assert_eq!(banned, licence::BANNED);
}

#[test]
fn no_file_is_too_long_to_read() {
    in_order(sources::too_long(&files()));
}

#[test]
fn nothing_is_silenced_without_a_reason_or_left_unfinished() {
    in_order(sources::loose_ends(&files()));
}

#[test]
fn only_the_binaries_read_the_environment() {
    in_order(sources::environment(&files()));
}

#[test]
fn only_store_says_sql() {
    in_order(sources::sql(&files()));
}

#[test]
fn every_library_states_its_invariant() {
    in_order(sources::invariants(&files()));
}

#[test]
fn no_trace_of_one_machine_is_committed() {
    in_order(sources::machine_traces(&files()));
}
