//! What size costs: of an object, of the cache, of the crowd with passes.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gatepass::KeyType;

use crate::contender::{Contender, Load, measure, print};
use crate::edge::{Effort, NO_HEADER, run_on, secure_link};
use crate::keys::Pair;
use crate::new_passes::{Order, sent};
use crate::servers::{Gatepass, Server, build, nginx};
use crate::statistics::median;
use crate::{Outcome, certificate};

type Work = fn(&Path, Effort) -> Outcome<()>;

const WORKS: [(&str, Work); 3] = [("object", object), ("objects", objects), ("passes", passes)];

/// Prints the tables asked for, or all of them.
pub(crate) fn bench(words: &[&str]) -> Outcome<()> {
    if let Some(word) = words.iter().find(|word| !WORKS.iter().any(|(name, _)| name == *word)) {
        return Err(format!("there is no work {word:?}, but object, objects, passes").into());
    }
    build()?;
    let effort = Effort::asked()?;
    for (name, work) in WORKS {
        if words.is_empty() || words.contains(&name) {
            let folder = tempfile::tempdir()?;
            fs::create_dir_all(folder.path().join("site/private"))?;
            certificate::write(folder.path())?;
            work(folder.path(), effort)?;
        }
    }
    Ok(())
}

/// Objects of 1 KiB to 1 GiB, one connection, over plain HTTP.
fn object(folder: &Path, effort: Effort) -> Outcome<()> {
    const SIZES: [(&str, u64); 6] = [
        ("1 KiB", 1 << 10),
        ("64 KiB", 64 << 10),
        ("1 MiB", 1 << 20),
        ("16 MiB", 16 << 20),
        ("128 MiB", 128 << 20),
        ("1 GiB", 1 << 30),
    ];
    const CACHED: u64 = 128 << 20;
    for (nth, (_, size)) in SIZES.iter().enumerate() {
        // Holes read as zeros, and cost no disk.
        File::create(folder.join(format!("site/private/{nth}.bin")))?.set_len(*size)?;
    }
    let pair = Pair::new(KeyType::P256)?;
    run_on(0)?;
    let (nginx, origin) = nginx(folder)?;
    let edge = Gatepass { folder, pair: &pair, origin, passes: 64, cache: 512 }.plain()?;
    run_on(1)?;
    let cookie = format!("Cookie: {}", pair.cookie_for("http*://127.0.0.1:*")?);
    println!("\none object over one connection: MiB/s, and CPU us a MiB (a request, below 1 MiB)");
    println!(
        "  {:<10}{:>12}{:>10}{:>12}{:>10}{:>12}{:>10}",
        "", "a hit", "CPU", "a folder", "CPU", "secure_link", "CPU"
    );
    for (nth, (name, size)) in SIZES.iter().enumerate() {
        let link = secure_link(&format!("/secure/{nth}.bin"))?;
        let kept = format!("/kept/{nth}.bin");
        let hit = (*size <= CACHED).then_some((&edge, &*kept, &*cookie));
        let from_folder = format!("/private/{nth}.bin");
        let asked =
            [hit, Some((&edge, &*from_folder, &*cookie)), Some((&nginx, &*link, NO_HEADER))];
        print!("  {name:<10}");
        for one in asked {
            let Some((server, path, header)) = one else {
                print!("{:>12}{:>10}", "-", "-");
                continue;
            };
            let (speed, cpu) = transfer(server, path, header, *size, effort)?;
            print!("{speed:>12.0}{cpu:>10.1}");
        }
        println!();
    }
    Ok(())
}

/// MiB a second, and processor time a MiB or a request, whichever is more.
fn transfer(
    server: &Server,
    path: &str,
    header: &str,
    size: u64,
    effort: Effort,
) -> Outcome<(f64, f64)> {
    const MIB: f64 = 1_048_576.0;
    let mut figures = (Vec::new(), Vec::new());
    download(server.port, path, header, size)?;
    for _ in 0..effort.rounds {
        let (begun, before) = (Instant::now(), server.processor_seconds()?);
        let mut times = 0.0;
        while begun.elapsed().as_secs_f64() < f64::from(effort.seconds) / 4.0 {
            download(server.port, path, header, size)?;
            times += 1.0;
        }
        let used = (server.processor_seconds()? - before) * 1e6;
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let mebibytes = times * size as f64 / MIB;
        figures.0.push(mebibytes / begun.elapsed().as_secs_f64());
        figures.1.push(used / mebibytes.max(times));
    }
    Ok((median(figures.0), median(figures.1)))
}

/// Reads one answer to its end, and throws it away.
fn download(port: u16, path: &str, header: &str, size: u64) -> Outcome<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut buffer = vec![0; 256 * 1024];
    let first = stream.read(&mut buffer)?;
    if !buffer[..first].starts_with(b"HTTP/1.1 200") {
        return Err(
            format!("{path}: {}", String::from_utf8_lossy(&buffer[..first.min(200)])).into()
        );
    }
    let mut total = u64::try_from(first)?;
    loop {
        match stream.read(&mut buffer)? {
            0 if total < size => return Err(format!("{path} ended after {total} bytes").into()),
            0 => return Ok(()),
            count => total += u64::try_from(count)?,
        }
    }
}

