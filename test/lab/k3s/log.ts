// What the stand-in says, in the form of K3s' own log: one line each, on standard error.

export function log(level: "info" | "warning" | "error" | "fatal", message: string): void {
  const time = new Date().toISOString().replace(/\.\d+/, "");
  process.stderr.write(`time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(message)}\n`);
}

/** The message of anything that was thrown, with the code of a system error where it says no more. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return error.message || code || error.name;
}

/** Logs why and ends this process as K3s does: exit 1, and systemd starts it again after 5 s. */
export function die(error: unknown): never {
  log("fatal", `Error: ${reason(error)}`);
  process.exit(1);
}
