// A whole computer that qemu emulates in software: a kernel, a disk and a network card of its own. It boots from what is on its card.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun, until } from "../command.ts";
import { LAB_VARIABLE } from "../inside.ts";
import { copyFromFat, readFat } from "./card.ts";

const POWER_MS = 10_000;
const NETWORK = "10.88.0.0/16";
const GATEWAY = "10.88.0.1";
/** A PC without what Debian's kernel would only look for drivers for: the rest is virtio. */
const COMPUTER = [
  "-machine",
  "q35,sata=off,usb=off,smbus=off",
  "-cpu",
  "qemu64,-svm",
  "-m",
  "1024",
  "-smp",
  "2",
];
/** What the firmware adds to the parameters on the card: the screen, and no detours around faults that an emulated CPU lacks. */
export const FIRMWARE = "console=ttyS0 mitigations=off tsc=reliable";

export interface Board {
  readonly on: boolean;
  /** Starts it, with the kernel and its parameters that are on the card now. */
  readonly powerOn: () => void;
  /** Pulls the plug: it is off at once, and what its kernel has not written yet is lost. The card can be read then. */
  readonly powerOff: () => Promise<void>;
  /** Resolves when it has switched itself off. Throws after `limitMs`. */
  readonly ended: (limitMs: number) => Promise<void>;
  /** All that it has printed on its screen since it was made. */
  readonly console: () => string;
}

/**
 * A board with this card in it, switched off; `folder` is for what it needs besides. Its port 22 answers at 127.0.0.1 in this
 * lab, as soon as the board has `address`; nothing goes out of it. Throws outside of a lab, where that port may be taken.
 */
export function makeBoard(disk: string, folder: string, address: string): Board {
  if (!process.env[LAB_VARIABLE])
    throw new Error("this is not inside a lab. Next: npm run lab -- --only cards");
  const screen = join(folder, "console");
  let running: ChildProcess | null = null;
  mustRun("ip", "link", "set", "lo", "up");

  async function off(what: string, limitMs: number): Promise<void> {
    await until(what, limitMs, () => (running === null ? true : undefined));
  }

  return {
    get on() {
      return running !== null;
    },
    powerOn: () => {
      if (running) throw new Error("the board is on already");
      // It takes all the time that it can get, and the machines of a test beside it wait for moments.
      const command = ["-n", "10", "qemu-system-x86_64", ...programArguments(disk, folder, screen, address)];
      const child = spawn("nice", command, { stdio: ["ignore", "inherit", "inherit"] });
      running = child;
      child.once("exit", () => (running = null));
    },
    powerOff: async () => {
      running?.kill("SIGKILL");
      await off("the board to lose its power", POWER_MS);
    },
    ended: (limitMs) => off("the board to switch itself off", limitMs),
    console: () => (existsSync(screen) ? readFileSync(screen, "latin1") : ""),
  };
}

function programArguments(disk: string, folder: string, screen: string, address: string): readonly string[] {
  const [kernel, initrd] = [join(folder, "vmlinuz"), join(folder, "initrd.img")];
  copyFromFat(disk, "vmlinuz", kernel);
  copyFromFat(disk, "initrd.img", initrd);
  // The firmware of a Pi takes the first line and puts parameters of its own around it.
  const [line = ""] = (readFat(disk, "cmdline.txt") ?? "").split("\n");
  return [
    ...COMPUTER,
    "-accel",
    "tcg,thread=multi",
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-chardev",
    `file,id=screen,path=${screen},append=on`,
    "-serial",
    "chardev:screen",
    // Writes are this computer's when the board has made them: to pull the plug loses what its kernel held back, not more.
    "-drive",
    `file=${disk},format=raw,if=virtio,cache=unsafe`,
    "-kernel",
    kernel,
    "-initrd",
    initrd,
    "-append",
    `${line} ${FIRMWARE}`,
    "-netdev",
    `user,id=lan,restrict=on,net=${NETWORK},host=${GATEWAY},hostfwd=tcp:127.0.0.1:22-${address}:22`,
    "-device",
    "virtio-net-pci,netdev=lan",
    "-device",
    "virtio-rng-pci",
  ];
}
