//! `mirai admin plan`.

use anyhow::{anyhow, bail};
use app::App;
use app::admin::COMMAND_LINE;
use app::admin::catalogue::Mode;
use app::admin::plans::{self, Change, Limit, PriceRow};
use app::plan::{self, PlanRow, Price};
use app::price_move::{self, Moved};
use domain::money::Currency;
use domain::names::Region;
use serde_json::{Value, json};

use super::{time, words};
use crate::cli::PlanCommand;
use crate::out::{print_one, print_rows};

const GB: i64 = 1_000_000_000;

pub(super) async fn run(app: &App, command: PlanCommand) -> anyhow::Result<()> {
    match command {
        PlanCommand::List { format } => {
            let rows = plan::list(app).await.map_err(words)?;
            print_rows(&rows.iter().map(plan_json).collect::<Vec<_>>(), format)
        }
        PlanCommand::Set {
            id,
            price,
            stripe_price,
            devices,
            quota_gb,
            quota_bytes,
            speed_mbit,
            slow_mbit,
            trial_days,
            listed,
            regions,
            format,
        } => {
            let quota_bytes = quota_bytes.or(quota_gb.map(|gb| gb.saturating_mul(GB)));
            let limits = [devices, quota_bytes, speed_mbit, slow_mbit];
            let numbers = limits.iter().chain([&price, &trial_days]).all(Option::is_none);
            if numbers && stripe_price.is_none() && listed.is_none() && regions.is_none() {
                bail!("nothing to change: give a price, a limit, --trial-days, --listed or --regions; see --help");
            }
            let [devices, quota_bytes, speed_mbit, slow_mbit] = limits.map(limit);
            let change = Change {
                price_cents: price,
                stripe_price,
                devices,
                quota_bytes,
                speed_mbit,
                slow_mbit,
                trial_days,
                is_listed: listed,
                regions: regions.as_deref().map(parse_regions).transpose()?,
            };
            let done = plans::set(app, COMMAND_LINE, &id, &change).await;
            print_one(&plan_json(&done.map_err(|error| words(error).context(format!("plan {id}")))?), format)
        }
        PlanCommand::Price { id, every, currency, amount, none: _, format } => {
            let currency = Currency::parse(&currency.to_lowercase()).map_err(|error| anyhow!("currency: {error}"))?;
            let done = plans::set_price(app, COMMAND_LINE, &id, every, currency, amount).await;
            done.map_err(|error| words(error).context(format!("plan {id}")))?;
            print_rows(&offered(app, &id).await?, format)
        }
        PlanCommand::Move { id, days, dry_run, format } => {
            let mode = if dry_run { Mode::DryRun } else { Mode::Apply };
            let done = price_move::announce(app, COMMAND_LINE, &id, days, mode).await;
            let Moved { raised, lowered, told_before, left } =
                done.map_err(|error| words(error).context(format!("plan {id}")))?;
            let line = json!({
                "plan": id, "raised": raised, "lowered": lowered, "told_before": told_before, "left_alone": left,
                "done": if dry_run { "nothing, this was a dry run" } else { "told" },
            });
            print_one(&line, format)
        }
        PlanCommand::Prices { id, format } => {
            let rows = plans::price_history(app, &id).await.map_err(words)?;
            print_rows(&rows.iter().map(price_json).collect::<Vec<_>>(), format)
        }
    }
}

/// What a plan is sold at now.
async fn offered(app: &App, code: &str) -> anyhow::Result<Vec<Value>> {
    let plans = plan::all_offered(app).await.map_err(words)?;
    let prices = plans.into_iter().find(|plan| plan.row.code == code).map(|plan| plan.prices).unwrap_or_default();
    let line = |price: &Price| {
        json!({
            "plan": code, "interval": price.every.as_str(), "currency": price.currency, "amount": price.amount,
            "stripe_price": price.at_stripe,
        })
    };
    Ok(prices.iter().map(line).collect())
}

fn price_json(row: &PriceRow) -> Value {
    json!({
        "stripe_price": row.stripe_price_id,
        "interval": row.period,
        "currency": row.currency,
        "amount": row.price_cents,
        "since": time(row.since),
    })
}

/// `eu,jp`, or `all`.
fn parse_regions(text: &str) -> anyhow::Result<Vec<Region>> {
    if text == "all" {
        return Ok(Vec::new());
    }
    let parse = |word: &str| Region::parse(word.trim()).map_err(|error| anyhow!("--regions {word}: {error}"));
    text.split(',').map(parse).collect()
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
        "speed_mbit": row.speed_mbit,
        "slow_mbit": row.slow_mbit,
        "stripe_price": row.stripe_price_id,
        "trial_days": row.trial_days,
        "listed": row.is_listed,
        "regions": row.regions,
    })
}
