//! A VPN server's agent, as it tells of itself by `mirai gateway status`; and a site that takes one among its servers.

use std::time::Duration;

use serde::Deserialize;

use super::{AgentError, Host};
use crate::id::ReleaseId;
use crate::outcome::Ending;
use crate::provision::gateway::OPTIONS;
use crate::wire::{NewServer, Secret, Tell};

/// What the agent says of itself.
#[derive(Debug, Deserialize)]
struct Said {
    connected: bool,
    heard_seconds_ago: Option<u64>,
    #[serde(default)]
    peers: u64,
    #[serde(default)]
    trouble: Option<String>,
}

/// A server in the site's list.
#[derive(Debug, Deserialize)]
struct Listed {
    name: String,
    /// Its WireGuard key, once it has one.
    public_key: Option<String>,
}

impl Host {
    /// Why a release that has run for so long can't be taken to be well; `Ok` once it has heard from the site itself.
    pub(super) fn hears(&self, release: &ReleaseId, runs_since: Duration) -> Result<(), String> {
        let said = self.said(release)?;
        // The file outlives the process: what the release before has heard is not what this one hears.
        let is_its_own = said.heard_seconds_ago.is_some_and(|ago| ago < runs_since.as_secs());
        match said.trouble {
            _ if said.connected && is_its_own => Ok(()),
            Some(trouble) => Err(format!("it does not hear from the site: {trouble}")),
            None => Err("it does not hear from the site".to_owned()),
        }
    }

    /// How it is, in a few words.
    pub(super) fn gateway_health(&self, release: &ReleaseId) -> String {
        match self.said(release) {
            Ok(Said { connected: true, peers, .. }) => format!("hears from its site, and serves {peers} device(s)"),
            Ok(Said { peers, .. }) => {
                format!("does not hear from its site, and serves {peers} device(s) while their leases last")
            }
            Err(error) => error,
        }
    }

    fn said(&self, release: &ReleaseId) -> Result<Said, String> {
        let said = self.ask(release, &["gateway", "status", "--json"]).map_err(|error| error.to_string())?;
        let text = said.map_err(|lines| lines.join("; "))?;
        serde_json::from_str(&text).map_err(|error| format!("it tells nothing of itself ({error})"))
    }

    /// What a release would set up here, as far as it can say that without doing it.
    pub(super) fn rehearse(&self, release: &ReleaseId) -> Result<Result<(), Vec<String>>, AgentError> {
        let settings = std::fs::read_to_string(self.layout.settings()).unwrap_or_default();
        let options = settings.lines().find_map(|line| line.strip_prefix(OPTIONS)?.strip_prefix('='));
        let options = options.unwrap_or_default().trim_matches('"').split_whitespace();
        let args: Vec<&str> = ["gateway", "run", "--dry-run"].into_iter().chain(options).collect();
        Ok(self.ask(release, &args)?.map(drop))
    }

    /// A token for a VPN server, of the site on this host.
    pub(super) fn server(&self, new: &NewServer) -> Result<Tell, AgentError> {
        let refused = |cause: String, evidence: Vec<String>, next: &str| {
            Ok(Tell::Done(Ending { evidence, ..Ending::refused(cause, next) }))
        };
        let Some(live) = self.state()?.live else {
            return refused("no release of the site is live yet".to_owned(), Vec::new(), "mirai deploy release");
        };
        let site = |args: &[&str]| self.run(&live.release, args);
        let by_hand = "on the site's host: `mirai admin server list`";
        let list = match site(&["admin", "server", "list", "--json"])? {
            Ok(text) => match serde_json::from_str::<Vec<Listed>>(&text) {
                Ok(list) => list,
                Err(error) => {
                    return refused(format!("the site's servers can't be read: {error}"), Vec::new(), by_hand);
                }
            },
            Err(said) => return refused("the site's servers can't be listed".to_owned(), said, by_hand),
        };
        let known = list.iter().find(|listed| listed.name == new.name);
        if known.is_some_and(|listed| listed.public_key.is_some()) {
            // A new one in its place would turn off all its devices.
            let cause = format!("{} has a gateway already, whose key all files of its devices name", new.name);
            let next = "give this one another name; to replace that one after all: `mirai admin server token NAME` on the site, \
                        and ENROL_TOKEN=… in the file that `settings` names";
            return refused(cause, Vec::new(), next);
        }
        let (capacity, bandwidth) = (new.capacity.map(|n| n.to_string()), new.bandwidth_mbit.map(|n| n.to_string()));
        let mut args = vec!["admin", "server"];
        if known.is_some() {
            args.extend(["token", "--json", "--", &new.name]);
        } else {
            args.extend(["add", "--json", "--name", &new.name, "--region", &new.region, "--country", &new.country]);
            args.extend(["--city", &new.city, "--endpoint", &new.endpoint]);
            args.extend(capacity.iter().flat_map(|n| ["--capacity", n]));
            args.extend(bandwidth.iter().flat_map(|n| ["--bandwidth-mbit", n]));
        }
        let said = match site(&args)? {
            Ok(text) => text,
            Err(said) => return refused(format!("the site does not take {}", new.name), said, "mend deploy.toml"),
        };
        let token = serde_json::from_str::<serde_json::Value>(&said).ok();
        match token.as_ref().and_then(|row| row["enrol_token"].as_str()) {
            Some(token) => Ok(Tell::Token(Secret(token.to_owned()))),
            None => refused("the site gave no token".to_owned(), Vec::new(), by_hand),
        }
    }
}
