// What a run came to, counted as cache-tests.fyi marks it, and held against the score we keep.

import { tests } from "./suite.mjs";

const byId = new Map(tests.map((test) => [test.id, test]));

/// What a cache passed, of each kind that is counted.
export class Score {
  #results;

  constructor(results) {
    this.#results = results;
  }

  /// Says whether a test passed, and those that it leans on; without them it proves nothing.
  passed(id) {
    const leansOn = byId.get(id).depends_on ?? [];
    return this.#results[id] === true && leansOn.every((other) => this.passed(other));
  }

  /// Why a test did not pass.
  reason(id) {
    if (this.#results[id] !== true) return this.#results[id]?.join(": ") ?? "it did not run";
    const missing = byId.get(id).depends_on.filter((other) => !this.passed(other));
    return `it leans on ${missing.join(", ")}`;
  }

  /// Takes the results of tests that were run again.
  with(results) {
    return new Score({ ...this.#results, ...results });
  }

  /// The ids that passed, by kind; the ten on partial content are of all kinds.
  kept() {
    const ids = (wanted) => tests.filter(wanted).map(({ id }) => id).filter((id) => this.passed(id));
    return {
      required: ids(({ kind }) => kind === "required").sort(),
      optimal: ids(({ kind }) => kind === "optimal").sort(),
      partial: ids(({ partial }) => partial).sort(),
    };
  }

  /// One line for each group, and one for all of them.
  table() {
    const line = (name, counts) =>
      `  ${name.padEnd(64)}${counts.map((count) => count.padStart(10)).join("")}`;
    const counted = (group, kind) => {
      const all = tests.filter((test) => (group ?? test.group) === test.group && test.kind === kind);
      return all.length === 0
        ? "-"
        : `${all.filter(({ id }) => this.passed(id)).length}/${all.length}`;
    };
    const groups = [...new Set(tests.map(({ group }) => group))];
    return [
      line("", ["required", "optimal", "check"]),
      ...groups.map((name) => line(name, KINDS.map((kind) => counted(name, kind)))),
      line("all", KINDS.map((kind) => counted(undefined, kind))),
    ].join("\n");
  }

  /// The three figures that caches are compared by.
  summary() {
    const kept = this.kept();
    const share = (name, wanted) => {
      const all = tests.filter(wanted).length;
      const passed = kept[name].length;
      return `${name} ${passed} of ${all} (${((passed / all) * 100).toFixed(1)} %)`;
    };
    const alone = tests.filter(({ id, kind }) => kind === "required" && this.#results[id] === true);
    return [
      share("required", ({ kind }) => kind === "required"),
      share("optimal", ({ kind }) => kind === "optimal"),
      share("partial", ({ partial }) => partial),
      `required without regard to what a test leans on: ${alone.length}`,
    ].join("; ");
  }
}

const KINDS = ["required", "optimal", "check"];
