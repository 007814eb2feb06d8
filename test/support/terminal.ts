// A pseudo terminal with a person at it who waits for words and then types: Python's pty module, inside any machine.

/** Waits for `see` to appear behind all that was seen before, then types `type`. */
export interface Turn {
  readonly see: string;
  readonly type: string;
}

export const KEYS = {
  enter: "\r",
  down: "\u001b[B",
  up: "\u001b[A",
  ctrlC: "\u0003",
  clear: "\u0015",
} as const;

export interface Talk {
  /** What stood on the terminal, with its control sequences taken out. */
  readonly screen: string;
  /** Standard output, which is no terminal. */
  readonly stdout: string;
  readonly status: number;
}

// Standard input and error are the terminal, standard output is a pipe; 0.1 s after the last word nothing more is drawn.
const PROGRAM = `
import fcntl, json, os, pty, re, select, struct, sys, termios, time
turns, limit, argv = json.loads(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
out_read, out_write = os.pipe()
child, terminal = pty.fork()
if child == 0:
    os.dup2(out_write, 1)
    os.close(out_read)
    os.execvp(argv[0], argv)
os.close(out_write)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
raw, seen, end = b"", 0, time.monotonic() + limit
def plain():
    return re.sub(r"\\x1b\\[[0-9;?]*[A-Za-z]|\\r", "", raw.decode("utf-8", "replace"))
def more(wait):
    global raw
    if not select.select([terminal], [], [], wait)[0]: return True
    try: part = os.read(terminal, 65536)
    except OSError: part = b""
    raw += part
    return part != b""
for turn in turns:
    while turn["see"] not in plain()[seen:]:
        if time.monotonic() > end or not more(0.1):
            os.kill(child, 9)
            sys.exit("never saw %r; the terminal:\\n%s" % (turn["see"], plain()))
    while select.select([terminal], [], [], 0.1)[0] and more(0): pass
    seen = len(plain())
    os.write(terminal, turn["type"].encode())
while time.monotonic() < end and more(0.1): pass
stdout = b""
while True:
    part = os.read(out_read, 65536)
    if not part: break
    stdout += part
_, status = os.waitpid(child, 0)
print(json.dumps({"screen": plain(), "stdout": stdout.decode(), "status": os.waitstatus_to_exitcode(status)}))
`;

/** The command that plays the turns with a program and prints a Talk as JSON. Give up after `limit` seconds. */
export function talkCommand(turns: readonly Turn[], argv: readonly string[], limit = 30): readonly string[] {
  return ["/usr/bin/python3", "-c", PROGRAM, JSON.stringify(turns), String(limit), ...argv];
}
