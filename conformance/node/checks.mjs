// Counts what was checked. A check that fails ends its walk, for what follows would mislead.

let passed = 0;
let failed = 0;

/// Checks that `proof` gives true; anything else that it gives, or throws, says why not.
export async function check(fact, proof) {
  const found = await proof();
  if (found !== true) throw new Error(`${fact}: not so. ${found}`);
  passed += 1;
  console.log(`  ok      ${fact}`);
}

export function fails(why) {
  failed += 1;
  console.log(`  FAILED  ${why}`);
}

/// Prints the closing line, and gives the exit code.
export function close(name = "browser") {
  console.log(`${name}: ${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
