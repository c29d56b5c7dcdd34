//! Help without waiting: a graph of questions and answers that a customer walks, on the site and on Discord alike. Every
//! place of it leads on, to *solved*, or to *a human*.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::account::Language;
use crate::help::Fact;
use crate::ticket::Category;

/// Most characters of a node's name: it stands in the `custom_id` of a button, which has 100.
const MOST_NAME: usize = 32;
/// Most characters of a label: a button's on Discord.
const MOST_LABEL: usize = 80;
/// Most characters of a text: a message's on Discord, less what stands beside it.
const MOST_TEXT: usize = 1_500;
/// Most choices of a node: two rows of buttons.
const MOST_CHOICES: usize = 10;
/// Most nodes on one way.
pub const MOST_STEPS: usize = 12;

/// A text in each language.
pub type Words = BTreeMap<Language, String>;

/// A place of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What a choice that leads here says.
    pub label: Words,
    /// The question, or the answer.
    pub text: Words,
    /// A page of the site that helps, `/pricing`.
    pub link: Option<String>,
    /// Names of the nodes to choose from; none for an answer.
    pub choices: Vec<String>,
    /// Where what is seen of the customer leads, before they choose.
    pub facts: BTreeMap<Fact, String>,
    /// What a ticket from here is about. An answer has to say it; a question may.
    pub escalate: Option<Category>,
}

/// The graph, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    start: String,
    nodes: BTreeMap<String, Node>,
}

/// What is wrong with a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not there.
    #[error("there is no such node")]
    Missing,
    /// No way leads to it.
    #[error("no way leads here")]
    Unreachable,
    /// Whoever is here goes round in circles.
    #[error("no way leads from here to an answer")]
    NoExit,
    /// It has no choices, and does not say what a ticket is about.
    #[error("a node without choices is an answer: it needs escalate, the category of a ticket")]
    DeadEnd,
    /// A text is missing.
    #[error("{0} is missing in the language {1}")]
    Untranslated(&'static str, &'static str),
    /// A text is too long.
    #[error("{0} has more than {2} characters in the language {1}")]
    TooLong(&'static str, &'static str, usize),
    /// The name can't be one.
    #[error("a name has 1 to 32 of: a to z, 0 to 9, hyphen")]
    Name,
    /// Too many choices.
    #[error("a node has at most 10 choices")]
    TooManyChoices,
    /// A choice is there twice.
    #[error("a choice is there twice")]
    Twice,
    /// The link leads elsewhere.
    #[error("a link is a page of the site and begins with one slash")]
    Link,
    /// The way is too long.
    #[error("the shortest way here has more than 12 steps")]
    TooFar,
}

/// What is wrong with a graph, and where: the names from the start to the node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Broken {
    /// The way, `start`, `connection`, `no-handshake`.
    pub path: Vec<String>,
    /// What is wrong at its end.
    pub fault: Fault,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.join(" > "), self.fault)
    }
}

impl Flow {
    /// Checks a graph: each node can be reached, leads to an answer, and is there in every language.
    pub fn new(start: &str, nodes: BTreeMap<String, Node>) -> Result<Flow, Broken> {
        let flow = Flow { start: start.to_owned(), nodes };
        let paths = flow.paths()?;
        for (name, node) in &flow.nodes {
            let Some(path) = paths.get(name.as_str()) else {
                return Err(Broken { path: vec![name.clone()], fault: Fault::Unreachable });
            };
            check(name, node, path.len()).map_err(|fault| Broken { path: path.clone(), fault })?;
        }
        let stuck = flow.stuck();
        match paths.iter().find(|(name, _)| stuck.contains(**name)) {
            Some((_, path)) => Err(Broken { path: path.clone(), fault: Fault::NoExit }),
            None => Ok(flow),
        }
    }

    /// The shortest way to each node.
    fn paths(&self) -> Result<BTreeMap<&str, Vec<String>>, Broken> {
        let mut paths: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut waiting = VecDeque::from([vec![self.start.clone()]]);
        while let Some(path) = waiting.pop_front() {
            let name = path.last().map(String::as_str).unwrap_or_default();
            let Some((name, node)) = self.nodes.get_key_value(name) else {
                return Err(Broken { path, fault: Fault::Missing });
            };
            if paths.contains_key(name.as_str()) {
                continue;
            }
            for next in node.choices.iter().chain(node.facts.values()) {
                waiting.push_back(path.iter().chain([next]).cloned().collect());
            }
            paths.insert(name, path);
        }
        Ok(paths)
    }

