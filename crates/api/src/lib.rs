//! The JSON contract: what the API takes and gives, as types with their OpenAPI schemas.
//!
//! Requests refuse unknown fields, except those of gateways. Times are RFC 3339 UTC, money is integer minor units with an ISO 4217 currency,
//! sizes are bytes, ids are UUIDv7. A conversion between a domain type and its JSON twin stands here.
//!
//! Invariant: shapes only, no rules; nothing here loads, decides or answers.

mod account;
mod billing;
mod export;
pub mod gateway;
mod network;
mod notice;
mod page;
mod problem;
mod security;
mod ticket;

pub use account::{
    ChangeMe, EmailOnly, Login, LoginReply, Refresh, Register, Reset, Session, SessionList, Token, TokenReply, User,
};
pub use billing::{
    AgreedPrice, Balance, Cancel, CancelWhen, ChangePlan, Checkout, CheckoutReply, Credit, CreditApplied, CreditList,
    Invoice, InvoiceList, PayWithCredit, Plan, PlanList, PlanPrice, PortalReply, PriceChange, Redeem, Redeemed,
    Referral, ReferralList, Reward, Subscription, SubscriptionList,
};
pub use export::{
    AuditEntry, Export, ExportedCheckout, ExportedCouponUse, ExportedDiscord, ExportedGift, ExportedStatusMails,
    ExportedUsage, LedgerLine,
};
pub use network::{
    ChangeDevice, ChooseServer, Device, DeviceList, DeviceMade, Dns, MoveDevice, Mtu, NewDevice, Rekey, Routes, Server,
    ServerList,
};
pub use notice::{ChangeNotice, ChangeNotices, ExportedMail, ExportedNotice, NoticeChoice, NoticeChoices};
pub use page::PageQuery;
pub use problem::{Health, Problem, ProblemField};
pub use security::{ChangeEmail, ChangePassword, Code, Enrolment, Proof, RecoveryCodes, SecondFactor};
pub use ticket::{
    NewFile, NewTicket, NewTicketMessage, RateTicket, Ticket, TicketFile, TicketList, TicketMessage, TicketThread,
};

use domain::time::UnixMs;

/// A moment as the API writes it: `2026-11-23T12:00:00.000Z`.
pub fn time(at: UnixMs) -> String {
    domain::time::rfc3339(at)
}
