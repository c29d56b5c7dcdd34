//! `mirai admin stripe`.

use anyhow::bail;
use app::App;
use app::admin::catalogue::{self, Mode, Synced};
use domain::plan::PriceStep;
use serde_json::json;

use super::words;
use crate::cli::StripeCommand;
use crate::out::print_rows;

pub(super) async fn run(app: &App, command: StripeCommand) -> anyhow::Result<()> {
    let StripeCommand::Sync { dry_run, format } = command;
    let mode = if dry_run { Mode::DryRun } else { Mode::Apply };
    let plans = catalogue::sync(app, mode).await.map_err(words)?;
    let line = |plan: &Synced| {
        let done = match (&plan.step, mode) {
            (PriceStep::Keep, _) => "right",
            (PriceStep::Adopt(_), Mode::Apply) => "taken from Stripe",
            (PriceStep::Make, Mode::Apply) => "made",
            (PriceStep::Adopt(_), Mode::DryRun) => "to be taken from Stripe",
            (PriceStep::Make, Mode::DryRun) => "to be made",
        };
        json!({ "plan": plan.plan, "interval": plan.every.as_str(), "currency": plan.currency, "stripe_price": plan.price, "was": plan.was, "done": done })
    };
    print_rows(&plans.iter().map(line).collect::<Vec<_>>(), format)?;
    let open = plans.iter().filter(|plan| plan.step != PriceStep::Keep).count();
    if dry_run && open > 0 {
        bail!("{open} of {} prices differ from Stripe: run `mirai admin stripe sync`", plans.len());
    }
    Ok(())
}
