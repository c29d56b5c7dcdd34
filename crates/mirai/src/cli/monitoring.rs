//! The command line of what is watched, and of work that is announced.

use clap::{Args, Subcommand};
use domain::monitor::maintenance::Repeat;
use domain::monitor::target::Kind;

use super::Format;

#[derive(Subcommand)]
pub(crate) enum MaintenanceCommand {
    /// Announce work: it is shown on /status, counts neither for nor against what it is done on, and opens no incident there
    #[command(
        after_help = "Example:\n  mirai admin maintenance add \"New disks\" --start 2026-12-01T02:30 --zone Europe/Berlin --minutes 60 \\\n    --component osaka-1\n  mirai admin maintenance add \"Updates\" --start 2026-12-06T03:00 --zone Asia/Tokyo --minutes 30 --repeat weekly"
    )]
    Add {
        /// What customers read
        title: String,
        /// The first time, by the clocks of --zone: 2026-12-01T02:30
        #[arg(long)]
        start: String,
        /// A name of the tz database
        #[arg(long, default_value = "UTC")]
        zone: String,
        /// How long it takes
        #[arg(long)]
        minutes: u32,
        /// once, daily, weekly or monthly
        #[arg(long, default_value = "once")]
        repeat: Repeat,
        /// The last day (UTC) on which it begins: 2027-03-01
        #[arg(long)]
        until: Option<String>,
        /// A server or part that it is done on, as /status names it; again for more, everything if left out
        #[arg(long)]
        component: Vec<String>,
        #[command(flatten)]
        format: Format,
    },
    /// All that is announced or was, newest first
    #[command(after_help = "Example:\n  mirai admin maintenance list")]
    List {
        #[command(flatten)]
        format: Format,
    },
    /// End it: what runs is over, and nothing begins any more
    #[command(after_help = "Example:\n  mirai admin maintenance end 01a2084c-7c40-78fa-8dc7-956133e3deb7")]
    End {
        /// Its id
        id: uuid::Uuid,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Subcommand)]
pub(crate) enum CheckCommand {
    /// Watch something more: what fails is an incident on /status, and a mail to admins
    #[command(
        after_help = "Example:\n  mirai admin check add api --component API --kind http --target https://vpn.example.net/plans \\\n    --text premium --certificate-days 14\n  mirai admin check add osaka-ssh --component osaka-1 --kind tcp --target osaka-1.example.net:22\n  mirai admin check add names --component DNS --kind dns --target vpn.example.net@9.9.9.9\n  mirai admin check add osaka-ping --component osaka-1 --kind ping --target osaka-1.example.net"
    )]
    Add(NewCheck),
    /// All that is watched, and how it is
    #[command(after_help = "Example:\n  mirai admin check list --json")]
    List,
    /// Watch something no more; what was seen of it goes too
    #[command(after_help = "Example:\n  mirai admin check remove osaka-ssh")]
    Remove {
        /// The check's name
        name: String,
    },
}

#[derive(Args)]
pub(crate) struct NewCheck {
    /// What you call it
    pub(crate) name: String,
    /// The server or the part of the service that it tells of, as /status names it; a part that is new is made
    #[arg(long)]
    pub(crate) component: String,
    /// http, tcp, dns or ping
    #[arg(long)]
    pub(crate) kind: Kind,
    /// http: https://host/path; tcp: host:port; dns: name@resolver; ping: host
    #[arg(long)]
    pub(crate) target: String,
    /// http: the status that it must have; any from 200 to 399 if left out
    #[arg(long)]
    pub(crate) status: Option<u16>,
    /// http: what must stand in the page's first 256 KB
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// http: for how many days the certificate must be good
    #[arg(long)]
    pub(crate) certificate_days: Option<u16>,
    /// Minutes from one look to the next
    #[arg(long, default_value_t = 1)]
    pub(crate) every: u32,
    /// Seconds that a look may take
    #[arg(long, default_value_t = 10)]
    pub(crate) timeout: u32,
    /// Failures in a row, to count as down
    #[arg(long, default_value_t = 2)]
    pub(crate) down_after: u32,
    /// Successes in a row, to count as up again
    #[arg(long, default_value_t = 2)]
    pub(crate) up_after: u32,
}

#[derive(Subcommand)]
pub(crate) enum StatusCommand {
    /// How many get mails of incidents, and how many were asked and have not said yes
    #[command(after_help = "Example:\n  mirai admin status subscribers")]
    Subscribers {
        #[command(flatten)]
        format: Format,
    },
    /// Forget a subscriber
    #[command(after_help = "Example:\n  mirai admin status unsubscribe mika@example.net")]
    Unsubscribe {
        /// The address
        email: String,
        #[command(flatten)]
        format: Format,
    },
    /// Addresses of programs of your own that are told of incidents
    #[command(subcommand)]
    Webhook(WebhookCommand),
}

#[derive(Subcommand)]
pub(crate) enum WebhookCommand {
    /// Add one; the secret that its messages are signed with is printed this once
    #[command(after_help = "Example:\n  mirai admin status webhook add https://hooks.example.net/status")]
    Add {
        /// An https URL in the public internet
        url: String,
        #[command(flatten)]
        format: Format,
    },
    /// All of them, and whether they are reached
    #[command(after_help = "Example:\n  mirai admin status webhook list")]
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Post again to one that was given up; its id and its secret stay
    #[command(after_help = "Example:\n  mirai admin status webhook resume 01a2084c-7c40-78fa-8dc7-956133e3deb7")]
    Resume {
        /// Its id
        id: uuid::Uuid,
        #[command(flatten)]
        format: Format,
    },
    /// Remove one
    #[command(after_help = "Example:\n  mirai admin status webhook remove 01a2084c-7c40-78fa-8dc7-956133e3deb7")]
    Remove {
        /// Its id
        id: uuid::Uuid,
        #[command(flatten)]
        format: Format,
    },
}
