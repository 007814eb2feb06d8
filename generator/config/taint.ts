// Node taints: their written form and which of them keep K3s' packaged pods away.

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

/** Takes `key=value:Effect` or `key:Effect`; undefined where the text is neither. Kubernetes' own limits for keys and values. */
export function parseTaint(text: string): Taint | undefined {
  const match = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text);
  const [, key = "", value = "", effectText = ""] = match ?? [];
  const effect = EFFECTS.find((each) => each === effectText);
  if (!match || !effect || !isLabelKey(key) || !isLabelValue(value)) return undefined;
  return { key, value, effect };
}

/** `[prefix/]name` as Kubernetes takes it: prefix a DNS name, name up to 63 of letters, digits, - _ and dots. */
export function isLabelKey(key: string): boolean {
  const parts = key.split("/");
  const name = parts.pop() ?? "";
  const prefix = parts.pop();
  if (parts.length > 0 || !/^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(name)) return false;
  return (
    prefix === undefined ||
    (prefix.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(prefix))
  );
}

/** Empty, or up to 63 letters, digits, - _ and dots, alphanumeric at both ends. */
export function isLabelValue(value: string): boolean {
  return /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/.test(value);
}

// What K3s' packaged Traefik and CoreDNS tolerate (k3s manifests/traefik.yaml, coredns.yaml).
const TOLERATED: readonly Pick<Taint, "key">[] = [{ key: "CriticalAddonsOnly" }];
const TOLERATED_NO_SCHEDULE = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/** True where Traefik and CoreDNS can run on a node with these taints. */
export function takesAddons(taints: readonly string[]): boolean {
  return taints.every((text) => {
    const taint = parseTaint(text);
    if (!taint || taint.effect === "PreferNoSchedule") return true;
    if (TOLERATED.some(({ key }) => key === taint.key)) return true;
    return taint.effect === "NoSchedule" && TOLERATED_NO_SCHEDULE.includes(taint.key);
  });
}
