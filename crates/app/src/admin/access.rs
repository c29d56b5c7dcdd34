//! Who of those who are signed in may do what on the operators' pages.

use domain::account::Role;
use domain::operator::{self, Act, Whose};
use uuid::Uuid;

use crate::session::Who;
use crate::{Error, Result};

/// Refuses whoever's role does not come with an act, as if there were nothing to do it to.
pub fn allow(who: &Who, act: Act) -> Result<()> {
    if operator::may(who.user.role(), act) { Ok(()) } else { Err(Error::NotFound) }
}

/// The same for an act on an account.
pub fn allow_on(who: &Who, act: Act, account: Uuid, role: Role) -> Result<()> {
    allow(who, act)?;
    let whose = if who.user.id == account { Whose::Own } else { Whose::Other(role) };
    operator::check_target(who.user.role(), whose).map_err(|error| Error::conflict(error.code(), error.to_string()))
}
