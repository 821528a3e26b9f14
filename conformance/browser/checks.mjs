// What is checked in a browser, and where pictures of it go.

import { mkdirSync } from "node:fs";

import { setting } from "../node/setting.mjs";

export { check, close, fails } from "../node/checks.mjs";

/// Where screenshots of failures go.
export const folder = setting("GATEPASS_SCREENSHOTS");
mkdirSync(folder, { recursive: true });
