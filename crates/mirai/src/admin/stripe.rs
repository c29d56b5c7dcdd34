//! `mirai admin stripe`.

use anyhow::bail;
use app::App;
use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode, Synced};
use app::admin::portal::{self, PortalStep};
use app::reconcile::{self, Difference};
use domain::plan::PriceStep;
use serde_json::json;

use super::words;
use crate::cli::{Format, StripeCommand};
use crate::out::print_rows;

pub(super) async fn run(app: &App, command: StripeCommand) -> anyhow::Result<()> {
    match command {
        StripeCommand::Sync { dry_run, format } => sync(app, dry_run, format).await,
        StripeCommand::Compare { format } => compare(app, format).await,
    }
}

async fn compare(app: &App, format: Format) -> anyhow::Result<()> {
    let differences = reconcile::compare(app).await.map_err(words)?;
    let line = |one: &Difference| json!({ "subject": one.subject, "what": one.what, "mended": one.is_mended });
    print_rows(&differences.iter().map(line).collect::<Vec<_>>(), format)?;
    match differences.iter().filter(|one| !one.is_mended).count() {
        0 => Ok(()),
        open => bail!("{open} could not be mended: see docs/money.md, \"Compared with Stripe\""),
    }
}

async fn sync(app: &App, dry_run: bool, format: Format) -> anyhow::Result<()> {
    let mode = if dry_run { Mode::DryRun } else { Mode::Apply };
    let plans = catalogue::sync(app, COMMAND_LINE, mode).await.map_err(words)?;
    let line = |plan: &Synced| {
        let done = match (&plan.step, mode) {
            (PriceStep::Keep, _) => "right",
            (PriceStep::Adopt(_), Mode::Apply) => "taken from Stripe",
            (PriceStep::Make, Mode::Apply) => "made",
            (PriceStep::Say(_), Mode::Apply) => "now with taxes inside",
            (PriceStep::Say(_), Mode::DryRun) => "to say that taxes are inside",
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
    match portal::sync(app, mode).await.map_err(words)? {
        PortalStep::Allow if dry_run => {
            bail!("customers can't change company name, address and VAT id at Stripe: run `mirai admin stripe sync`")
        }
        PortalStep::Missing => bail!(
            "the prices are right, but there is no billing portal: save its settings once at \
             https://dashboard.stripe.com/settings/billing/portal, and run this again"
        ),
        PortalStep::Keep | PortalStep::Allow => Ok(()),
    }
}
