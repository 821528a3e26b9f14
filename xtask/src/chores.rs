//! What `cargo xtask` can be asked to do, and the page it prints when asked nothing.

use crate::{bench, checkout::Checkout, deny, failure::Failure, say, stages, tools, wheel};

/// Carries out the chore that the words of the command line name.
pub(crate) fn carry_out(words: &[&str]) -> Result<(), Failure> {
    let Some((&name, rest)) = words.split_first() else {
        say::plain(&help());
        return Ok(());
    };
    if ["help", "-h", "--help"].contains(&name) {
        say::plain(&help());
        return Ok(());
    }
    let chore = CHORES
        .iter()
        .find(|chore| chore.name == name)
        .ok_or_else(|| Failure::new(format!("there is no chore {name:?}")).hint(help()))?;
    (chore.run)(&Checkout::here(), rest)
}

struct Chore {
    name: &'static str,
    takes: &'static str,
    about: &'static str,
    run: fn(&Checkout, &[&str]) -> Result<(), Failure>,
}

fn help() -> String {
    let chores = CHORES.iter().map(|Chore { name, takes, about, .. }| {
        let call = format!("{name} {takes}");
        format!("  cargo xtask {call:<44} {about}")
    });
    let settings = SETTINGS.iter().map(|(setting, about)| format!("  {setting:<26} {about}"));
    format!(
        "The project's chores:\n\n{}\n\nThe stages of `test`:\n\n{}\n\n\
         Settings, from the environment:\n\n{}",
        lines(chores),
        stages::list(),
        lines(settings),
    )
}

fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("\n")
}

const CHORES: [Chore; 7] = [
    Chore {
        name: "setup",
        takes: "",
        about: "fetches what the tests need into .tools/",
        run: tools::setup,
    },
    Chore {
        name: "test",
        takes: "[STAGE…]",
        about: "runs every test there is, or only these stages",
        run: stages::test,
    },
    Chore {
        name: "deny",
        takes: "[bans|licenses|sources|advisories]",
        about: "checks what we depend on (not its advisories, unless asked)",
        run: deny::deny,
    },
    Chore {
        name: "fuzz",
        takes: "TARGET [SECONDS|FILE]",
        about: "fuzzes one target, or runs it on one file",
        run: stages::fuzz::one,
    },
    Chore {
        name: "cache",
        takes: "gatepass [--update]|nginx",
        about: "scores a cache by http-cache-tests; --update keeps the score",
        run: stages::cache::score,
    },
    Chore {
        name: "wheel",
        takes: "",
        about: "builds the package for Python, and prints where it is",
        run: wheel::wheel,
    },
    Chore {
        name: "bench",
        takes: "pass|edge|size|python [ARGUMENT…]",
        about: "measures Gatepass and its peers in one run",
        run: bench::bench,
    },
];

const SETTINGS: [(&str, &str); 4] = [
    ("GATEPASS_FUZZ_SECONDS=…", "fuzzes each target for so long in `test fuzz` (20)"),
    ("GATEPASS_LOAD_SECONDS=…", "lets the thousand viewers of `test load` watch for so long (20)"),
    ("GATEPASS_TOOLS=own", "fetches even those tools that this machine has"),
    ("GATEPASS_TOOL_CHROMIUM=…", "uses this Chromium; likewise _OPENSSL, _NGINX, _WRK …"),
];
