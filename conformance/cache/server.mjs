// Servers of a run: started on free loopback ports, waited for, and stopped again.

import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const PATIENCE = 20_000;

/// A port that nobody listens on.
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/// Starts a program, and waits until it takes connections.
export async function start(program, words, port, environment = {}) {
  const child = spawn(program, words, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => said.push(text) > 200 && said.shift());
  }
  let end;
  const ended = new Promise((resolve) => {
    child.once("error", ({ message }) => resolve((end = message)));
    child.once("close", (code, signal) => resolve((end = code ?? signal)));
  });
  const stop = () => (child.kill("SIGTERM"), ended);
  const lastWords = () => said.join("").split("\n").slice(-30).join("\n");
  for (const begun = Date.now(); !(await answers(port)); await pause(50)) {
    if (end !== undefined || Date.now() - begun > PATIENCE) {
      const fact = end === undefined ? `does not answer on port ${port}` : `ended with ${end}`;
      await stop();
      throw new Error(`${program} ${words.join(" ")} ${fact}; it said:\n${lastWords()}`);
    }
  }
  return { stop, said: lastWords };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}
