//! What the issuer hands out in a second on one core, beside what `openssl speed` signs on it.
//!
//! Each request is of another person, or of the same one seconds later, so that each needs an RSA
//! signature of its own. The generator has the other core.

use std::fs;
use std::path::{Path, PathBuf};

use crate::contender::{Contender, Load};
use crate::edge::{Effort, NO_HEADER, run_on};
use crate::servers::{BASE, Server, TOKEN, build, issuer, sessions};
use crate::statistics::median;
use crate::{Outcome, openssl};

/// So many people renew in turn: at some thousand a second nobody comes twice within the second
/// in which a pass is remembered for them.
const PEOPLE: u32 = 8_000;

/// Prints throughput, latency and memory.
pub(crate) fn bench() -> Outcome<()> {
    build()?;
    let effort = Effort::asked()?;
    let issues = match std::env::var("GATEPASS_BENCH_ISSUES") {
        Ok(text) => text.parse()?,
        Err(_) => 100_000,
    };
    let folder = tempfile::tempdir()?;
    run_on(0)?;
    let server = issuer(folder.path())?;
    run_on(1)?;
    println!("one core for the issuer, one for the load; an RSA signature with 2048 bits each;");
    println!("{} rounds of {} s in turn, medians", effort.rounds, effort.seconds);
    throughput(&server, folder.path(), effort)?;
    memory(&server, folder.path(), issues, effort.seconds)
}

fn throughput(server: &Server, folder: &Path, effort: Effort) -> Outcome<()> {
    let (issuing, renewing) = (issuing(folder)?, renewing(server, folder)?);
    let url = format!("http://127.0.0.1:{}/", server.port);
    let ask = |name, load| Contender::new(name, server, url.clone(), NO_HEADER, load);
    let mut contenders = [
        ask("POST /issue, 64 at once", Load::Scripted(&issuing, 64)),
        ask("POST /renew, 64 at once", Load::Scripted(&renewing, 64)),
        ask("POST /issue, 4 at once", Load::Scripted(&issuing, 4)),
        ask("POST /renew, 4 at once", Load::Scripted(&renewing, 4)),
    ];
    let mut signs = Vec::new();
    for _ in 0..effort.rounds {
        // On the core of the issuer, which has nothing to do meanwhile.
        run_on(0)?;
        signs.push(openssl::speed("rsa2048")?.signs);
        run_on(1)?;
        for contender in &mut contenders {
            contender.measure(folder, effort.seconds)?;
        }
    }
    let signs = median(signs);
    println!("\nratios to openssl speed, {signs:.0} signatures/s (requests >= 0.80)");
    println!(
        "  {:<26}{:>11}{:>7}{:>13}{:>7}{:>11}",
        "", "requests/s", "ratio", "CPU us/req", "ratio", "p99 us"
    );
    for contender in &contenders {
        let found = contender.medians();
        println!(
            "  {:<26}{:>11.0}{:>7.2}{:>13.1}{:>7.2}{:>11.0}",
            contender.name(),
            found.rate,
            found.rate / signs,
            found.cpu,
            found.cpu * signs / 1e6,
            found.p99
        );
    }
    Ok(())
}

/// Hands out so many passes, and looks at the issuer's memory now and then.
fn memory(server: &Server, folder: &Path, issues: u64, seconds: u32) -> Outcome<()> {
    const LOOKS: u64 = 5;
    let script = issuing(folder)?;
    let url = format!("http://127.0.0.1:{}/", server.port);
    let mut contender =
        Contender::new("POST /issue", server, url, NO_HEADER, Load::Scripted(&script, 64));
    println!("\nmemory while {issues} passes are handed out, all to different people");
    println!("  {:>10} {:>8.1} MiB", "before", mebibytes(server)?);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = issues as f64 / LOOKS as f64;
    let (mut handed, mut next) = (0.0, each);
    for _ in 0..LOOKS {
        while handed < next {
            handed += contender.measure(folder, seconds)?.requests;
        }
        println!("  {handed:>10.0} {:>8.1} MiB", mebibytes(server)?);
        next = handed + each;
    }
    Ok(())
}

fn mebibytes(server: &Server) -> Outcome<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let bytes = server.memory()? as f64;
    Ok(bytes / 1_048_576.0)
}

/// A script for wrk: an application asks for somebody new each time. The time keeps one turn's
/// people from being another's.
fn issuing(folder: &Path) -> Outcome<PathBuf> {
    script(
        folder,
        "issuing.lua",
        &format!(
            "local nth, run = 0, os.time()\n\
             local headers = {{ ['Authorization'] = 'Bearer {TOKEN}' }}\n\
             request = function()\n  \
               nth = nth + 1\n  \
               local body = '{{\"subject\":\"viewer-' .. run .. '-' .. nth .. '\"}}'\n  \
               return wrk.format('POST', '{BASE}/issue', headers, body)\n\
             end\n"
        ),
    )
}

/// A script for wrk: people who are signed in renew, in turn. Each turn goes on where another
/// would not have come to.
fn renewing(server: &Server, folder: &Path) -> Outcome<PathBuf> {
    let list = folder.join("sessions");
    fs::write(&list, sessions(server.port, PEOPLE)?.join("\n"))?;
    script(
        folder,
        "renewing.lua",
        &format!(
            "local sessions = {{}}\n\
             for line in io.lines('{list}') do sessions[#sessions + 1] = line end\n\
             local nth = 0\n\
             request = function()\n  \
               nth = nth % #sessions + 1\n  \
               local headers = {{ ['Cookie'] = '__Host-gatepass-session=' .. sessions[nth] }}\n  \
               return wrk.format('POST', '{BASE}/renew', headers)\n\
             end\n",
            list = list.display()
        ),
    )
}

fn script(folder: &Path, name: &str, text: &str) -> Outcome<PathBuf> {
    let script = folder.join(name);
    fs::write(&script, text)?;
    Ok(script)
}
