// Rules on SSH access: at least one key that sshd accepts, so that nobody is locked out.
import { type Finding, finding } from "../finding.ts";
import { parseSshKey } from "../ssh-key.ts";
import { groupBy, type Rule, type RuleInput } from "./rule.ts";

function authorizedKeys({ config }: RuleInput): readonly Finding[] {
  const keys = config.access.authorizedKeys.map((line, index) => ({
    key: parseSshKey(line),
    path: ["access", "authorizedKeys", index],
  }));
  const invalid = keys.flatMap(({ key, path }) =>
    key.ok
      ? []
      : [finding("ssh-key-invalid", path, `access.authorizedKeys[${path[2]}] ${key.reason}`, key.hint)],
  );
  const same = groupBy(keys, ({ key }) => (key.ok ? key.blob : undefined));
  const duplicates = [...same.values()].flatMap(([first, ...again]) =>
    again.map(({ path }) =>
      finding(
        "ssh-key-duplicate",
        path,
        `access.authorizedKeys[${path[2]}] is the same key as access.authorizedKeys[${first?.path[2]}]`,
        "remove one",
      ),
    ),
  );
  return [...invalid, ...duplicates];
}

export const ACCESS_RULES: readonly Rule[] = [{ needs: ["access"], run: authorizedKeys }];
