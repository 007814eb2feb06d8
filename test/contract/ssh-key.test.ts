// Our check of a public key line against the program that decides: ssh-keygen.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseSshKey } from "../../generator/config/ssh-key.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool, runTool } from "../support/tools.ts";

const KINDS = [
  ["ed25519"],
  ["rsa", "-b", "2048"],
  ["rsa", "-b", "4096"],
  ["ecdsa", "-b", "256"],
  ["ecdsa", "-b", "384"],
  ["ecdsa", "-b", "521"],
];

const skip = requireTool("ssh-keygen", "apt-get install openssh-client");

test("what ssh-keygen makes is accepted; what it refuses to read is refused", { skip }, (t) => {
  const folder = scratch(t);
  const readable = (line: string) => {
    const file = join(folder, "line.pub");
    writeFileSync(file, `${line}\n`);
    return runTool("ssh-keygen", ["-l", "-f", file]).status === 0;
  };
  for (const kind of KINDS) {
    const file = join(folder, kind.join(""));
    const made = runTool("ssh-keygen", [
      "-q",
      "-N",
      "",
      "-C",
      "a comment with spaces",
      "-f",
      file,
      "-t",
      ...kind,
    ]);
    assert.equal(made.status, 0, made.stderr);
    const line = readFileSync(`${file}.pub`, "utf8").trim();
    assert.ok(readable(line) && parseSshKey(line).ok, line);
    const [type = "", blob = ""] = line.split(" ");
    for (const broken of [
      `${type} ${blob.slice(0, -8)}`,
      `${type} ${blob.slice(0, 40)}`,
      `${type} x${blob.slice(1)}`,
      type,
    ]) {
      assert.equal(readable(broken), false, broken);
      assert.equal(parseSshKey(broken).ok, false, broken);
    }
  }
});
