//! Every request with a pass that was never seen: what a signature costs, at the door.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gatepass::KeyType;

use crate::Outcome;
use crate::contender::{Contender, Load, measure, print};
use crate::edge::{Effort, base64url, run_on};
use crate::keys::Pair;
use crate::servers::{Gatepass, Server};

/// As many as there are in turn; the edge is given memory for a twentieth of them.
const PASSES: u64 = 30_000;
const BASE: &str = "HAProxy jwt_verify RS256";

/// Prints requests a second, beside HAProxy, which verifies one token over and over.
pub(crate) fn bench(folder: &Path, haproxy: &Server, effort: Effort) -> Outcome<()> {
    let pair = Pair::new(KeyType::Rsa2048)?;
    let place = folder.join("new-passes");
    fs::create_dir_all(place.join("site/private"))?;
    fs::write(place.join("site/private/1k.bin"), [b'x'; 1024])?;
    let cookies = (0..PASSES)
        .map(|nth| pair.cookie_until("http*://127.0.0.1:*", 4_102_444_800 + nth))
        .collect::<Outcome<Vec<_>>>()?;
    let script = sent(&place, &cookies, Order::InTurn)?;
    run_on(0)?;
    let edge = Gatepass { folder: &place, pair: &pair, origin: 1, passes: 1, cache: 16 }.plain()?;
    run_on(1)?;
    let ours = format!("http://127.0.0.1:{}/private/1k.bin", edge.port);
    let theirs = format!("http://127.0.0.1:{}/token/1k.bin", haproxy.port);
    let token = format!("Authorization: Bearer {}", token(folder)?);
    let mut contenders = [
        Contender::new(
            "gatepass, new RSA passes",
            &edge,
            ours,
            "X-None: 1",
            Load::Scripted(&script, 64),
        ),
        Contender::new(BASE, haproxy, theirs, &token, Load::Full(64)),
    ];
    measure(&mut contenders, folder, effort.rounds, effort.seconds)?;
    print("every request with a pass never seen", " (>= 1.05, goal 1.3)", &contenders, BASE);
    Ok(())
}

/// Which of many cookies comes next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    InTurn,
    AtRandom,
}

/// A script for wrk that sends these cookies.
pub(crate) fn sent(folder: &Path, cookies: &[String], order: Order) -> Outcome<PathBuf> {
    let list = folder.join("cookies");
    fs::write(&list, cookies.join("\n"))?;
    let next = match order {
        Order::InTurn => "nth % #cookies + 1",
        Order::AtRandom => "math.random(#cookies)",
    };
    let script = folder.join("cookies.lua");
    let text = format!(
        "local cookies = {{}}\n\
         for line in io.lines('{list}') do cookies[#cookies + 1] = line end\n\
         local nth = 0\n\
         request = function()\n\
           nth = {next}\n\
           wrk.headers['Cookie'] = cookies[nth]\n\
           return wrk.format()\n\
         end\n",
        list = list.display()
    );
    fs::write(&script, text)?;
    Ok(script)
}

/// A token over RS256, signed by openssl with a key whose public half HAProxy reads.
fn token(folder: &Path) -> Outcome<String> {
    let openssl = std::env::var("GATEPASS_TOOL_OPENSSL").unwrap_or_else(|_| "openssl".to_owned());
    let text = format!(
        "{}.{}",
        base64url(br#"{"alg":"RS256","typ":"JWT"}"#),
        base64url(br#"{"exp":4102444800,"sub":"viewer"}"#)
    );
    fs::write(folder.join("token"), &text)?;
    let output = Command::new(openssl)
        .args(["dgst", "-sha256", "-sign"])
        .arg(folder.join("token-key.pem"))
        .arg(folder.join("token"))
        .output()?;
    if !output.status.success() {
        return Err("openssl signs no token".into());
    }
    Ok(format!("{text}.{}", base64url(&output.stdout)))
}
