//! Enrolment: this machine becomes the gateway of a server.

use api::gateway::{Enrol, VERSION};
use domain::token::{self, Token};
use domain::vpn::key::PrivateKey;

use crate::control::{Control, ControlError};
use crate::state::{Identity, Place, StateError};

/// Why a gateway did not enrol.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// The control plane.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(getrandom::Error),
}

/// Makes a WireGuard key and a credential on this machine, and registers them with a server's one-time token. Neither
/// secret is sent: the control plane gets the public key and the credential's hash.
pub async fn enrol(place: &Place, control: &str, token: &str, driver: &str) -> Result<Identity, EnrolError> {
    place.vacant()?;
    let private = PrivateKey::from_random(random()?);
    let credential = Token::from_random(random()?);
    let asked = Enrol {
        protocol: VERSION,
        token: token.to_owned(),
        public_key: private.public().to_string(),
        credential_hash: hex::encode(token::hash(credential.text())),
        driver: driver.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let enrolled = Control::new(control)?.enrol(&asked).await?;
    let identity = Identity {
        control: control.to_owned(),
        server_id: enrolled.server_id,
        name: enrolled.name,
        private_key: private.expose().to_string(),
        credential: credential.text().to_owned(),
        credential_since: crate::system_clock()(),
        next_credential: None,
        address_v4: enrolled.address_v4,
        address_v6: enrolled.address_v6,
        generation: 0,
    };
    place.begin(&identity)?;
    Ok(identity)
}

pub(crate) fn random() -> Result<[u8; 32], EnrolError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(EnrolError::Random)?;
    Ok(bytes)
}
