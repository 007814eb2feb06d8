// The environment variables that hold secrets: where nobody sits at a terminal, they come from there.

type Environment = Readonly<Record<string, string | undefined>>;

/** The cluster's secret: what `secret export -` prints, its one line, or the 64 hex digits. */
export const ROOT_VARIABLE = "QUORATE_CLUSTER_SECRET";
/** The path of a file that holds the same, for its user alone. */
export const ROOT_FILE_VARIABLE = "QUORATE_CLUSTER_SECRET_FILE";
/** The private key to log in to the machines with. */
export const SSH_KEY_VARIABLE = "QUORATE_SSH_KEY";

const SECRET = new Set([ROOT_VARIABLE, SSH_KEY_VARIABLE, "GITHUB_TOKEN"]);

/** What is in a variable; an empty one, as a workflow makes of a secret that is not set, is none. */
export function variable(environment: Environment, name: string): string | null {
  const value = environment[name]?.trim() ?? "";
  return value === "" ? null : value;
}

/** The environment for other programs: they have no use for a secret, and some write down what they are given. */
export function withoutSecrets(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRET.has(name)));
}
