// The cache that is scored: Gatepass, or nginx to see that the harness gives the known figures.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { setting } from "../node/setting.mjs";
import { freePort, start } from "./server.mjs";

/// Starts a cache before the origin at `origin`, with its files in `folder`.
export async function startFront(name, folder, origin) {
  const port = await freePort();
  const { program, file, config, words } = FRONTS[name](folder, port, origin);
  writeFileSync(join(folder, file), config);
  const server = await start(setting(program), words, port);
  return { ...server, url: `http://127.0.0.1:${port}` };
}

const ERRORS = [502, 503, 504];

const FRONTS = {
  // One behavior that stands open and does as the origin's Cache-Control says. That errors are kept
  // for ten seconds without one is CloudFront's way, and an operator's choice.
  gatepass: (folder, port, origin) => ({
    program: "GATEPASS_BIN",
    words: ["serve", "--config", join(folder, "gatepass.toml")],
    file: "gatepass.toml",
    config: `[edge]
listen = "127.0.0.1:${port}"
access-log = { file = "access.log" }
cache = { memory = "64 MiB" }

[[distribution]]
id = "cache-tests"
aliases = ["127.0.0.1"]

[[distribution.origin]]
id = "origin"
http = "http://127.0.0.1:${origin}"

[distribution.default-behavior]
origin = "origin"
cache-policy = "UseOriginCacheControlHeaders-QueryStrings"
origin-request-policy = "AllViewerExceptHostHeader"
allowed-methods = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
${ERRORS.map((status) => `
[[distribution.error-response]]
status = ${status}
cache-seconds = 0
`).join("")}`,
  }),
  // As the suite's own nginx is set up.
  nginx: (folder, port, origin) => ({
    program: "GATEPASS_TOOL_NGINX",
    words: ["-p", folder, "-c", join(folder, "nginx.conf")],
    file: "nginx.conf",
    config: `worker_processes 1;
daemon off;
user root;
pid nginx.pid;
error_log nginx-error.log;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
    uwsgi_temp_path t4; scgi_temp_path t5;
    proxy_cache_path kept levels=1:2 keys_zone=kept:8m max_size=100m inactive=600m;
    server {
        listen 127.0.0.1:${port};
        location / {
            proxy_pass http://127.0.0.1:${origin};
            proxy_cache kept;
            proxy_cache_revalidate on;
        }
    }
}
`,
  }),
};
