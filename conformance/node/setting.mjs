// What `cargo xtask` says through the environment; without it there is nothing to work with.

export function setting(name) {
  const value = process.env[name];
  if (value === undefined) {
    console.error(`error: ${name} is not set\n\nhint: cargo xtask test sets it`);
    process.exit(2);
  }
  return value;
}
