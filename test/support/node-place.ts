// The node program in a folder instead of a machine: its own text with every path led there, systemd played, and the power
// failing at any command that changes something.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { bundle } from "../../generator/apply/bundle.ts";
import { sendScript } from "../../generator/apply/steps/send.ts";
import type { FileMode, NodeFile } from "../../generator/model/files.ts";
import { publicText } from "../../generator/model/files.ts";
import { fileList, nodeProgram, nodeSettings } from "../../generator/render/node-program.ts";
import { TEMPLATES } from "./fixtures.ts";
import { nodeOf, SIX } from "./plan-play.ts";
import type { Run } from "./tools.ts";

/** Where the power fails: before the command of that number, or in the midst of what it does. */
export interface Cut {
  readonly at: number;
  /** What the command has done of its work: nothing, some bytes, or this file of a folder that it removes. */
  readonly torn?: string;
}

export interface NodePlace {
  readonly root: string;
  /** The set of a machine by short paths (`/etc/a`) with their texts, program and settings added; ends with its list. */
  readonly set: (label: string, files: Readonly<Record<string, readonly [string, FileMode]>>) => FileSet;
  /** The machine has that set, and it is in force. */
  readonly install: (set: FileSet) => void;
  /** What an apply sends, by its own script: the files that the machine has not, or those named. */
  readonly send: (set: FileSet, options?: SendOptions) => Promise<Run>;
  /** Runs the program that is on the machine. */
  readonly run: (args: readonly string[], cut?: Cut, env?: Readonly<Record<string, string>>) => Promise<Run>;
  /** What is in memory is gone, and the machine starts. */
  readonly boot: (cut?: Cut) => Promise<Run>;
  /** The commands that change something, as the last run called them. */
  readonly commands: () => readonly string[];
  /** What systemd was told since `forget`, a line each. */
  readonly told: () => readonly string[];
  readonly forget: () => void;
  /** Every file on the disk with its mode and text, by its short path. */
  readonly disk: (under?: string) => Readonly<Record<string, string>>;
  readonly path: (short: string) => string;
}

export interface FileSet {
  readonly digest: string;
  readonly files: readonly NodeFile[];
}

export interface SendOptions {
  /** Short paths; default: what differs. */
  readonly changed?: readonly string[];
  readonly armed?: boolean;
  readonly cut?: Cut;
  /** Bytes of the tar that arrive. */
  readonly bytes?: number;
  /** A byte of a file arrives as another one. */
  readonly spoil?: boolean;
  /** The line that ends it where another apply is at work. */
  readonly fence?: string;
}

// `out` is true for the command at which the power fails: then nothing of this process group lives on. Built into the shell,
// so that no program is started for it. A sync is not done: it takes seconds, and the kernel of these files stays on.
export const PLAYED = `
out() {
    n=0; [ ! -e "$PLACE/ticks" ] || read -r n <"$PLACE/ticks"
    n=$((n + 1)); echo "$n" >"$PLACE/ticks"; echo "$*" >>"$PLACE/commands"
    [ "$n" = "\${CUT:-}" ]
}
fails() { [ "\${FAIL:-}" = yes ]; }
off() { fails || kill -9 0; return 1; }
mv() { if out mv "$@"; then off; return; fi; command mv "$@"; }
sync() { if out sync "$@"; then off; return; fi; }
mkdir() { if out mkdir "$@"; then off; return; fi; command mkdir "$@"; }
chmod() { if out chmod "$@"; then off; return; fi; command chmod "$@"; }
cat() { if out cat "$@"; then [ -z "\${TORN:-}" ] || head -c 3 "$@"; off; return; fi; command cat "$@"; }
cp() {
    if out cp "$@"; then
        for _last; do :; done
        [ -z "\${TORN:-}" ] || echo torn >"$_last"
        off; return
    fi
    command cp "$@"
}
tar() { if out tar; then off; return; fi; command tar "$@"; }
rm() {
    if out rm "$@"; then
        for _last; do :; done
        [ -z "\${TORN:-}" ] || command rm -rf "$_last"/$TORN
        off; return
    fi
    command rm "$@"
}
sleep() { tries=$((\${tries:-0} + 1)); [ "$tries" -lt 4 ] || exit 99; }
agetty() { :; }
systemctl() {
    echo "systemctl $*" >>"$PLACE/told"
    for _last; do :; done
    case $1 in
        is-active) [ -e "$PLACE/units/$_last" ] ;;
        stop) command rm -f "$PLACE/units/$_last" ;;
    esac
}
systemd_run() {
    echo "systemd-run $*" >>"$PLACE/told"
    command mkdir -p "$PLACE/units"
    for _last; do case $_last in --unit=*) : >"$PLACE/units/\${_last#*=}.service" ;; esac; done
}
`;

