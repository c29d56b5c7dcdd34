//! Whether a password that somebody chooses is easily guessed.

use domain::account::Password;
use zxcvbn::{Score, zxcvbn};

use crate::{App, Error, Result};

/// Guesses that a password withstands at least: more than 10^8, by zxcvbn's reckoning.
const LEAST: Score = Score::Three;
/// What is looked at of a password: the estimate takes longer than linear time.
const LOOKED_AT: usize = 100;

/// Refuses a password that is easily guessed by one who knows `about` its owner: names, addresses, the company.
/// `field` is where it was typed.
pub(crate) async fn check(app: &App, field: &'static str, password: &Password, about: &[&str]) -> Result<()> {
    let password = password.clone();
    let words: Vec<String> = about
        .iter()
        .chain([&app.config.brand.name.as_str()])
        .flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()).chain([*text]))
        .filter(|word| word.chars().count() > 2)
        .map(str::to_owned)
        .collect();
    let score = app.hasher.on_a_core(move || {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text: String = password.expose().chars().take(LOOKED_AT).collect();
        zxcvbn(&text, &words).score()
    });
    if score.await? < LEAST {
        let detail =
            "this password is easily guessed; take a longer one, such as four words that don't belong together";
        return Err(Error::invalid(field, "password_weak", detail));
    }
    Ok(())
}
