// The stand-in's answers about what an administrator sets: rules, environments, secrets by name, Actions, runners.
import { type Call, found, type Handlers, Refused } from "./call.ts";
import { example } from "./openapi.ts";
import type { EnvironmentSettings, RunnerSettings } from "./settings.ts";
import type { Json, State } from "./state.ts";

/** GitHub's words for a private repository on a free plan. */
const UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature.";

export const SETTINGS: Handlers = {
  "repos/get": ({ state }) => ({ status: 200, body: repositoryJson(state) }),
  "orgs/get": ({ state, path }) => {
    if (!state.settings.organisation || path["org"] !== state.owner) throw new Refused(404, "Not Found");
    const { plan: _, ...rest } = example("organization-full");
    return { status: 200, body: { ...rest, login: state.owner, archived_at: null, ...planIn(state) } };
  },
  "users/get-authenticated": ({ state }) => {
    const { plan: _, ...rest } = example("private-user-response-with-public-and-private-profile-information");
    const login = state.settings.organisation ? "a-member" : state.owner;
    return { status: 200, body: { ...rest, login, user_view_type: "private", ...planIn(state) } };
  },
  "repos/get-branch-rules": ({ state, path }) => {
    paid(state);
    const types = state.settings.rules.get(path["branch"] ?? "") ?? [];
    const from = { ruleset_source_type: "Repository", ruleset_source: fullName(state), ruleset_id: 42 };
    return { status: 200, pages: types.map((type) => ({ type, ...from })) };
  },
  "repos/get-branch-protection": ({ state, path }) => {
    paid(state);
    const protection = state.settings.protection.get(path["branch"] ?? "");
    if (!protection) throw new Refused(404, "Branch not protected");
    return { status: 200, body: protection };
  },
  "repos/get-environment": (call) => {
    const { branches, reviewers = false } = environmentOf(call);
    const named = Array.isArray(branches);
    return {
      status: 200,
      body: {
        ...example<Json>("environment"),
        name: call.path["environment_name"],
        protection_rules: reviewers
          ? [{ id: 1, node_id: "x", type: "required_reviewers", prevent_self_review: false, reviewers: [] }]
          : [],
        deployment_branch_policy:
          branches === "any" ? null : { protected_branches: !named, custom_branch_policies: named },
      },
    };
  },
  "repos/list-deployment-branch-policies": (call) => {
    const { branches } = environmentOf(call);
    const named = typeof branches === "string" ? [] : branches;
    const policies = named.map(({ name, type = "branch" }, id) => ({ id, node_id: "x", type, name }));
    return { status: 200, body: { total_count: policies.length, branch_policies: policies } };
  },
  "actions/list-environment-secrets": (call) => secretsJson(environmentOf(call).secrets ?? []),
  "actions/list-repo-secrets": ({ state }) => secretsJson(state.settings.secrets),
  "actions/list-repo-organization-secrets": ({ state }) => secretsJson(state.settings.shared),
  "actions/get-github-actions-permissions-repository": ({ state }) => ({
    status: 200,
    body: state.settings.actions,
  }),
  "actions/get-allowed-actions-repository": ({ state }) => {
    if (state.settings.actions.allowed_actions !== "selected") throw new Refused(409, "Conflict");
    return { status: 200, body: state.settings.selected };
  },
  "actions/get-github-actions-default-workflow-permissions-repository": ({ state }) => ({
    status: 200,
    body: state.settings.token,
  }),
  "actions/get-fork-pr-contributor-approval-permissions-repository": ({ state }) => {
    if (state.settings.visibility !== "public") throw new Refused(404, "Not Found");
    return { status: 200, body: { approval_policy: state.settings.approval } };
  },
  "actions/get-private-repo-fork-pr-workflows-settings-repository": ({ state }) => {
    if (state.settings.visibility === "public") throw new Refused(404, "Not Found");
    return { status: 200, body: state.settings.forks };
  },
  "actions/list-self-hosted-runners-for-repo": ({ state }) => {
    const runners = state.settings.runners.map(runnerJson);
    return { status: 200, body: { total_count: runners.length, runners } };
  },
};

/** Branch rules cost money where the repository is private. */
function paid({ settings }: State): void {
  if (settings.visibility === "private" && settings.plan === "free") throw new Refused(403, UPGRADE);
}

function environmentOf({ state, path }: Call): EnvironmentSettings {
  return found(state.settings.environments.get(path["environment_name"] ?? ""));
}

function fullName({ owner, repo }: State): string {
  return `${owner}/${repo}`;
}

function repositoryJson(state: State): Json {
  const { visibility, organisation } = state.settings;
  const {
    organization: _,
    parent: __,
    source: ___,
    template_repository: ____,
    ...base
  } = example("full-repository-default-response");
  const owner = {
    ...(base["owner"] as Json),
    login: state.owner,
    type: organisation ? "Organization" : "User",
  };
  return {
    ...base,
    name: state.repo,
    full_name: fullName(state),
    owner,
    // GitHub's own examples lack fields that its description asks for: here this one.
    language: null,
    visibility,
    private: visibility !== "public",
    default_branch: "main",
  };
}

function planIn({ settings: { tellsPlan, plan } }: State): Json {
  return tellsPlan ? { plan: { name: plan, space: 1, private_repos: 1, collaborators: 1 } } : {};
}

function secretsJson(names: readonly string[]): { readonly status: number; readonly body: Json } {
  const secrets = names.map((name) => ({ ...example("actions-secret"), name }));
  return { status: 200, body: { total_count: secrets.length, secrets } };
}

function runnerJson({ name, labels, status }: RunnerSettings, id: number): Json {
  return {
    ...example("runner"),
    id,
    name,
    status,
    labels: labels.map((label, at) => ({ id: at, name: label })),
  };
}