    /// The nodes from which no answer can be reached.
    fn stuck(&self) -> BTreeSet<&str> {
        let mut stuck: BTreeSet<&str> = self.nodes.keys().map(String::as_str).collect();
        loop {
            let free: Vec<&str> = stuck
                .iter()
                .copied()
                .filter(|name| {
                    let choices = &self.nodes[*name].choices;
                    choices.is_empty() || choices.iter().any(|next| !stuck.contains(next.as_str()))
                })
                .collect();
            if free.is_empty() {
                return stuck;
            }
            stuck.retain(|name| !free.contains(name));
        }
    }

    /// The name of the first node.
    pub fn start(&self) -> &str {
        &self.start
    }

    /// A node.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.get(name)
    }

    /// All nodes, by name.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// Where what is seen of a customer leads from a node, what is to be mended first before all else.
    pub fn by_facts<'f>(&'f self, node: &'f Node, facts: &[Fact]) -> Vec<&'f str> {
        facts.iter().filter_map(|fact| node.facts.get(fact)).map(String::as_str).collect()
    }

    /// Reads a way that somebody says they have come: names by dots. One that can't be gone is none.
    pub fn way(&self, text: &str) -> Option<Way> {
        let names: Vec<&str> = text.split('.').take(MOST_STEPS + 1).collect();
        if names.len() > MOST_STEPS || names.first() != Some(&self.start()) {
            return None;
        }
        let leads = |pair: &[&str]| {
            let node = self.node(pair[0])?;
            let mut ways = node.choices.iter().chain(node.facts.values());
            ways.any(|next| next == pair[1]).then_some(())
        };
        names.windows(2).try_for_each(leads)?;
        let category = names.iter().rev().find_map(|name| self.node(name)?.escalate);
        Some(Way { text: names.join("."), category: category.unwrap_or(Category::Other) })
    }
}

/// The way that a customer has gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    text: String,
    category: Category,
}

impl Way {
    /// The names by dots; at most 400 characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The node at its end.
    pub fn end(&self) -> &str {
        self.text.rsplit('.').next().unwrap_or_default()
    }

    /// What a ticket from its end is about.
    pub fn category(&self) -> Category {
        self.category
    }
}

