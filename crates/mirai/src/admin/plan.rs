//! `mirai admin plan`.

use anyhow::bail;
use app::App;
use app::admin::plans::{self, Change, Limit};
use app::plan::{self, PlanRow};
use serde_json::{Value, json};

use super::{print_one, print_rows, words};
use crate::cli::PlanCommand;

const GB: i64 = 1_000_000_000;

pub(super) async fn run(app: &App, command: PlanCommand) -> anyhow::Result<()> {
    match command {
        PlanCommand::List { format } => {
            let rows = plan::list(app).await.map_err(words)?;
            print_rows(&rows.iter().map(plan_json).collect::<Vec<_>>(), format)
        }
        PlanCommand::Set { id, price, stripe_price, devices, quota_gb, quota_bytes, format } => {
            let quota_bytes = quota_bytes.or(quota_gb.map(|gb| gb.saturating_mul(GB)));
            if price.is_none() && stripe_price.is_none() && devices.is_none() && quota_bytes.is_none() {
                bail!("nothing to change: give --price, --stripe-price, --devices or a quota");
            }
            let change =
                Change { price_cents: price, stripe_price, devices: limit(devices), quota_bytes: limit(quota_bytes) };
            let done = plans::set(app, &id, &change).await;
            print_one(&plan_json(&done.map_err(|error| words(error).context(format!("plan {id}")))?), format)
        }
    }
}

fn limit(typed: Option<i64>) -> Limit {
    match typed {
        None => Limit::Keep,
        Some(0) => Limit::Unlimited,
        Some(n) => Limit::Of(n),
    }
}

fn plan_json(row: &PlanRow) -> Value {
    json!({
        "code": row.code,
        "name": row.name,
        "price_cents": row.price_cents,
        "currency": row.currency,
        "interval": row.period,
        "devices": row.devices,
        "quota_bytes": row.quota_bytes,
        "stripe_price": row.stripe_price_id,
    })
}
