//! What an account may do.

use std::str::FromStr;

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A customer.
    User,
    /// Answers tickets, reads accounts.
    Support,
    /// Everything.
    Admin,
}

impl Role {
    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Support => "support",
            Role::Admin => "admin",
        }
    }
}

/// Why a word is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// Another word.
    #[error("a role is one of: user, support, admin")]
    Unknown,
}

impl RoleError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        "role_unknown"
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(word: &str) -> Result<Role, RoleError> {
        match word {
            "user" => Ok(Role::User),
            "support" => Ok(Role::Support),
            "admin" => Ok(Role::Admin),
            _ => Err(RoleError::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_each_role_is_read_back() {
        for role in [Role::User, Role::Support, Role::Admin] {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        for wrong in ["", "Admin", "root", "admin "] {
            assert_eq!(wrong.parse::<Role>(), Err(RoleError::Unknown), "{wrong:?}");
        }
    }
}
