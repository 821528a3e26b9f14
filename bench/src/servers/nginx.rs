//! nginx with one worker: a secure link, a verdict asked for, a cache, and nothing asked.
//!
//! Its port for origins serves the others' misses: `/kept/*` from the folder, `/many/*` made up.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::servers::{Server, free_port, write};

/// Starts nginx, and gives its port for origins as well.
pub(crate) fn nginx(folder: &Path) -> Outcome<(Server, u16)> {
    let program = std::env::var("GATEPASS_TOOL_NGINX")?;
    let (port, tls, verdict, origin) = (free_port()?, free_port()?, free_port()?, free_port()?);
    let place = folder.display();
    let filler = "x".repeat(1_000);
    let config = format!(
        r#"worker_processes 1;
daemon off;
user root;
pid {place}/nginx.pid;
error_log {place}/nginx-error.log;
events {{ worker_connections 2048; }}
http {{
    access_log {place}/nginx.log;
    client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
    uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
    sendfile on; tcp_nopush on; keepalive_requests 100000000;
    proxy_cache_path {place}/kept levels=1:2 keys_zone=kept:64m max_size=4g inactive=600m;
    upstream verdict {{ server 127.0.0.1:{verdict}; keepalive 64; }}
    upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; }}
    ssl_certificate {place}/cert.pem; ssl_certificate_key {place}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:10m;
    server {{
        listen 127.0.0.1:{port} reuseport;
        listen 127.0.0.1:{tls} ssl http2 reuseport;
        location /open/ {{ alias {place}/site/private/; }}
        location /secure/ {{
            secure_link $arg_md5,$arg_expires;
            secure_link_md5 "$secure_link_expires$uri secret";
            if ($secure_link = "") {{ return 403; }}
            if ($secure_link = "0") {{ return 410; }}
            alias {place}/site/private/;
        }}
        location /asked/ {{ auth_request /verdict; alias {place}/site/private/; }}
        location /kept/ {{
            proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_cache kept; proxy_cache_valid 200 1h;
        }}
        location = /verdict {{
            internal;
            proxy_pass http://verdict; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_pass_request_body off; proxy_set_header Content-Length "";
        }}
    }}
    server {{
        listen 127.0.0.1:{verdict}; access_log off;
        location / {{ if ($cookie_pass != "good") {{ return 403; }} return 204; }}
    }}
    server {{
        listen 127.0.0.1:{origin}; access_log off;
        add_header Cache-Control "max-age=86400";
        location /kept/ {{ alias {place}/site/private/; }}
        location /kept/many/ {{ default_type video/mp4; return 200 "{filler}"; }}
    }}
}}
"#
    );
    write(folder, "nginx.conf", &config)?;
    let mut command = Command::new(program);
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    Ok((Server::start(command, &folder.join("nginx.out"), port, tls)?, origin))
}
