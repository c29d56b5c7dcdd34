//! What subscribers are told of an incident: that it began, what a person says of it, and that it is over. What the
//! product sees by itself in between comes and goes, and is told on the page alone.

use std::str::FromStr;

use super::incident::{Stage, UnknownWord};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// It began.
    Opened,
    /// A person says how it goes on, or what came of it.
    Updated,
    /// It is over.
    Resolved,
}

impl What {
    const ALL: [What; 3] = [What::Opened, What::Updated, What::Resolved];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Opened => "opened",
            What::Updated => "updated",
            What::Resolved => "resolved",
        }
    }
}

impl FromStr for What {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<What, UnknownWord> {
        What::ALL.into_iter().find(|what| what.as_str() == word).ok_or(UnknownWord)
    }
}

/// A step of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How far it was before; `None` if it begins with this.
    pub before: Option<Stage>,
    /// How far it is now.
    pub stage: Stage,
    /// Whether a person says something of it.
    pub has_words: bool,
}

/// What of a step is told, if anything.
pub fn what(step: Step) -> Option<What> {
    match step.before {
        None => Some(What::Opened),
        Some(before) if step.stage == Stage::Resolved && before != Stage::Resolved => Some(What::Resolved),
        Some(_) => step.has_words.then_some(What::Updated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_and_ends_once_and_only_people_say_more() {
        use Stage::{Identified, Investigating, Monitoring, Resolved};
        for (before, stage, has_words, expect) in [
            (None, Investigating, false, Some(What::Opened)),
            (None, Investigating, true, Some(What::Opened)),
            (Some(Investigating), Monitoring, false, None),
            (Some(Monitoring), Investigating, false, None),
            (Some(Investigating), Identified, true, Some(What::Updated)),
            (Some(Monitoring), Resolved, false, Some(What::Resolved)),
            (Some(Investigating), Resolved, true, Some(What::Resolved)),
            (Some(Resolved), Resolved, true, Some(What::Updated)),
        ] {
            assert_eq!(what(Step { before, stage, has_words }), expect, "{before:?} {stage:?} {has_words}");
        }
        assert!(What::ALL.iter().all(|what| what.as_str().parse() == Ok(*what)));
    }
}
