//! What changes while an edge runs: its configuration, its keys, and facts; by the real
//! command, with real files and signals.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "reload/edge.rs"]
mod edge;
#[path = "reload/tls.rs"]
mod tls;

use std::fs;
use std::io::{Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use edge::{Origin, Place, SECOND};

#[test]
fn a_key_group_that_changes_lets_new_passes_in_and_keeps_old_ones_out() {
    let place = Place::new();
    let edge = place.serve();
    let (old, new) = (place.pass("K1", "1h"), place.pass("K2", "1h"));
    assert_eq!(edge.status(&old), 200);
    assert_eq!(edge.status(&new), 403);
    place.configure(|text| text.replace(r#"public-keys = ["K1"]"#, r#"public-keys = ["K2"]"#));
    edge.until(SECOND * 3, "the new key is trusted", || edge.status(&new) == 200);
    assert_eq!(edge.status(&old), 403);
}

#[test]
fn a_key_file_that_changes_is_read_again() {
    let place = Place::new();
    let edge = place.serve();
    let (old, new) = (place.pass("K1", "1h"), place.pass("K2", "1h").replace("K2", "K1"));
    assert_eq!((edge.status(&old), edge.status(&new)), (200, 403));
    fs::copy(place.path("K2.public.pem"), place.path("K1.new")).unwrap();
    fs::rename(place.path("K1.new"), place.path("K1.public.pem")).unwrap();
    edge.until(SECOND * 3, "the new key is in force", || edge.status(&new) == 200);
    assert_eq!(edge.status(&old), 403);
}

#[test]
fn a_configuration_with_mistakes_leaves_the_old_one_in_force_and_all_are_told() {
    let place = Place::new();
    let edge = place.serve();
    let pass = place.pass("K1", "1h");
    place.configure(|text| {
        text.replace(r#"public-keys = ["K1"]"#, r#"public-keys = ["K9"]"#)
            .replace("[edge]\n", "[edge]\nlisten-on = \"nowhere\"\n")
    });
    edge.until(SECOND * 3, "the mistakes are told", || edge.said().contains("2 mistakes"));
    edge.until(SECOND, "everything is told", || edge.said().contains("stays in force"));
    assert!(edge.said().contains("gatepass.toml:2:1"), "{}", edge.said());
    assert!(edge.said().contains("no public key has the ID \"K9\""), "{}", edge.said());
    assert_eq!(edge.status(&pass), 200);
    // A key file that is gone is a mistake, too; mended, everything is in force again.
    fs::rename(place.path("K1.public.pem"), place.path("away")).unwrap();
    place.configure(|_| place.configuration());
    edge.until(SECOND * 3, "the key is missed", || edge.said().contains("can't read K1.public"));
    assert_eq!(edge.status(&pass), 200);
    fs::rename(place.path("away"), place.path("K1.public.pem")).unwrap();
    edge.until(SECOND * 3, "it is in force", || edge.said().contains("is in force as it is now"));
    assert_eq!(edge.status(&pass), 200);
}

#[test]
fn a_certificate_that_changes_is_shown_and_a_bad_one_is_not() {
    let place = Place::new();
    let [first, second] = [(); 2].map(|()| tls::SelfSigned::new());
    first.write(&place);
    place.configure(|text| {
        text.replace(
            "[edge]\n",
            "[edge]\ntls = [{ certificate = \"cert.pem\", key = \"key.pem\" }]\n",
        )
    });
    let edge = place.serve();
    assert!(first.is_shown_by(&place));
    second.write(&place);
    edge.until(SECOND * 3, "the new one is shown", || second.is_shown_by(&place));
    // A key that belongs to another certificate.
    fs::write(place.path("key.pem"), first.key()).unwrap();
    edge.until(SECOND * 3, "it is told", || edge.said().contains("stays in force"));
    assert!(second.is_shown_by(&place));
}

#[test]
fn a_certificate_that_has_expired_is_told_at_the_start_and_when_it_comes_later() {
    const WARNING: &str = "note: the certificate for localhost has expired";

    let place = Place::new();
    let (good, expired) = (tls::SelfSigned::new(), tls::SelfSigned::expired());
    expired.write(&place);
    place.configure(|text| {
        text.replace(
            "[edge]\n",
            "[edge]\ntls = [{ certificate = \"cert.pem\", key = \"key.pem\" }]\n",
        )
    });
    let edge = place.serve();
    assert_eq!(edge.said().matches(WARNING).count(), 1, "{}", edge.said());
    good.write(&place);
    edge.until(SECOND * 3, "the good one is shown", || good.is_shown_by(&place));
    edge.until(SECOND, "it is told", || edge.said().contains("is in force as it is now"));
    assert_eq!(edge.said().matches(WARNING).count(), 1, "{}", edge.said());
    expired.write(&place);
    edge.until(SECOND * 3, "it is told again", || edge.said().matches(WARNING).count() == 2);
}

#[test]
fn both_addresses_are_told_and_the_plain_one_is_plain() {
    let place = Place::new();
    tls::SelfSigned::new().write(&place);
    place.configure(|text| {
        text.replace(
            "[edge]\n",
            "[edge]\nplain-listen = \"127.0.0.1:0\"\ntls = [{ certificate = \"cert.pem\", key = \"key.pem\" }]\n",
        )
    });
    let edge = place.serve();
    let said = edge.said();
    let serving = said.lines().find(|line| line.starts_with("serving ")).unwrap();
    let first = format!("serving gatepass.toml on https://{}/ and http://", place.address);
    let plain = serving.strip_prefix(&*first).and_then(|rest| rest.strip_suffix('/'));
    let mut stream = std::net::TcpStream::connect(plain.unwrap()).unwrap();
    write!(stream, "GET /private/a.txt HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[test]
fn a_hangup_reads_everything_again_and_what_needs_a_restart_is_told() {
    let place = Place::new();
    let edge = place.serve();
    // It says where it serves a little before it catches signals.
    std::thread::sleep(Duration::from_millis(300));
    edge.signal("HUP");
    edge.until(SECOND * 3, "it was read", || edge.said().contains("is in force as it is now"));
    assert!(!edge.said().contains("restart"), "{}", edge.said());
    place.configure(|text| text.replace("[edge]\n", "[edge]\nthreads = 3\n"));
    edge.until(SECOND * 3, "it is told", || {
        edge.said().contains("restart to change these fields of [edge]: threads")
    });
    assert_eq!(edge.status(&place.pass("K1", "1h")), 200);
}

#[test]
fn a_revoked_pass_is_refused_within_a_second_and_after_a_restart() {
    let place = Place::new();
    let edge = place.serve();
    let (leaked, other) = (place.pass("K1", "1h"), place.pass("K1", "2h"));
    assert_eq!((edge.status(&leaked), edge.status(&other)), (200, 200));
    place.gatepass(&["revoke", "--config", "gatepass.toml", "--cookie", &leaked]);
    edge.until(SECOND, "the pass is refused", || edge.status(&leaked) == 403);
    assert_eq!(edge.status(&other), 200);
    let logged = || fs::read_to_string(place.path("access.log")).unwrap();
    edge.until(SECOND, "the log says why", || logged().contains(r#""reason":"revoked""#));
    drop(edge);
    let edge = place.serve();
    assert_eq!((edge.status(&leaked), edge.status(&other)), (403, 200));
    // What the log says of a pass is enough to revoke it.
    let named =
        logged().rsplit(r#""pass":""#).next().unwrap().split('"').next().unwrap().to_owned();
    place.gatepass(&["revoke", "--state", "gatepass-state", "--until", "2h", "--digest", &named]);
    edge.until(SECOND, "the other is refused, too", || edge.status(&other) == 403);
}

#[test]
fn what_is_invalidated_is_fetched_anew_within_a_second_and_after_a_restart() {
    let place = Place::new();
    let origin = Origin::start();
    place.configure(|text| {
        text.replace(
            "[distribution.default-behavior]\norigin = \"site\"",
            &format!(
                "[[distribution.origin]]\nid = \"app\"\nhttp = \"http://{}\"\n\n\
                 [distribution.default-behavior]\norigin = \"app\"\ncache-policy = \"all\"",
                origin.address
            ),
        ) + "\n[[cache-policy]]\nid = \"all\"\nttl-seconds = { default = 3600 }\n\
             key = { query-strings = \"all\" }\n"
    });
    let edge = place.serve();
    let get = |edge: &edge::Edge<'_>, path: &str| {
        let answer = edge.get(path, "");
        answer.rsplit("\r\n").next().unwrap().to_owned()
    };
    let paths = ["/a/1", "/a/2", "/b", "/b?w=1", "/b?w=2", "/c"];
    let first = paths.map(|path| get(&edge, path));
    // The origin never says the same twice, so these come from the cache.
    assert_eq!(paths.map(|path| get(&edge, path)), first);
    // Whatever is stored in the same second as the invalidation counts as stored before.
    std::thread::sleep(SECOND * 2);
    place.gatepass(&["invalidate", "--config", "gatepass.toml", "/a/*", "/b?w=1"]);
    edge.until(SECOND, "it is fetched anew", || get(&edge, "/a/1") != first[0]);
    let later = paths.map(|path| get(&edge, path));
    let fetched: Vec<_> = (0..paths.len()).filter(|nth| later[*nth] != first[*nth]).collect();
    assert_eq!(fetched, [0, 1, 3]);
    std::thread::sleep(SECOND * 2);
    assert_eq!(get(&edge, "/a/2"), get(&edge, "/a/2"));
    place.gatepass(&["invalidate", "--config", "gatepass.toml", "/*"]);
    edge.until(SECOND, "all is fetched anew", || get(&edge, "/c") != later[5]);
}

#[test]
fn a_state_that_is_cut_off_leaves_the_last_good_one_in_force_and_is_told() {
    let place = Place::new();
    let revoke = |pass: &str, more: &[&str]| {
        let words = ["revoke", "--config", "gatepass.toml", "--cookie", pass];
        place.gatepass(&[&words[..], more].concat());
    };
    let passes = ["1h", "2h", "3h"].map(|time| place.pass("K1", time));
    revoke(&passes[0], &[]);
    let edge = place.serve();
    assert_eq!(edge.status(&passes[0]), 403);
    fs::write(place.path("gatepass-state/current"), "{\"format\":1,\"sequ").unwrap();
    edge.until(SECOND * 2, "it is told", || edge.said().contains("gatepass-state/current: "));
    assert_eq!(edge.status(&passes[0]), 403);
    drop(edge);
    let edge = place.serve();
    assert!(edge.said().contains("the last good state is in force"), "{}", edge.said());
    assert_eq!(edge.status(&passes[0]), 403);
    revoke(&passes[1], &["--repair"]);
    revoke(&passes[2], &[]);
    edge.until(SECOND, "the others are refused, too", || {
        passes.iter().all(|pass| edge.status(pass) == 403)
    });
}

#[test]
fn what_was_added_survives_killing_whoever_adds_more() {
    let place = Place::new();
    let digest = |number: u32| format!("{number:032x}");
    let mut kept = Vec::new();
    let mut killed = 0;
    for number in 0..60 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gatepass"))
            .args(["revoke", "--config", "gatepass.toml", "--until", "1h", "--digest"])
            .arg(digest(number))
            .current_dir(place.path(""))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // From before it begins until after it is done.
        std::thread::sleep(Duration::from_micros(u64::from(number) * 700));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            kept.push(number);
        } else {
            killed += 1;
        }
    }
    assert!(killed >= 3, "{killed}");
    place.gatepass(&[
        "revoke",
        "--config",
        "gatepass.toml",
        "--until",
        "1h",
        "--digest",
        &digest(99),
    ]);
    let now = gatepass::EpochTime::new(1).unwrap();
    let facts = gatepass_store::Store::open(place.path("gatepass-state")).read(now).unwrap();
    for number in kept.into_iter().chain([99]) {
        let mut named = [0; 32];
        named[12..16].copy_from_slice(&number.to_be_bytes());
        assert!(facts.revocations.holds_digest(&named, now), "{number}");
    }
}

#[test]
fn changes_every_moment_refuse_nobody_who_may_come_in() {
    let place = Place::new();
    let edge = place.serve();
    let pass = place.pass("K1", "1h");
    let began = Instant::now();
    let mut asked = 0;
    for round in 0.. {
        if round % 5 == 0 {
            place.configure(|_| format!("{}\n# {round}", place.configuration()));
            place.gatepass(&["invalidate", "--config", "gatepass.toml", "/*"]);
        }
        assert_eq!(edge.status(&pass), 200);
        asked += 1;
        if began.elapsed() > SECOND * 4 {
            break;
        }
    }
    assert!(asked > 20, "{asked}");
}
