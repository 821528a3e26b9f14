//! Signing, verifying, and the gate's own cost.

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use gatepass::{EpochTime, HashAlgorithm, KeyType, authenticate, decode};
use gatepass_distribution::{Gate, Revocation, Revocations, VerifiedPasses};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::keys::{NOW, Pair, request};
use crate::statistics::{median, nanoseconds};
use crate::{Outcome, openssl};

const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_millis(600);
const MANY: u64 = 10_000;

/// Prints every figure beside openssl's on the same core.
pub(crate) fn bench() -> Outcome<()> {
    let mut core = CpuSet::new();
    core.set(0);
    sched_setaffinity(None, &core)?;
    println!("one core, {ROUNDS} rounds in turn, medians\n");
    println!("{:<26}{:>14}{:>14}{:>9}", "signatures per second", "gatepass", "openssl", "ratio");
    signatures(KeyType::Rsa2048, "rsa2048", "RSA-2048")?;
    signatures(KeyType::P256, "ecdsap256", "P-256")?;
    println!();
    gate(&Pair::new(KeyType::Rsa2048)?)?;
    println!();
    instructions()
}

fn signatures(key_type: KeyType, algorithm: &str, name: &str) -> Outcome<()> {
    let pair = Pair::new(key_type)?;
    let hashes = [HashAlgorithm::Sha1, HashAlgorithm::Sha256];
    let mut signs = [const { Vec::new() }; 2];
    let mut verifies = [const { Vec::new() }; 2];
    let mut theirs = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (nth, hash) in hashes.into_iter().enumerate() {
            let unsigned = Pair::unsigned(0, hash)?;
            let sign = nanoseconds(TURN, || {
                let _ = black_box(pair.signer.complete(black_box(unsigned.clone())));
            });
            signs[nth].push(1e9 / sign);
            verifies[nth].push(1e9 / bare_verify(&pair, hash)?);
        }
        let speed = openssl::speed(algorithm)?;
        theirs.0.push(speed.signs);
        theirs.1.push(speed.verifies);
    }
    let theirs = (median(theirs.0), median(theirs.1));
    for (nth, hash) in hashes.into_iter().enumerate() {
        row(&format!("{name} {hash} sign"), median(signs[nth].clone()), theirs.0);
        row(&format!("{name} {hash} verify"), median(verifies[nth].clone()), theirs.1);
    }
    Ok(())
}

fn row(name: &str, ours: f64, theirs: f64) {
    println!("{name:<26}{ours:>14.0}{theirs:>14.0}{:>9.2}", ours / theirs);
}

/// Nanoseconds to check one signature with a parsed key, and nothing else.
fn bare_verify(pair: &Pair, hash: HashAlgorithm) -> Outcome<f64> {
    let pass = pair.signer.complete(Pair::unsigned(0, hash)?)?;
    let cookies = pass.cookies();
    let signature = cookies.iter().find(|(name, _)| name.ends_with("Signature"));
    let signature = decode(signature.ok_or("a pass has a signature")?.1.as_bytes())?;
    let (_, key) = pair.trust.keys.iter().next().ok_or("a gate has a key")?;
    Ok(nanoseconds(TURN, || {
        assert!(key.verify(hash, black_box(pass.message()), black_box(&signature)));
    }))
}

fn gate(pair: &Pair) -> Outcome<()> {
    let now = EpochTime::new(NOW)?;
    let gate = pair.gate();
    let verified = VerifiedPasses::with_capacity(64 * 1024 * 1024);
    let revocations = Revocations::default();
    let one = pair.cookie(0, HashAlgorithm::Sha1)?;
    let many: Vec<String> =
        (0..MANY).map(|nth| pair.cookie(nth, HashAlgorithm::Sha1)).collect::<Result<_, _>>()?;
    let mut turn = many.iter().cycle();
    let mut figures = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        figures[0].push(nanoseconds(TURN, || admit(&gate, &one, &verified, &revocations, now)));
        figures[1].push(nanoseconds(TURN, || {
            admit(&gate, turn.next().map_or("", String::as_str), &verified, &revocations, now);
        }));
        figures[2].push(nanoseconds(TURN, || unknown(pair, &one, now)));
        figures[3].push(bare_verify(pair, HashAlgorithm::Sha1)?);
    }
    let [known, cycling, unknown, bare] = figures.map(median);
    println!("the gate, nanoseconds a request (a cookie of {} bytes)", one.len());
    println!("  a known pass              {known:>10.0}   goal  150");
    println!("  {MANY} known, in turn      {cycling:>10.0}   goal  800");
    println!(
        "  an unknown RSA pass       {unknown:>10.0}   {:.3} of one bare verify ({bare:.0}); goal 1.08",
        unknown / bare
    );
    revoking(&gate, &one, now);
    Ok(())
}

