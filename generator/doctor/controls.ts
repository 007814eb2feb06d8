// What can stand between somebody's pull request and the LAN, and where GitHub offers it: that differs by visibility and plan.

export type ControlName =
  | "branch rules"
  | "environment branches"
  | "environment secrets"
  | "required reviewers"
  | "execution policies"
  | "runner hook";

export interface Control {
  readonly name: ControlName;
  readonly state: "enforced" | "not set" | "not available on this plan" | "unknown";
}

export type Visibility = "public" | "private" | "internal";

/** As the API names a plan (free, pro, team, enterprise, ...); `paid`: it is not free, and nobody knows more; null: unknown. */
export type Tier = string | null;

/**
 * Whether GitHub offers a control to a repository; null: that depends on the plan, which is not known. Public repositories have
 * all of them on every plan. Private ones: branch rules from Pro on (github/docs:data/reusables/gated-features/repo-rules.md);
 * environments with their branches and secrets from Pro on, reviewers with Enterprise only (gated-features/environments.md);
 * execution policies with Team and Enterprise (content/actions/how-tos/administer/control-workflow-execution.md).
 */
export function isOffered(control: ControlName, visibility: Visibility, tier: Tier): boolean | null {
  if (visibility === "public" || control === "runner hook") return true;
  // Internal repositories exist in enterprises only.
  const plan = visibility === "internal" ? "enterprise" : tier;
  if (plan === null) return null;
  const enterprise = /enterprise|business/.test(plan);
  switch (control) {
    case "branch rules":
    case "environment branches":
    case "environment secrets":
      return plan !== "free";
    case "required reviewers":
      return plan === "paid" ? null : enterprise;
    case "execution policies":
      return plan === "paid" ? null : enterprise || plan === "team";
  }
}
