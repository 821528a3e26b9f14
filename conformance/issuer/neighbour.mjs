// Another host of the same site, as `attic.example.com` is to `media.example.com`: it notes the cookies
// that it is sent. So would somebody who took it over.

import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";

export class Neighbour {
  /// The names of cookies that came with the last page.
  cookies = [];
  #server;

  static async start(folder) {
    const self = new Neighbour();
    const file = (name) => readFileSync(join(folder, name));
    const certificate = { key: file("key.pem"), cert: file("cert.pem") };
    self.#server = createServer(certificate, (request, answer) => {
      if (request.url === "/") self.cookies = names(request.headers.cookie);
      answer.setHeader("Content-Type", "text/html");
      answer.end("<!doctype html><title>The neighbour</title>");
    });
    await new Promise((resolve) => self.#server.listen(0, "127.0.0.1", resolve));
    self.port = self.#server.address().port;
    return self;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function names(header = "") {
  return header.split("; ").filter((pair) => pair !== "").map((pair) => pair.split("=")[0]);
}
