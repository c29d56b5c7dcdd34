//! Which crate may depend on which.

use super::Package;

/// The crate edges. A new edge is an edit of this table, with a record in `docs/decisions/`.
pub const EDGES: [(&str, &[&str]); 13] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("clients", &["domain"]),
    ("app", &["store", "domain", "clients"]),
    ("api", &["domain"]),
    ("web", &["api", "app", "domain"]),
    ("gateway", &["api", "domain"]),
    ("bot", &["app", "domain"]),
    ("deploy", &[]),
    ("fakes", &[]),
    ("testkit", ANYTHING),
    ("mirai", &["app", "bot", "clients", "deploy", "domain", "gateway", "store", "web", "fakes"]),
    ("xtask", &[]),
];

/// A marker in [`EDGES`]: may depend on every other crate.
const ANYTHING: &[&str] = &["*"];

/// Roles: what one process on one machine does. They never know of each other.
pub const ROLES: [&str; 4] = ["web", "gateway", "bot", "deploy"];

/// Crates that any crate's tests may use.
const FREE_IN_TESTS: [&str; 2] = ["testkit", "fakes"];

/// Outside libraries that belong to certain rooms: (library, who may use it, who may use it in tests, why).
const OWNED: [(&str, &[&str], &[&str], &str); 6] = [
    ("sea-orm", &["store", "testkit"], &[], "only store says SQL"),
    ("sea-orm-migration", &["store", "testkit"], &[], "only store says SQL"),
    ("sqlx", &["store", "testkit"], &[], "only store says SQL"),
    ("axum", &["web", "fakes", "testkit", "mirai"], &["clients"], "only web serves HTTP; mirai hands it the listeners"),
    ("axum-extra", &["web"], &[], "only web serves HTTP"),
    ("clap", &["mirai", "xtask"], &[], "only the binaries read a command line"),
];

/// Sentences about edges that the table does not hold; empty when the house is in order.
#[must_use]
pub fn check_edges(members: &[&Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in members {
        let from = package.name.as_str();
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == from) else {
            wrong.push(format!("crate `{from}` is not in EDGES of crates/testkit/src/house/graph.rs"));
            continue;
        };
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            let inside = members.iter().any(|member| member.name == to);
            let in_tests = dependency.kind.as_deref() == Some("dev");
            let free = in_tests && FREE_IN_TESTS.contains(&to);
            let held = allowed.contains(&to) || *allowed == ANYTHING;
            if !inside || to == from || free {
                continue;
            }
            if ROLES.contains(&from) && ROLES.contains(&to) {
                wrong.push(format!("{from} → {to}: a role never depends on another role"));
            } else if !held {
                wrong.push(format!(
                    "{from} → {to}: this edge is not in EDGES of crates/testkit/src/house/graph.rs; \
                     {from} may depend on [{}]",
                    allowed.join(", ")
                ));
            }
        }
    }
    wrong
}

/// Sentences about libraries used outside the rooms they belong to.
#[must_use]
pub fn check_owned(members: &[&Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in members {
        for dependency in &package.dependencies {
            let Some((library, users, in_tests, why)) = OWNED.iter().find(|owned| owned.0 == dependency.name) else {
                continue;
            };
            let name = package.name.as_str();
            let is_dev = dependency.kind.as_deref() == Some("dev");
            if !(users.contains(&name) || is_dev && in_tests.contains(&name)) {
                wrong.push(format!("{name} uses {library}: {why} (allowed: {})", users.join(", ")));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::Dependency;
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency { name: (*name).into(), kind: kind.map(str::to_owned) })
            .collect();
        Package { id: name.into(), name: name.into(), version: "0.1.0".into(), license: None, dependencies }
    }

    fn edges_of(name: &str, dependencies: &[(&str, Option<&str>)]) -> Vec<String> {
        let others = ["domain", "store", "web", "fakes", "testkit"].map(|other| package(other, &[]));
        let subject = package(name, dependencies);
        let members: Vec<&Package> = others.iter().chain([&subject]).collect();
        check_edges(&members)
    }

    #[test]
    fn the_table_decides_and_the_sentence_names_edge_and_table() {
        assert!(edges_of("app", &[("domain", None), ("serde", None)]).is_empty());
        let wrong = edges_of("app", &[("web", None)]);
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].contains("app → web") && wrong[0].contains("house/graph.rs"), "{wrong:?}");
        assert_eq!(edges_of("app", &[("web", Some("build"))]).len(), 1, "a build script is no way around");
    }

    #[test]
    fn tests_may_use_testkit_and_fakes_but_no_other_room() {
        assert!(edges_of("app", &[("testkit", Some("dev")), ("fakes", Some("dev"))]).is_empty());
        assert_eq!(edges_of("app", &[("testkit", None)]).len(), 1);
        assert_eq!(edges_of("api", &[("store", Some("dev"))]).len(), 1);
    }

    #[test]
    fn roles_keep_apart_and_a_crate_without_a_row_is_refused() {
        let (web, bot) = (package("web", &[]), package("bot", &[("web", None)]));
        assert!(check_edges(&[&web, &bot])[0].contains("bot"));
        let web = package("web", &[("gateway", None)]);
        let gateway = package("gateway", &[]);
        assert!(check_edges(&[&web, &gateway]).iter().any(|line| line.contains("never depends on another role")));
    }

    #[test]
    fn a_library_stays_in_its_rooms() {
        assert!(check_owned(&[&package("store", &[("sqlx", None)])]).is_empty());
        assert!(check_owned(&[&package("web", &[("sqlx", None)])])[0].contains("only store says SQL"));
        assert!(check_owned(&[&package("clients", &[("axum", Some("dev"))])]).is_empty());
        assert_eq!(check_owned(&[&package("clients", &[("axum", None)])]).len(), 1);
    }
}
