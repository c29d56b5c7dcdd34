//! `mirai admin coupon`.

use app::App;
use app::admin::COMMAND_LINE;
use app::admin::coupons::{self, Counted};
use app::{coupon::CouponRow, credit};
use domain::coupon::{Lasts, Off, Terms};
use domain::money::Money;
use domain::time::DAY_MS;
use serde_json::{Value, json};

use super::{time, words};
use crate::cli::{CouponCommand, NewCoupon};
use crate::out::{print_one, print_rows};

pub(super) async fn run(app: &App, command: CouponCommand) -> anyhow::Result<()> {
    match command {
        CouponCommand::Add(new) => {
            let done = coupons::add(app, COMMAND_LINE, &new.code, &terms(app, &new)?).await;
            let row = done.map_err(|error| words(error).context(format!("coupon {}", new.code)))?;
            print_one(&made(&row), new.format)
        }
        CouponCommand::List { format } => {
            let rows = coupons::list(app).await.map_err(words)?;
            print_rows(&rows.iter().map(line).collect::<Vec<_>>(), format)
        }
        CouponCommand::Disable { code, format } => {
            let done = coupons::disable(app, COMMAND_LINE, &code).await;
            let row = done.map_err(|error| words(error).context(format!("coupon {code}")))?;
            print_one(&json!({ "code": row.code, "active": row.active }), format)
        }
    }
}

fn terms(app: &App, new: &NewCoupon) -> anyhow::Result<Terms> {
    let off = match (new.percent, new.amount) {
        (_, Some(amount)) => Off::Amount(Money::new(amount, credit::currency(&new.currency).map_err(words)?)),
        (percent, None) => Off::Percent(percent.unwrap_or_default()),
    };
    let lasts = match new.months {
        Some(months) => Lasts::Months(months),
        None if new.forever => Lasts::Forever,
        None => Lasts::Once,
    };
    Ok(Terms {
        off,
        lasts,
        plans: new.plans.clone(),
        periods: new.periods.clone(),
        most_uses: new.uses,
        most_per_customer: new.per_customer,
        expires_at: new.days.map(|days| app.clock.now() + i64::from(days) * DAY_MS),
        first_only: new.first_only,
    })
}

fn made(row: &CouponRow) -> Value {
    json!({ "code": row.code, "active": row.active, "stripe_promotion": row.stripe_promotion })
}

fn line(one: &Counted) -> Value {
    let row = &one.row;
    json!({
        "code": row.code,
        "off": coupons::off(&one.terms),
        "lasts": coupons::lasts(&one.terms),
        "plans": row.plans,
        "periods": row.periods,
        "used": one.used,
        "reserved": one.reserved,
        "most_uses": row.most_uses,
        "most_per_customer": row.most_per_customer,
        "first_only": row.first_only,
        "expires_at": row.expires_at.map(time),
        "active": row.active,
        "stripe_promotion": row.stripe_promotion,
    })
}
