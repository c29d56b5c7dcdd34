//! What a key of the API opens.

use std::str::FromStr;

/// A part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Sign-up, sessions, the account and its security.
    Accounts,
    /// Plans, purchases, subscriptions, invoices, credits.
    Payments,
    /// The list of servers and the choice of one.
    Servers,
    /// Devices and their configurations.
    Devices,
    /// The support desk.
    Tickets,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 5] = [Scope::Accounts, Scope::Payments, Scope::Servers, Scope::Devices, Scope::Tickets];

    /// The word on the command line and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Accounts => "accounts",
            Scope::Payments => "payments",
            Scope::Servers => "servers",
            Scope::Devices => "devices",
            Scope::Tickets => "tickets",
        }
    }
}

/// Why a word is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Another word.
    #[error("a scope is one of: accounts, payments, servers, devices, tickets")]
    Unknown,
}

impl ScopeError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        "scope_unknown"
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(word: &str) -> Result<Scope, ScopeError> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or(ScopeError::Unknown)
    }
}

/// What one key opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scopes {
    /// Everything, also what comes to be.
    All,
    /// These parts.
    Only(Vec<Scope>),
}

impl Scopes {
    /// Whether a part is opened.
    pub fn open(&self, scope: Scope) -> bool {
        match self {
            Scopes::All => true,
            Scopes::Only(scopes) => scopes.contains(&scope),
        }
    }

    /// The words in the database, by spaces; none for everything.
    pub fn stored(&self) -> Option<String> {
        match self {
            Scopes::All => None,
            Scopes::Only(scopes) => Some(scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")),
        }
    }

    /// Reads what [`Scopes::stored`] wrote. A word that a newer version wrote opens nothing here.
    pub fn from_stored(words: Option<&str>) -> Scopes {
        match words {
            None => Scopes::All,
            Some(words) => Scopes::Only(words.split_whitespace().filter_map(|word| word.parse().ok()).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_what_it_names_and_nothing_else() {
        assert!(Scope::ALL.into_iter().all(|scope| Scopes::All.open(scope)));
        let some = Scopes::Only(vec![Scope::Servers, Scope::Payments]);
        assert!(some.open(Scope::Servers) && some.open(Scope::Payments));
        assert!(!some.open(Scope::Accounts) && !some.open(Scope::Devices));
        assert!(!Scope::ALL.into_iter().any(|scope| Scopes::Only(Vec::new()).open(scope)));
    }

    #[test]
    fn what_was_stored_is_read_back_and_an_unknown_word_opens_nothing() {
        for scopes in [Scopes::All, Scopes::Only(vec![Scope::Devices, Scope::Accounts]), Scopes::Only(Vec::new())] {
            assert_eq!(Scopes::from_stored(scopes.stored().as_deref()), scopes);
        }
        assert_eq!(Scopes::from_stored(Some("servers everything")), Scopes::Only(vec![Scope::Servers]));
        assert_eq!("Servers".parse::<Scope>(), Err(ScopeError::Unknown));
    }
}