fn check(name: &str, node: &Node, steps: usize) -> Result<(), Fault> {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !letters || !(1..=MOST_NAME).contains(&name.len()) {
        return Err(Fault::Name);
    }
    if steps > MOST_STEPS {
        return Err(Fault::TooFar);
    }
    for (what, words, most) in [("label", &node.label, MOST_LABEL), ("text", &node.text, MOST_TEXT)] {
        for language in Language::ALL {
            match words.get(&language).map(|text| text.trim().chars().count()) {
                None | Some(0) => return Err(Fault::Untranslated(what, language.as_str())),
                Some(length) if length > most => return Err(Fault::TooLong(what, language.as_str(), most)),
                Some(_) => {}
            }
        }
    }
    if node.choices.is_empty() && node.escalate.is_none() {
        return Err(Fault::DeadEnd);
    }
    if node.choices.len() > MOST_CHOICES {
        return Err(Fault::TooManyChoices);
    }
    if node.choices.iter().collect::<BTreeSet<_>>().len() != node.choices.len() {
        return Err(Fault::Twice);
    }
    match &node.link {
        Some(link) if !link.starts_with('/') || link.starts_with("//") => Err(Fault::Link),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Words {
        Language::ALL.into_iter().map(|language| (language, text.to_owned())).collect()
    }

    fn node(choices: &[&str]) -> Node {
        Node {
            label: words("a label"),
            text: words("a text"),
            link: None,
            choices: choices.iter().map(|&name| name.to_owned()).collect(),
            facts: BTreeMap::new(),
            escalate: choices.is_empty().then_some(Category::Connection),
        }
    }

    fn graph(nodes: Vec<(&str, Node)>) -> Result<Flow, Broken> {
        Flow::new("start", nodes.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
    }

    fn broken(nodes: Vec<(&str, Node)>) -> String {
        graph(nodes).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn what_is_broken_is_named_with_its_path() {
        assert!(graph(vec![("start", node(&["a", "b"])), ("a", node(&[])), ("b", node(&["a", "start"]))]).is_ok());
        assert_eq!(broken(vec![("a", node(&[]))]), "start: there is no such node");
        assert_eq!(broken(vec![("start", node(&["a"]))]), "start > a: there is no such node");
        assert_eq!(broken(vec![("start", node(&[])), ("lost", node(&[]))]), "lost: no way leads here");
        let circle = vec![("start", node(&["a", "end"])), ("a", node(&["b"])), ("b", node(&["a"])), ("end", node(&[]))];
        assert_eq!(broken(circle), "start > a: no way leads from here to an answer");
        let dead = Node { escalate: None, ..node(&[]) };
        assert!(broken(vec![("start", node(&["a"])), ("a", dead)]).starts_with("start > a: a node without choices"));
        let mut mute = node(&[]);
        mute.text.remove(&Language::Ja);
        assert_eq!(broken(vec![("start", node(&["a"])), ("a", mute)]), "start > a: text is missing in the language ja");
        let mut long = node(&[]);
        long.label.insert(Language::De, "ü".repeat(81));
        assert_eq!(broken(vec![("start", long)]), "start: label has more than 80 characters in the language de");
        assert!(broken(vec![("start", node(&["A b"])), ("A b", node(&[]))]).starts_with("start > A b: a name has"));
        assert_eq!(broken(vec![("start", node(&["a", "a"])), ("a", node(&[]))]), "start: a choice is there twice");
        for link in ["https://evil.example", "//evil.example", "pricing"] {
            let astray = Node { link: Some(link.to_owned()), ..node(&[]) };
            assert!(broken(vec![("start", astray)]).starts_with("start: a link is a page of the site"));
        }
    }

    #[test]
    fn a_way_is_one_that_can_be_gone_and_ends_in_a_category() {
        let mut begin = node(&["a", "b"]);
        begin.facts.insert(Fact::Lapsed, "c".to_owned());
        let payment = Node { escalate: Some(Category::Payment), ..node(&[]) };
        let flow = graph(vec![("start", begin), ("a", node(&["b"])), ("b", node(&[])), ("c", payment)]).unwrap();
        let way = |text: &str| flow.way(text).map(|way| (way.end().to_owned(), way.category()));
        assert_eq!(way("start"), Some(("start".to_owned(), Category::Other)));
        assert_eq!(way("start.a"), Some(("a".to_owned(), Category::Other)));
        assert_eq!(way("start.a.b"), Some(("b".to_owned(), Category::Connection)));
        assert_eq!(way("start.c"), Some(("c".to_owned(), Category::Payment)), "what is seen leads there");
        for nowhere in ["", "a", "start.b.a", "start.x", "start..a", "start.a.b.", &"start.".repeat(1_000)] {
            assert_eq!(way(nowhere), None, "{nowhere}");
        }
        assert_eq!(flow.by_facts(flow.node("start").unwrap(), &[Fact::NoDevice, Fact::Lapsed]), ["c"]);
    }

    proptest! {
        #[test]
        fn in_a_graph_that_is_taken_every_walk_can_end(edges in proptest::collection::vec((0..6usize, 0..6usize), 0..20)) {
            let names = ["start", "a", "b", "c", "d", "e"];
            let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
            for (at, name) in names.into_iter().enumerate() {
                let mut next: Vec<&str> = edges.iter().filter(|(from, _)| *from == at).map(|(_, to)| names[*to]).collect();
                next.sort_unstable();
                next.dedup();
                nodes.insert(name.to_owned(), node(&next));
            }
            if let Ok(flow) = Flow::new("start", nodes) {
                for (name, _) in flow.nodes() {
                    let mut seen = BTreeSet::from([name]);
                    let mut waiting = vec![name];
                    let mut can_end = false;
                    while let Some(at) = waiting.pop() {
                        let choices = &flow.node(at).unwrap().choices;
                        can_end |= choices.is_empty();
                        waiting.extend(choices.iter().map(String::as_str).filter(|next| seen.insert(next)));
                    }
                    prop_assert!(can_end, "{}", name);
                }
            }
        }
    }
}
