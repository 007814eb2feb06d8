// The download of the real K3s that the lab runs on before a release, from a server that is good, broken or lying.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { downloadK3s } from "./lab/download-k3s.ts";
import { K3S_VERSION } from "./lab/release.ts";
import { fixturePath } from "./support/fixtures.ts";
import { scratch } from "./support/scratch.ts";

const PROGRAM = "the program";
const HASHES = `${createHash("sha256").update("images").digest("hex")}  k3s-airgap-images-amd64.tar.zst
${createHash("sha256").update(PROGRAM).digest("hex")}  k3s
`;

/** A server of these files; the first `failures` requests are answered with 503. */
async function serve(t: TestContext, files: Readonly<Record<string, string>>, failures = 0) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const body = asked.length > failures ? files[request.url ?? ""] : undefined;
    response.writeHead(asked.length <= failures ? 503 : body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, from: { releases: `${at}/download`, sources: `${at}/raw` } };
}

const GOOD = {
  "/download/v1.36.4%2Bk3s1/k3s": PROGRAM,
  "/download/v1.36.4%2Bk3s1/sha256sum-amd64.txt": HASHES,
  "/raw/v1.36.4%2Bk3s1/install.sh": "#!/bin/sh\n",
};

test("the three files that K3S_ARTIFACTS needs, of one version; a server that fails is asked again", async (t) => {
  const folder = join(scratch(t), "k3s");
  const { from } = await serve(t, GOOD, 2);
  await downloadK3s(folder, "v1.36.4+k3s1", from);
  const text = (name: string) => readFileSync(join(folder, name), "utf8");
  assert.deepEqual(
    [text("k3s"), text("sha256sum-amd64.txt"), text("install.sh")],
    [PROGRAM, HASHES, "#!/bin/sh\n"],
  );
  assert.equal(statSync(join(folder, "k3s")).mode & 0o777, 0o755);
});

for (const [what, files, message] of [
  [
    "another program",
    { ...GOOD, "/download/v1.36.4%2Bk3s1/k3s": "another" },
    /not what its list of hashes says/,
  ],
  ["no install script", { ...GOOD, "/raw/v1.36.4%2Bk3s1/install.sh": undefined }, /install\.sh answers 404/],
] as const) {
  test(`${what}: refused, and nothing is left`, async (t) => {
    const folder = join(scratch(t), "k3s");
    const { from } = await serve(t, files as Readonly<Record<string, string>>);
    await assert.rejects(downloadK3s(folder, "v1.36.4+k3s1", from), message);
    assert.equal(existsSync(folder), false);
  });
}

test("it is the version that the sample names", () => {
  const { k3s } = JSON.parse(readFileSync(fixturePath("sample"), "utf8")) as {
    readonly k3s: { readonly version: string };
  };
  assert.equal(K3S_VERSION, k3s.version);
});
