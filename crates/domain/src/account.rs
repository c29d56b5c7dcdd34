//! Who a customer is: address, password, role, language.

mod email;
pub mod language;
mod otp;
mod password;
mod role;

pub use email::{Email, EmailError};
pub use language::{Language, LanguageError};
pub use otp::{RecoveryCode, TypedCode};
pub use password::{Password, PasswordError};
pub use role::{Role, RoleError};