/// So many passes that are not the viewer's.
fn revoked(count: u64, now: EpochTime) -> Revocations {
    let revoke = |nth| Revocation::new(&digest(nth), now.plus(60));
    Revocations::new((0..count).map(revoke), now)
}

fn digest(nth: u64) -> [u8; 32] {
    // As evenly spread as real digests are: the finalizer of splitmix64.
    let mixed = |seed: u64| {
        let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (seed ^ (seed >> 31)).to_le_bytes()
    };
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&mixed(nth.wrapping_mul(2) + 1));
    digest[8..16].copy_from_slice(&mixed(!nth));
    digest
}

fn revoking(gate: &Gate, cookie: &str, now: EpochTime) {
    let verified = VerifiedPasses::with_capacity(1 << 20);
    let counts = [0, 1, MANY * 100];
    let revocations = counts.map(|count| revoked(count, now));
    // Other passes in turn, so that no cache line of the table is at hand.
    let others: Vec<_> = (0..MANY * 10).map(|nth| digest(u64::MAX - nth)).collect();
    let mut requests = [const { Vec::new() }; 3];
    let mut looks = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (nth, revocations) in revocations.iter().enumerate() {
            requests[nth]
                .push(nanoseconds(TURN, || admit(gate, cookie, &verified, revocations, now)));
            let mut turn = others.iter().cycle();
            looks[nth].push(nanoseconds(TURN, || {
                let digest = turn.next().expect("it never ends");
                assert!(!revocations.holds_digest(black_box(digest), now));
            }));
        }
    }
    println!("revoked passes, nanoseconds: a known pass at the gate, and a look at another pass");
    for (count, (request, look)) in counts.iter().zip(requests.into_iter().zip(looks)) {
        println!(
            "  {count:>10} revoked {:>16.0}{:>12.1}   goal +50",
            median(request),
            median(look)
        );
    }
}

fn admit(
    gate: &Gate,
    cookie: &str,
    verified: &VerifiedPasses,
    revocations: &Revocations,
    now: EpochTime,
) {
    let shown = request(black_box(cookie));
    assert!(black_box(gate.admit((), &shown, verified, revocations, now)).is_ok());
}

fn unknown(pair: &Pair, cookie: &str, now: EpochTime) {
    let shown = request(black_box(cookie));
    let presented = shown.passes().only().expect("one pass is presented");
    let genuine = authenticate(presented, shown.url(), &pair.trust).expect("the pass is genuine");
    assert!(black_box(genuine.admit(&shown, now)).is_ok());
}

/// Counts instructions under callgrind: the same number whatever else the machine does.
fn instructions() -> Outcome<()> {
    let Ok(valgrind) = std::env::var("GATEPASS_TOOL_VALGRIND") else {
        return Err("GATEPASS_TOOL_VALGRIND is not set; run this by: cargo xtask bench pass".into());
    };
    println!("instructions a request, counted by callgrind");
    for (name, count) in [("known", 10_000_u64), ("cycling", 10_000), ("unknown", 50)] {
        println!("  {name:<24}{:>10}", counted(&valgrind, name, count)? / count);
    }
    Ok(())
}

fn counted(valgrind: &str, name: &str, count: u64) -> Outcome<u64> {
    let output = Command::new(valgrind)
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--toggle-collect=*counted_loop*",
        ])
        .arg(std::env::current_exe()?)
        .args(["pass-loop", name, &count.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find_map(|line| line.split_once("Collected : "));
    let (_, figure) = line.ok_or_else(|| format!("callgrind said no figure: {text}"))?;
    Ok(figure.trim().parse()?)
}

/// Does one thing so many times, for callgrind to count.
pub(crate) fn repeat(name: &str, count: &str) -> Outcome<()> {
    let count: usize = count.parse()?;
    let now = EpochTime::new(NOW)?;
    // A P-256 key is made quickly; what is signed with it is looked up like any other.
    let pair = Pair::new(if name == "unknown" { KeyType::Rsa2048 } else { KeyType::P256 })?;
    let verified = VerifiedPasses::with_capacity(64 * 1024 * 1024);
    let revocations = Revocations::default();
    let gate = pair.gate();
    let passes = if name == "cycling" { 100 } else { 1 };
    let cookies: Vec<String> =
        (0..passes).map(|nth| pair.cookie(nth, HashAlgorithm::Sha1)).collect::<Result<_, _>>()?;
    for cookie in &cookies {
        admit(&gate, cookie, &verified, &revocations, now);
    }
    let turn = cookies.iter().cycle().take(count);
    match name {
        "unknown" => counted_loop(turn, |cookie| unknown(&pair, cookie, now)),
        _ => counted_loop(turn, |cookie| admit(&gate, cookie, &verified, &revocations, now)),
    }
    Ok(())
}

/// Callgrind counts within this function alone.
#[inline(never)]
fn counted_loop<'c>(turn: impl Iterator<Item = &'c String>, mut each: impl FnMut(&'c str)) {
    turn.for_each(|cookie| each(cookie));
}
