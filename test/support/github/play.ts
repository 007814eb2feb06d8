// One repository on the stand-in and a client for it, for one test; at its end nothing may have been unlike GitHub.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Github, type GithubOptions, openGithub } from "../../../generator/github/client.ts";
import { scratch } from "../scratch.ts";
import { BOT_TOKEN, type FakeGithub, fakeGithub } from "./fake.ts";

export const API = "https://api.github.test";

export interface GithubPlay {
  readonly fake: FakeGithub;
  readonly github: Github;
  readonly repo: { readonly owner: string; readonly repo: string };
}

export function playGithub(t: TestContext, options: Partial<GithubOptions> = {}): GithubPlay {
  const fake = fakeGithub(join(scratch(t), "cluster.git"));
  const github = openGithub({ token: BOT_TOKEN, api: API, fetch: fake.fetch, hurried: true, ...options });
  t.after(() => assert.deepEqual(fake.violations, []));
  return { fake, github, repo: fake.repo };
}
