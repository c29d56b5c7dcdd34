//! The words of `mirai admin coupon` and `mirai admin gift`.

use clap::{Args, Subcommand};

use super::Format;

#[derive(Subcommand)]
pub(crate) enum CouponCommand {
    /// Make a coupon, here and at Stripe; an interrupted command may be run again
    #[command(after_help = "Example:\n  \
        mirai admin coupon add SPRING --percent 20 --uses 500 --per-customer 1 --days 30\n  \
        mirai admin coupon add WELCOME --percent 50 --months 3 --first-only\n  \
        mirai admin coupon add FIVE-OFF --amount 500 --currency usd --plan vip --period year")]
    Add(NewCoupon),
    /// All coupons, with how often they were used
    #[command(after_help = "Example:\n  mirai admin coupon list --json")]
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Withdraw a coupon; what was sold with it keeps its price
    #[command(after_help = "Example:\n  mirai admin coupon disable SPRING")]
    Disable {
        /// What customers type
        code: String,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Args)]
pub(crate) struct NewCoupon {
    /// What customers type, in either case: 3 to 32 letters, digits and hyphens
    pub(crate) code: String,
    /// How much of the price it takes off
    #[arg(long, required_unless_present = "amount", conflicts_with = "amount")]
    pub(crate) percent: Option<i64>,
    /// How many minor units (cents) it takes off
    #[arg(long)]
    pub(crate) amount: Option<i64>,
    /// ISO 4217, of the amount
    #[arg(long, default_value = "usd", requires = "amount")]
    pub(crate) currency: String,
    /// It takes something off for so many months; without this, off the first invoice
    #[arg(long, conflicts_with = "forever")]
    pub(crate) months: Option<i64>,
    /// It takes something off every invoice
    #[arg(long)]
    pub(crate) forever: bool,
    /// A plan that it holds for, once for each; all if left out
    #[arg(long = "plan")]
    pub(crate) plans: Vec<String>,
    /// A period that it holds for, once for each; all if left out
    #[arg(long = "period", value_name = "month|quarter|year")]
    pub(crate) periods: Vec<String>,
    /// Uses in all; no limit if left out
    #[arg(long)]
    pub(crate) uses: Option<i64>,
    /// Uses by one customer; no limit if left out
    #[arg(long)]
    pub(crate) per_customer: Option<i64>,
    /// It ends after so many days; without this, when it is disabled
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: Option<u32>,
    /// Only for a customer's first purchase
    #[arg(long)]
    pub(crate) first_only: bool,
    #[command(flatten)]
    pub(crate) format: Format,
}

#[derive(Subcommand)]
pub(crate) enum GiftCommand {
    /// Make a batch of gift codes; they are printed this once, a code a line
    #[command(after_help = "Example:\n  \
        mirai admin gift make --count 100 --amount 1000 --expires 365 --note \"spring fair\" > codes.txt")]
    Make {
        /// How many
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        count: u32,
        /// What each is worth, in minor units (cents)
        #[arg(long)]
        amount: i64,
        /// ISO 4217
        #[arg(long, default_value = "usd")]
        currency: String,
        /// They can be redeemed for so many days; without this, until the batch is voided
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires: Option<u32>,
        /// What they are for
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        format: Format,
    },
    /// Batches, newest first, with how many codes are redeemed
    #[command(after_help = "Example:\n  mirai admin gift list")]
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Take all codes of a batch out of use that are not redeemed
    #[command(after_help = "Example:\n  mirai admin gift void 01900000-0000-7000-8000-000000000000")]
    Void {
        /// The batch's id, as `mirai admin gift list` names it
        batch: uuid::Uuid,
        #[command(flatten)]
        format: Format,
    },
}
