//! What those who run the service may do on its pages, by their role.

use crate::account::Role;

/// Something that an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Looks at customers, and at what was done to them.
    SeeCustomers,
    /// Shuts an account out.
    Suspend,
    /// Ends all sessions of an account.
    EndSessions,
    /// Gives credit.
    GiveCredit,
    /// Lets an account in again.
    Reinstate,
    /// Takes credit away.
    TakeCredit,
    /// Gives a payment back.
    Refund,
    /// Everything else: servers, jobs, keys, prices, figures.
    Run,
}

impl Act {
    /// Every act.
    pub const ALL: [Act; 8] = [
        Act::SeeCustomers,
        Act::Suspend,
        Act::EndSessions,
        Act::GiveCredit,
        Act::Reinstate,
        Act::TakeCredit,
        Act::Refund,
        Act::Run,
    ];
}

/// Whether a role comes with an act.
pub fn may(role: Role, act: Act) -> bool {
    match role {
        Role::Admin => true,
        Role::Support => matches!(act, Act::SeeCustomers | Act::Suspend | Act::EndSessions | Act::GiveCredit),
        Role::User => false,
    }
}

/// Why an operator can't act on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    /// It is the operator's own: nobody gives credit to themself, or shuts themself out.
    #[error("this is your own account: another operator has to do that")]
    Own,
    /// Support acts on customers, not on the team.
    #[error("this is an account of the team: only an admin can do that")]
    Team,
}

impl OperatorError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            OperatorError::Own => "operator_own_account",
            OperatorError::Team => "operator_team_account",
        }
    }
}

/// Whose account is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The operator's.
    Own,
    /// Another's, who has this role.
    Other(Role),
}

/// Whether an operator may change an account, for acts that the role comes with.
pub fn check_target(operator: Role, whose: Whose) -> Result<(), OperatorError> {
    match (operator, whose) {
        (_, Whose::Own) => Err(OperatorError::Own),
        (Role::Admin, Whose::Other(_)) | (_, Whose::Other(Role::User)) => Ok(()),
        (_, Whose::Other(_)) => Err(OperatorError::Team),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_helps_customers_and_admins_run_the_service() {
        let of = |role| Act::ALL.into_iter().filter(|act| may(role, *act)).collect::<Vec<_>>();
        assert_eq!(of(Role::User), []);
        assert_eq!(of(Role::Support), [Act::SeeCustomers, Act::Suspend, Act::EndSessions, Act::GiveCredit]);
        assert_eq!(of(Role::Admin), Act::ALL);
    }

    #[test]
    fn nobody_acts_on_themself_and_support_not_on_the_team() {
        for (operator, whose, expected) in [
            (Role::Support, Whose::Other(Role::User), Ok(())),
            (Role::Support, Whose::Other(Role::Support), Err(OperatorError::Team)),
            (Role::Support, Whose::Other(Role::Admin), Err(OperatorError::Team)),
            (Role::Support, Whose::Own, Err(OperatorError::Own)),
            (Role::Admin, Whose::Other(Role::User), Ok(())),
            (Role::Admin, Whose::Other(Role::Admin), Ok(())),
            (Role::Admin, Whose::Own, Err(OperatorError::Own)),
        ] {
            assert_eq!(check_target(operator, whose), expected, "{operator:?} {whose:?}");
        }
    }
}
