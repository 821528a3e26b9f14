// The demo, started on a port of the system's choice and stopped again.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { setting } from "../node/setting.mjs";

const READY = /^demo: (http:\/\/localhost:\d+\/)/;
const PATIENCE = 20_000;

/// Starts `gatepass demo` and waits until it says where it is.
export async function startDemo(flags) {
  const words = ["demo", "--listen", "127.0.0.1:0", ...flags];
  const child = spawn(setting("GATEPASS_BIN"), words, { stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  const ended = new Promise((resolve) => child.once("close", resolve));
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  const url = await new Promise((resolve, reject) => {
    const complain = (fact) =>
      reject(new Error(`${fact}; gatepass ${words.join(" ")} said:\n${said.join("\n")}`));
    const timer = setTimeout(complain, PATIENCE, "the demo did not say where it is");
    child.once("error", ({ message }) => complain(`the demo did not start: ${message}`));
    child.once("close", (code) => complain(`the demo ended with ${code}`));
    createInterface({ input: child.stdout }).on("line", (line) => {
      said.push(line);
      const ready = READY.exec(line);
      if (ready === null) return;
      clearTimeout(timer);
      resolve(ready[1]);
    });
  }).catch((error) => {
    child.kill();
    throw error;
  });
  return {
    url,
    said: () => `    what the demo said:\n${said.slice(-30).join("\n")}`,
    stop: () => (child.kill("SIGTERM"), ended),
  };
}
