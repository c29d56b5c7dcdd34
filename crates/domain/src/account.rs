//! Who a customer is: address, password, role, language.

mod email;
pub mod language;
mod password;
mod role;

pub use email::{Email, EmailError};
pub use language::{Language, LanguageError};
pub use password::{Password, PasswordError};
pub use role::{Role, RoleError};
