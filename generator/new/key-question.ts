// The question who may log in: which of the public keys that were found, or one that is typed.
import { join } from "node:path";
import { keyLabel, keyLine, type KeyLine, publicKeys } from "./public-keys.ts";
import type { Surroundings } from "./surroundings.ts";
import { Unanswered } from "./unanswered.ts";

const NONE = "no SSH public key in ~/.ssh and none in the agent";
const MAKE_ONE = "ssh-keygen -t ed25519 makes one; or name one: --key FILE.pub";

export async function askKeys({
  dialogue,
  observed,
  isPerson,
  readKey,
}: Surroundings): Promise<readonly string[]> {
  const found = publicKeys(observed.keys);
  if (found.length === 0 && !isPerson) throw new Unanswered(NONE, MAKE_ONE);
  if (found.length > 0) {
    return dialogue.several({
      flag: "--key KEY",
      message: "Which SSH keys may log in to the machines?",
      options: found.map((line) => ({ value: line, label: keyLabel(line) })),
      initial: found,
    });
  }
  const answer = await dialogue.text({
    flag: "--key KEY",
    message: `There is ${NONE}. A line of a .pub file, or its path? (ssh-keygen -t ed25519 makes one)`,
    check: (text) => {
      const key = readKey(text);
      return key.ok ? undefined : `${key.reason}; ${key.hint}`;
    },
  });
  const key = readKey(answer);
  return key.ok ? [key.line] : [];
}

/** Reads what `--key` may hold: a key line, or the path of a .pub file. Nothing else is opened: it could be a private key. */
export function keyReader(home: string, publicText: (path: string) => string): (answer: string) => KeyLine {
  return (answer) => {
    if (/^\S+\s+\S/.test(answer) || !/[./~]/.test(answer)) return keyLine(answer);
    if (!answer.endsWith(".pub")) {
      return {
        ok: false,
        reason: "must be a public key line or a .pub file",
        hint: "--key ~/.ssh/id_ed25519.pub",
      };
    }
    const path = answer.startsWith("~/") ? join(home, answer.slice(2)) : answer;
    const [line] = publicText(path)
      .split(/\r?\n/)
      .filter((each) => each.trim() !== "");
    if (line === undefined) {
      return { ok: false, reason: "is no file with a key in it", hint: "ls -l ~/.ssh/*.pub shows yours" };
    }
    return keyLine(line);
  };
}
