// Our OpenSSH key container against the programs that read it: ssh-keygen and sshd.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { deriveSecret } from "../../generator/secrets/derive.ts";
import { scratch } from "../support/scratch.ts";
import { requireSshd } from "../support/sshd.ts";
import { requireTool, runTool } from "../support/tools.ts";

const skip = requireTool("ssh-keygen", "apt-get install openssh-client");
const skipServer = requireSshd();
const ROOT = Buffer.alloc(32, 0x5a);

/** The private key of a name as a file that only its owner reads. */
function keyFile(t: TestContext, secret: string): string {
  const file = join(scratch(t), "key");
  writeFileSync(file, `${deriveSecret(ROOT, { secret, generation: 1 })}\n`, { mode: 0o600 });
  return file;
}

// Names of every length modulo 8: the container's padding depends on it.
for (const node of ["a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "server-1", "n".repeat(63)]) {
  test(`ssh-keygen reads the keys of ${node}, and its public half is ours`, { skip }, (t) => {
    for (const family of ["ssh-host-key", "peer-key"]) {
      const { status, stdout, stderr } = runTool("ssh-keygen", ["-y", "-f", keyFile(t, `${family}/${node}`)]);
      assert.equal(status, 0, stderr);
      const ours = deriveSecret(ROOT, { secret: `${family}-public/${node}`, generation: 1 });
      assert.equal(stdout, `${ours} ${node}\n`);
    }
  });
}

test("ssh-keygen signs with it, and the signature is good for the public half", { skip }, (t) => {
  const file = keyFile(t, "peer-key/server-1");
  const signature = runTool("ssh-keygen", ["-Y", "sign", "-f", file, "-n", "test"], "text");
  assert.equal(signature.status, 0, signature.stderr);
  writeFileSync(`${file}.sig`, signature.stdout);
  const allowed = `server-1 ${deriveSecret(ROOT, { secret: "peer-key-public/server-1", generation: 1 })}\n`;
  writeFileSync(`${file}.allowed`, allowed);
  const check = [
    "-Y",
    "verify",
    "-f",
    `${file}.allowed`,
    "-I",
    "server-1",
    "-n",
    "test",
    "-s",
    `${file}.sig`,
  ];
  assert.equal(runTool("ssh-keygen", check, "text").status, 0);
  assert.notEqual(runTool("ssh-keygen", check, "other text").status, 0);
});

test("sshd takes it as a host key", { skip: skip || skipServer }, (t) => {
  mkdirSync("/run/sshd", { recursive: true });
  const good = runTool("sshd", ["-t", "-f", "/dev/null", "-h", keyFile(t, "ssh-host-key/server-1")]);
  assert.deepEqual([good.status, good.stderr], [0, ""]);
  const broken = keyFile(t, "ssh-host-key/server-1");
  writeFileSync(broken, "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n");
  assert.notEqual(runTool("sshd", ["-t", "-f", "/dev/null", "-h", broken]).status, 0);
});
