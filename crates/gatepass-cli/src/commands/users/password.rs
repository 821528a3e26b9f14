//! A new password: typed twice, or read from standard input.

use aws_lc_rs::rand;
use gatepass_issuer::PasswordHash;
use zeroize::Zeroizing;

use crate::input::Source;
use crate::words::Failure;

/// The fewest characters that NIST SP 800-63B allows.
const SHORTEST: usize = 8;

/// Reads a password for `name` and hashes it.
pub(super) fn read(name: &str, from_stdin: bool) -> Result<PasswordHash, Failure> {
    let password = if from_stdin { piped()? } else { typed(name)? };
    if password.chars().count() < SHORTEST {
        return Err(Failure::new(format!("the password has fewer than {SHORTEST} characters"))
            .hint("a few words in a row are easy to remember and hard to guess"));
    }
    let mut salt = [0; 16];
    rand::fill(&mut salt).map_err(|_| Failure::new("the system gave no random numbers"))?;
    PasswordHash::new(&password, salt).map_err(|error| Failure::new(error.to_string()))
}

/// Everything on standard input but the line end.
fn piped() -> Result<Zeroizing<String>, Failure> {
    let text = Source::Stdin.read_text()?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.contains('\n') {
        return Err(Failure::new("standard input has more than one line")
            .hint("pipe in the password alone, such as: pass show ada | gatepass users add …"));
    }
    Ok(Zeroizing::new(password.to_owned()))
}

fn typed(name: &str) -> Result<Zeroizing<String>, Failure> {
    let ask = |question: String| {
        let typed = rpassword::prompt_password(question).map_err(|error| {
            Failure::new(format!("there is no terminal to type a password at: {error}"))
                .hint("pipe it in: --password-stdin")
        });
        typed.map(Zeroizing::new)
    };
    let password = ask(format!("Password for {name}: "))?;
    let again = ask("Again: ".to_owned())?;
    if password != again {
        return Err(Failure::new("the two passwords differ").hint("try again"));
    }
    Ok(password)
}
