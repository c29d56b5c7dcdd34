//! Help without waiting: the flows that a customer walks before asking, what is seen of the customer on the way, and how
//! often the way ends well.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::account::Language;
use domain::faq::{Flow, Node, Way, Words};
use domain::help::Fact;
use domain::ticket::Category;
use domain::time::DAY_MS;
use serde::Deserialize;
use store::faq_ends;

use crate::session::Who;
use crate::{App, Error, Result, device, help, subscription};

/// The flows that come with the program.
const SHIPPED: &str = include_str!("../flows.json");
/// What is counted is shown for so many days.
const SHOWN_DAYS: i64 = 30;

static OURS: LazyLock<std::result::Result<Flow, String>> = LazyLock::new(|| read(SHIPPED));

/// How many ways from a node ended well, and how many with a human.
pub use store::faq_ends::Sum as Ends;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    start: String,
    nodes: BTreeMap<String, FileNode>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileNode {
    label: BTreeMap<String, String>,
    text: BTreeMap<String, String>,
    link: Option<String>,
    #[serde(default)]
    choices: Vec<String>,
    #[serde(default)]
    facts: BTreeMap<String, String>,
    escalate: Option<String>,
}

/// Reads a file of flows. What is wrong is said with the path of the node.
///
/// # Errors
/// When it is not JSON of this shape, or the graph is broken.
pub fn read(text: &str) -> std::result::Result<Flow, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let nodes = file.nodes.into_iter().map(|(name, node)| {
        let node = node_of(node).map_err(|error| format!("{name}: {error}"))?;
        Ok((name, node))
    });
    let nodes = nodes.collect::<std::result::Result<BTreeMap<String, Node>, String>>()?;
    Flow::new(&file.start, nodes).map_err(|broken| broken.to_string())
}

fn node_of(node: FileNode) -> std::result::Result<Node, String> {
    let words = |words: BTreeMap<String, String>| -> std::result::Result<Words, String> {
        let one = |(code, text): (String, String)| match code.parse::<Language>() {
            Ok(language) => Ok((language, text)),
            Err(_) => Err(format!("there is no language {code:?}")),
        };
        words.into_iter().map(one).collect()
    };
    let fact = |(word, to): (String, String)| match word.parse::<Fact>() {
        Ok(fact) => Ok((fact, to)),
        Err(_) => Err(format!("there is no fact {word:?}")),
    };
    let category = |word: String| word.parse::<Category>().map_err(|_| format!("there is no category {word:?}"));
    Ok(Node {
        label: words(node.label)?,
        text: words(node.text)?,
        link: node.link,
        choices: node.choices,
        facts: node.facts.into_iter().map(fact).collect::<std::result::Result<_, _>>()?,
        escalate: node.escalate.map(category).transpose()?,
    })
}

/// The flows in use: the operator's, or those that come with the program.
pub fn flow(app: &App) -> Result<&Flow> {
    match (&app.config.flow, &*OURS) {
        (Some(flow), _) | (None, Ok(flow)) => Ok(flow),
        (None, Err(broken)) => Err(Error::internal(broken.clone())),
    }
}

/// The start of all ways.
pub fn start(app: &App) -> Result<Way> {
    let flow = flow(app)?;
    flow.way(flow.start()).ok_or_else(|| Error::internal("the flows have no start"))
}

/// A way that somebody says they have come; nothing if it can't be gone.
pub fn way(app: &App, text: &str) -> Result<Option<Way>> {
    Ok(flow(app)?.way(text))
}

/// What is seen to be wrong with a customer's service.
pub async fn facts(app: &App, who: &Who) -> Result<Vec<Fact>> {
    let subscriptions = subscription::list(app, who).await?;
    let devices = help::devices(app, &device::list(app, who).await?).await?;
    help::facts(&subscriptions, devices)
}

/// How a way ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The answer helped.
    Solved,
    /// The customer asked a human.
    Human,
}

/// Counts the end of a way, by its node and the day; nobody's name stands beside it.
pub async fn count(app: &App, way: &Way, end: End) -> Result<()> {
    let day = app.clock.now().div_euclid(DAY_MS);
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        faq_ends::add(&tx, way.end(), day, end == End::Solved).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// The ends of the last thirty days, by node.
pub async fn ends(app: &App) -> Result<Vec<Ends>> {
    let since = app.clock.now().div_euclid(DAY_MS) - SHOWN_DAYS;
    Ok(faq_ends::since(&app.store, since).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flows_that_come_with_the_program_are_whole() {
        let flow = OURS.as_ref().unwrap();
        let answers = flow.nodes().filter(|(_, node)| node.choices.is_empty()).count();
        assert!(answers > 20, "{answers}");
        let start = flow.node(flow.start()).unwrap();
        for fact in Fact::ALL {
            assert!(start.facts.contains_key(&fact), "what is seen is answered at once: {fact:?}");
        }
    }

    #[test]
    fn a_broken_file_is_refused_with_the_place() {
        let broken = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut file: serde_json::Value = serde_json::from_str(SHIPPED).unwrap();
            change(&mut file);
            read(&file.to_string()).map(drop).unwrap_err()
        };
        let connection = "start > connection";
        let of = |error: String, path: &str, words: &str| {
            assert!(error.starts_with(path) && error.contains(words), "{error}");
        };
        of(broken(&|file| file["nodes"]["connection"]["choices"][0] = "nowhere".into()), connection, "no such node");
        of(broken(&|file| drop(file["nodes"]["slow"]["text"].as_object_mut().unwrap().remove("ja"))), connection, "ja");
        of(broken(&|file| file["nodes"]["slow"]["label"]["fr"] = "x".repeat(81).into()), connection, "80");
        of(
            broken(&|file| drop(file["nodes"]["slow"].as_object_mut().unwrap().remove("escalate"))),
            connection,
            "escalate",
        );
        of(broken(&|file| file["nodes"]["slow"]["escalate"] = "sound".into()), "slow", "no category");
        of(broken(&|file| file["nodes"]["slow"]["more"] = 1.into()), "unknown field", "more");
        assert!(read("{").is_err());
    }
}