/// A cache with 1 to 100,000 objects of 1 KiB, asked for at random.
fn objects(folder: &Path, effort: Effort) -> Outcome<()> {
    const BASE: &str = "gatepass, 1";
    let pair = Pair::new(KeyType::P256)?;
    run_on(0)?;
    let (nginx, origin) = nginx(folder)?;
    let edge = Gatepass { folder, pair: &pair, origin, passes: 64, cache: 1024 }.plain()?;
    run_on(1)?;
    let cookie = format!("Cookie: {}", pair.cookie_for("http*://127.0.0.1:*")?);
    let mut scripts: Vec<(u32, PathBuf)> = Vec::new();
    for count in [1, 1_000, 100_000] {
        let script = folder.join(format!("of-{count}.lua"));
        let text = format!(
            "request = function()\n  \
               return wrk.format('GET', '/kept/many/' .. math.random({count}))\n\
             end\n"
        );
        fs::write(&script, text)?;
        scripts.push((count, script));
    }
    for (server, header) in [(&edge, &*cookie), (&nginx, NO_HEADER)] {
        ask_each(server.port, 100_000, |nth| format!("/kept/many/{nth}"), |_| header)?;
    }
    let mut contenders = Vec::new();
    for (name, server, header) in
        [("gatepass", &edge, &*cookie), ("nginx proxy_cache", &nginx, NO_HEADER)]
    {
        for (count, script) in &scripts {
            let url = format!("http://127.0.0.1:{}/", server.port);
            let load = Load::Scripted(script, 64);
            contenders.push(Contender::new(format!("{name}, {count}"), server, url, header, load));
        }
    }
    measure(&mut contenders, folder, effort.rounds, effort.seconds)?;
    let goal = " (CPU <= 1.3, goal 1.1)";
    print("so many cached objects of 1 KiB, at random", goal, &contenders, BASE);
    println!("  gatepass holds {} MiB of memory by now", edge.memory()? >> 20);
    Ok(())
}

/// Asks once for each, from 1 on, over one connection.
fn ask_each<'h>(
    port: u16,
    count: u32,
    path: impl Fn(u32) -> String,
    header: impl Fn(u32) -> &'h str,
) -> Outcome<()> {
    const AT_ONCE: u32 = 50;
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let mut buffer = vec![0; 256 * 1024];
    for begin in (1..=count).step_by(AT_ONCE as usize) {
        let asked = begin..=count.min(begin + AT_ONCE - 1);
        let wanted = asked.clone().count();
        let requests: Vec<String> = asked
            .map(|nth| {
                let (path, header) = (path(nth), header(nth));
                format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n\r\n")
            })
            .collect();
        stream.write_all(requests.concat().as_bytes())?;
        let mut seen = 0;
        let mut carried: Vec<u8> = Vec::new();
        while seen < wanted {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Err("the server hung up while its cache was filled".into());
            }
            carried.extend_from_slice(&buffer[..read]);
            seen += carried.windows(15).filter(|text| *text == b"HTTP/1.1 200 OK").count();
            // What may be the beginning of the next status line is looked at again.
            let keep = carried.len().min(14);
            carried.drain(..carried.len() - keep);
        }
    }
    Ok(())
}

/// 1 to 1,000,000 different passes at random, all of which have been seen before.
fn passes(folder: &Path, effort: Effort) -> Outcome<()> {
    const BASE: &str = "1 pass";
    fs::write(folder.join("site/private/1k.bin"), [b'x'; 1024])?;
    let pair = Pair::new(KeyType::P256)?;
    run_on(0)?;
    let edge = Gatepass { folder, pair: &pair, origin: 1, passes: 4096, cache: 16 }.plain()?;
    run_on(1)?;
    let mut scripts = Vec::new();
    for count in [1_u32, 1_000, 100_000, 1_000_000] {
        let cookies = (0..count)
            .map(|nth| pair.cookie_until("http*://127.0.0.1:*", 4_102_444_800 + u64::from(nth)))
            .collect::<Outcome<Vec<_>>>()?;
        let place = folder.join(count.to_string());
        fs::create_dir_all(&place)?;
        // All of them are seen once before they are measured.
        let headers: Vec<String> = cookies.iter().map(|one| format!("Cookie: {one}")).collect();
        let header = |nth: u32| &*headers[nth as usize - 1];
        ask_each(edge.port, count, |_| "/private/1k.bin".to_owned(), header)?;
        scripts.push((count, sent(&place, &cookies, Order::AtRandom)?));
    }
    let url = format!("http://127.0.0.1:{}/private/1k.bin", edge.port);
    let ask = |count: &u32, script| {
        let name = if *count == 1 { BASE.to_owned() } else { format!("{count} passes") };
        Contender::new(name, &edge, url.clone(), NO_HEADER, Load::Scripted(script, 64))
    };
    let mut contenders: Vec<_> = scripts.iter().map(|(count, script)| ask(count, script)).collect();
    measure(&mut contenders, folder, effort.rounds, effort.seconds)?;
    let goal = " (CPU <= 1.3, goal 1.1)";
    print("so many different passes, at random", goal, &contenders, BASE);
    println!("  gatepass holds {} MiB of memory by now", edge.memory()? >> 20);
    Ok(())
}
