// A step's log as GitHub's runner reads it: which lines of it are commands (actions/runner: src/Runner.Worker/ActionCommandManager.cs).

/** Names and properties of the commands that the runner would carry out, and their data; resuming and stopping apart. */
export function commandsIn(log: string): readonly string[] {
  const done: string[] = [];
  let stopped: string | null = null;
  for (const line of log.split(/\r\n|\n|\r/)) {
    const [, name = "", properties = "", data = ""] =
      /^\s*::([\w-]+)((?: [^:]*)?)::(.*)$/.exec(line) ?? /##\[([\w-]+)([^\]]*)\](.*)$/.exec(line) ?? [];
    if (name === "") continue;
    if (stopped !== null) {
      if (name === stopped) stopped = null;
    } else if (name === "stop-commands") stopped = data;
    else done.push(`${name}${properties}::${data}`);
  }
  if (stopped !== null) done.push("the commands are still stopped");
  return done;
}
