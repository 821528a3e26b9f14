//! HAProxy with one thread: a cache hit, and an RS256 token verified on every request.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::servers::{Server, free_port, write};

/// Starts it; tokens of the key in `token-public.pem` open `/token/*`.
pub(crate) fn haproxy(folder: &Path, origin: u16) -> Outcome<Server> {
    let program = std::env::var("GATEPASS_TOOL_HAPROXY")?;
    let port = free_port()?;
    let place = folder.display();
    let config = format!(
        r#"global
    nbthread 1
    maxconn 4000
    log stdout format raw local0
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 60s
    timeout server 60s
cache kept
    total-max-size 256
    max-object-size 2000000
    max-age 3600
frontend door
    bind 127.0.0.1:{port}
    acl asks_token path_beg /token/
    http-request set-var(txn.bearer) http_auth_bearer
    http-request deny deny_status 403 if asks_token !{{ var(txn.bearer),jwt_verify("RS256","{place}/token-public.pem") -m int 1 }}
    use_backend token if asks_token
    default_backend origin
backend token
    http-request return status 200 content-type video/mp4 file {place}/site/private/1k.bin
backend origin
    http-request cache-use kept
    http-response cache-store kept
    server origin 127.0.0.1:{origin}
"#
    );
    write(folder, "haproxy.cfg", &config)?;
    let mut command = Command::new(program);
    command.arg("-f").arg(folder.join("haproxy.cfg"));
    Server::start(command, &folder.join("haproxy.log"), port, 0)
}
