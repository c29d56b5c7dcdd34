//! Ids of buttons and forms: what stands in a `custom_id` comes back as it was written, or as somebody forged it.

use std::fmt;

use app::discord::Snowflake;
use domain::faq::{Flow, Way};
use twilight_model::id::Id;
use twilight_model::id::marker::MessageMarker;

/// When Discord's clock began, in milliseconds since 1970.
const EPOCH_MS: i64 = 1_420_070_400_000;
/// Digits for places of nodes.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A snowflake as the product keeps it.
pub(crate) fn snowflake<T>(id: Id<T>) -> Snowflake {
    Snowflake::try_from(id.get()).unwrap_or(Snowflake::MAX)
}

/// A message by the number that the product keeps.
pub(crate) fn message_id(id: Snowflake) -> Id<MessageMarker> {
    Id::new(id.unsigned_abs().max(1))
}

/// When something was made on Discord, in milliseconds since 1970.
pub(crate) fn made_at(id: Snowflake) -> i64 {
    (id >> 22) + EPOCH_MS
}

/// What a button does, or what a form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Press {
    /// Help from its start.
    Help,
    /// A place of the help.
    Walk(String),
    /// The answer helped.
    Solved(String),
    /// A human is wanted.
    Human(String),
    /// A ticket without the help.
    Ticket,
    /// Take the ticket of this thread.
    Claim,
    /// Close it.
    Close,
    /// Write in it.
    Write,
    /// See what stands beside it.
    Beside,
    /// Rate a ticket, by its number: so many stars.
    Rate(i64, i64),
}

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Press::Help => f.write_str("help"),
            Press::Walk(trail) => write!(f, "walk:{trail}"),
            Press::Solved(trail) => write!(f, "solved:{trail}"),
            Press::Human(trail) => write!(f, "human:{trail}"),
            Press::Ticket => f.write_str("ticket"),
            Press::Claim => f.write_str("claim"),
            Press::Close => f.write_str("close"),
            Press::Write => f.write_str("write"),
            Press::Beside => f.write_str("beside"),
            Press::Rate(ticket, stars) => write!(f, "rate:{ticket}:{stars}"),
        }
    }
}

impl Press {
    /// Reads one; nothing for what no version of ours has written.
    pub(crate) fn read(text: &str) -> Option<Press> {
        let (word, rest) = text.split_once(':').unwrap_or((text, ""));
        Some(match (word, rest) {
            ("help", "") => Press::Help,
            ("ticket", "") => Press::Ticket,
            ("claim", "") => Press::Claim,
            ("close", "") => Press::Close,
            ("write", "") => Press::Write,
            ("beside", "") => Press::Beside,
            ("walk", trail) => Press::Walk(trail.to_owned()),
            ("solved", trail) => Press::Solved(trail.to_owned()),
            ("human", trail) => Press::Human(trail.to_owned()),
            ("rate", rest) => {
                let (ticket, stars) = rest.split_once(':')?;
                Press::Rate(ticket.parse().ok()?, stars.parse().ok()?)
            }
            _ => return None,
        })
    }
}

/// A way through the help in few characters: each node by its place among all, after a mark of the graph. A graph that
/// has changed has another mark, and what was written for the old one is refused.
pub(crate) fn trail(flow: &Flow, way: &Way) -> String {
    let names: Vec<&str> = flow.nodes().map(|(name, _)| name).collect();
    let mut trail = mark(&names);
    for name in way.as_str().split('.') {
        let place = names.iter().position(|one| *one == name).unwrap_or_default();
        trail.push(char::from(DIGITS[place / DIGITS.len() % DIGITS.len()]));
        trail.push(char::from(DIGITS[place % DIGITS.len()]));
    }
    trail
}

/// Reads a way; nothing for one of another graph, or one that can't be gone.
pub(crate) fn way(flow: &Flow, trail: &str) -> Option<Way> {
    let names: Vec<&str> = flow.nodes().map(|(name, _)| name).collect();
    let places = trail.strip_prefix(mark(&names).as_str())?;
    let digit = |byte: u8| DIGITS.iter().position(|one| *one == byte);
    let mut way = Vec::new();
    for pair in places.as_bytes().chunks(2) {
        let [high, low] = *pair else { return None };
        way.push(*names.get(digit(high)? * DIGITS.len() + digit(low)?)?);
    }
    flow.way(&way.join("."))
}

/// Four digits of all names (FNV-1a): enough to tell this version's graph from the last one's.
fn mark(names: &[&str]) -> String {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in names.iter().flat_map(|name| name.bytes().chain([b'.'])) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    (0..4).map(|at| char::from(DIGITS[(hash >> (8 * at)) as usize % DIGITS.len()])).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::account::Language;
    use domain::faq::{MOST_STEPS, Node};
    use domain::ticket::Category;
    use proptest::prelude::*;

    use super::*;

    fn flow(names: &[String]) -> Flow {
        let words: BTreeMap<Language, String> = Language::ALL.iter().map(|one| (*one, "words".to_owned())).collect();
        let node = |at: usize| Node {
            label: words.clone(),
            text: words.clone(),
            link: None,
            choices: names.get(at + 1).cloned().into_iter().collect(),
            facts: BTreeMap::new(),
            escalate: Some(Category::Other),
        };
        let nodes = names.iter().enumerate().map(|(at, name)| (name.clone(), node(at))).collect();
        Flow::new(&names[0], nodes).unwrap()
    }

    #[test]
    fn the_longest_way_fits_a_button_and_comes_back() {
        let names: Vec<String> = (0..MOST_STEPS).map(|at| format!("{}{at}", "x".repeat(29))).collect();
        let flow = flow(&names);
        let long = flow.way(&names.join(".")).unwrap();
        let id = Press::Solved(trail(&flow, &long)).to_string();
        assert!(id.len() <= 100, "{id}");
        let Some(Press::Solved(back)) = Press::read(&id) else { panic!("{id}") };
        assert_eq!(way(&flow, &back), Some(long));
    }

    #[test]
    fn a_way_of_another_graph_is_refused() {
        let (old, new) = (flow(&["a".into(), "b".into()]), flow(&["a".into(), "c".into()]));
        let written = trail(&old, &old.way("a.b").unwrap());
        assert_eq!(way(&new, &written), None);
        for nonsense in ["", "zzzz", "é", &format!("{written}0"), &format!("{written}zz")] {
            assert_eq!(way(&old, nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_more_than_refused(text in "\\PC{0,120}") {
            if let Some(press) = Press::read(&text) {
                prop_assert_eq!(Press::read(&press.to_string()), Some(press));
            }
        }
    }
}