/** The program's text with every place of a machine in `root`. After the files of an apply, `converge` only says ready. */
function programIn(root: string, shell: string): string {
  const text = inPlace(nodeProgram(TEMPLATES), root)
    .replace("#!/bin/sh", `#!/bin/${shell}`)
    .replace(/^PATH=.*$/m, "PATH=/usr/bin:/bin")
    .replaceAll("systemd-run ", "systemd_run ")
    .replace(/^export PATH LC_ALL$/m, (line) => `${line}\nPLACE='${root}'\n${PLAYED}`)
    .replace(/^report\(\) \{$/m, 'report() { echo "$step: $*"; }\nreal_report() {')
    .replace(/^ {4}insist 30 step_seed\n/m, "")
    .replace(
      /^ {4}insist 10 step_access$([\s\S]*?)^ {4}insist 60 step_scrub$/m,
      '    put "$run/accessible" 0600 <"$run/digest"',
    );
  if (/^ {4}insist \d+ step_(?!files|marker)/m.test(text))
    throw new Error("converge would do more than take files");
  return text;
}

function inPlace(text: string, root: string): string {
  return text.replaceAll(/(?<![\w}.$"])\/(etc|var|run|boot|usr\/local)(?=\/)/g, (path) => root + path);
}

/** `root`: an empty folder. */
export function nodePlace(root: string, shell = "sh"): NodePlace {
  const path = (short: string) => join(root, short);
  const program = path("/usr/local/sbin/quorate-node");
  const kept = path("/var/lib/quorate");
  const forget = () => {
    for (const each of ["ticks", "commands", "told"]) rmSync(path(each), { force: true });
  };
  const start = (
    argv: readonly string[],
    { at, torn = "" }: Partial<Cut> = {},
    input: Uint8Array = Buffer.alloc(0),
    env: Readonly<Record<string, string>> = {},
  ) => {
    for (const each of ["ticks", "commands"]) rmSync(path(each), { force: true });
    return group(argv, { PLACE: root, CUT: at === undefined ? "" : String(at), TORN: torn, ...env }, input);
  };
  const run: NodePlace["run"] = (args, cut, env) => start([program, ...args], cut, undefined, env);
  return {
    root,
    path,
    forget,
    run,
    set: (label, given) => {
      const own: Readonly<Record<string, readonly [string, FileMode]>> = {
        "/usr/local/sbin/quorate-node": [`${programIn(root, shell)}# ${label}\n`, "0755"],
        "/etc/quorate/node.conf": [nodeSettings(SIX, nodeOf("lb-1")), "0644"],
        ...given,
      };
      const files = Object.entries(own).map(([short, [text, mode]]): NodeFile => ({
        path: path(short) as `/${string}`,
        mode,
        content: [text],
        onChange: "none",
      }));
      const list = fileList(files);
      const digest = /^digest (\S+)$/m.exec(list)?.[1] ?? "";
      const listFile = path("/etc/quorate/files") as `/${string}`;
      return {
        digest,
        files: [...files, { path: listFile, mode: "0644", content: [list], onChange: "none" }],
      };
    },
    install: ({ digest, files }) => {
      rmSync(root, { recursive: true, force: true });
      for (const { path: at, mode, content } of files) {
        mkdirSync(dirname(at), { recursive: true });
        writeFileSync(at, publicText(content), { mode: Number.parseInt(mode, 8) });
      }
      for (const folder of [kept, path("/usr/local/bin")]) mkdirSync(folder, { recursive: true });
      writeFileSync(join(kept, "applied"), `${digest}\n`);
    },
    send: async (set, { changed, armed = false, cut, bytes, spoil = false, fence = ":" } = {}) => {
      const has = ({ path: at, content }: NodeFile) =>
        existsSync(at) && readFileSync(at, "utf8") === publicText(content);
      const differing = changed?.map(path) ?? set.files.filter((file) => !has(file)).map((file) => file.path);
      const tar = await bundle({
        files: set.files,
        changed: new Set(differing),
        reveal: () => "",
        armed: armed ? { digest: set.digest, seconds: 120 } : null,
      });
      if (spoil) tar[tar.findLastIndex((byte) => byte !== 0)] = 0x20;
      const script = `${PLAYED}\n${inPlace(sendScript(fence), root)}`;
      return start(["sh", "-c", script], cut, tar.slice(0, bytes));
    },
    boot: (cut) => {
      for (const each of ["run", "units"]) rmSync(path(each), { recursive: true, force: true });
      return start([program, "converge"], cut);
    },
    commands: () => lines(path("commands")),
    told: () => lines(path("told")),
    disk: (under = "") =>
      Object.fromEntries(
        ["etc", "usr", "var"].flatMap((top) =>
          filesBelow(path(join("/", top)))
            .filter((file) => file.startsWith(path(under)))
            .map((file) => {
              const mode = (statSync(file).mode & 0o7777).toString(8).padStart(4, "0");
              return [`/${relative(root, file)}`, `${mode} ${readFileSync(file, "utf8")}`];
            }),
        ),
      ),
  };
}

function lines(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A program that leads a process group of its own, which is what a power cut ends. */
async function group(
  [name = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  input: Uint8Array,
): Promise<Run> {
  const child = spawn(name, args, { detached: true, env: { PATH: "/usr/bin:/bin", LC_ALL: "C", ...env } });
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout.setEncoding("utf8").on("data", (part: string) => stdout.push(part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => stderr.push(part));
  child.stdin.on("error", () => {}).end(input);
  const status = await new Promise<number | string>((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { status, stdout: stdout.join(""), stderr: stderr.join("") };
}
