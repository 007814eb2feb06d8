// Git with the job's token: for one server, in no argument and no file.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { withGitAccess } from "../generator/github/git-access.ts";
import { programs, type RunProgram } from "../generator/program.ts";

const TOKEN = "ghs_token";
const HEADER = `basic ${Buffer.from(`x-access-token:${TOKEN}`).toString("base64")}`;

/** A server of git that answers nobody, and what it was asked with. */
async function server(t: TestContext) {
  const asked: (string | undefined)[] = [];
  const made = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  t.after(() => made.close());
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, asked };
}

test("git logs in at that server with the token, and at no other", async (t) => {
  const [ours, other] = [await server(t), await server(t)];
  const run = withGitAccess(programs({ PATH: process.env["PATH"] }), ours.url, TOKEN);
  for (const { url } of [ours, other]) {
    const { status } = await run("git", ["ls-remote", `${url}/a/b.git`], {
      environment: { GIT_TERMINAL_PROMPT: "0" },
    });
    assert.equal(status, 128, "it is not found");
  }
  assert.equal(ours.asked[0]?.toLowerCase(), HEADER.toLowerCase());
  assert.equal(other.asked[0], undefined);
});

test("no argument holds it, no other program gets it, and what else was given stays", async () => {
  const calls: Parameters<RunProgram>[] = [];
  const spy: RunProgram = async (...call) => {
    calls.push(call);
    return { status: 0, stdout: Buffer.alloc(0), stderr: "", missing: false };
  };
  const run = withGitAccess(spy, "https://github.example", TOKEN);
  await run("git", ["fetch"], { limit: 7, environment: { GIT_TERMINAL_PROMPT: "0" } });
  await run("sh", ["script"], { environment: { A: "1" } });
  await run("git", ["status"]);
  const [fetched, script, status] = calls;
  assert.deepEqual(fetched?.[1], ["fetch"]);
  assert.equal(fetched?.[2]?.limit, 7);
  assert.deepEqual(fetched?.[2]?.environment, {
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.https://github.example/.extraheader",
    GIT_CONFIG_VALUE_0: `AUTHORIZATION: ${HEADER}`,
  });
  assert.deepEqual(script, ["sh", ["script"], { environment: { A: "1" } }]);
  assert.equal(status?.[2]?.environment?.["GIT_CONFIG_COUNT"], "1");
});
