// What an administrator sets of the stand-in's repository, as GitHub has it at first, and as Quorate wants it.

export interface Settings {
  visibility: "public" | "private" | "internal";
  organisation: boolean;
  /** The owner's plan, as the API calls it; the rules go by it. */
  plan: string;
  /** Whether the one who asks is told the plan. */
  tellsPlan: boolean;
  /** Types of rules by branch. */
  readonly rules: Map<string, readonly string[]>;
  /** Branch protection, the older kind, by branch. */
  readonly protection: Map<string, Readonly<Record<string, unknown>>>;
  readonly environments: Map<string, EnvironmentSettings>;
  /** Names of the repository's secrets, and of those that its organisation shares. */
  secrets: readonly string[];
  shared: readonly string[];
  actions: {
    readonly enabled: boolean;
    readonly allowed_actions: string;
    readonly sha_pinning_required: boolean;
  };
  selected: {
    readonly github_owned_allowed: boolean;
    readonly verified_allowed: boolean;
    readonly patterns_allowed: readonly string[];
  };
  token: {
    readonly default_workflow_permissions: string;
    readonly can_approve_pull_request_reviews: boolean;
  };
  approval: string;
  forks: {
    readonly run_workflows_from_fork_pull_requests: boolean;
    readonly send_write_tokens_to_workflows: boolean;
    readonly send_secrets_and_variables: boolean;
    readonly require_approval_for_fork_pr_workflows: boolean;
  };
  runners: readonly RunnerSettings[];
}

export interface EnvironmentSettings {
  /** any branch · protected ones · named ones */
  readonly branches: "any" | "protected" | readonly { readonly name: string; readonly type?: string }[];
  readonly reviewers?: boolean;
  readonly secrets?: readonly string[];
}

export interface RunnerSettings {
  readonly name: string;
  readonly labels: readonly string[];
  readonly status: "online" | "offline";
}

/** As a new private repository of a person with a paid plan is. */
export function freshSettings(): Settings {
  return {
    visibility: "private",
    organisation: false,
    plan: "pro",
    tellsPlan: false,
    rules: new Map(),
    protection: new Map(),
    environments: new Map(),
    secrets: [],
    shared: [],
    actions: { enabled: true, allowed_actions: "all", sha_pinning_required: false },
    selected: { github_owned_allowed: true, verified_allowed: false, patterns_allowed: [] },
    token: { default_workflow_permissions: "read", can_approve_pull_request_reviews: false },
    approval: "first_time_contributors",
    forks: {
      run_workflows_from_fork_pull_requests: false,
      send_write_tokens_to_workflows: false,
      send_secrets_and_variables: false,
      require_approval_for_fork_pr_workflows: false,
    },
    runners: [],
  };
}
