// Rules on node labels and taints: what Kubernetes accepts, and what a node may set on itself.
import { type Finding, finding } from "../finding.ts";
import { isLabelKey, isLabelValue, parseTaint } from "../taint.ts";
import { groupBy, type Rule, type RuleInput } from "./rule.ts";

// A kubelet refuses to start with any other label of Kubernetes' own name space
// (kubernetes/kubernetes staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go, v1.36.3).
const KUBELET_PREFIXES = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const KUBELET_KEYS = [
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "kubernetes.io/hostname",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/instance-type",
];

function mayKubeletSet(key: string): boolean {
  const prefix = key.includes("/") ? (key.split("/")[0] ?? "") : "";
  if (!/(^|\.)(kubernetes|k8s)\.io$/.test(prefix)) return true;
  return (
    KUBELET_KEYS.includes(key) ||
    KUBELET_PREFIXES.some((each) => prefix === each || prefix.endsWith(`.${each}`))
  );
}

function labels({ nodes }: RuleInput): readonly Finding[] {
  return nodes.flatMap(({ node, path }) =>
    Object.entries(node.labels).flatMap(([key, value]) => {
      const at = [...path, "labels", key];
      if (!isLabelKey(key)) {
        return [
          finding(
            "label-invalid",
            at,
            `"${key}" is not a label key that Kubernetes accepts`,
            'write it like "disk" or "example.org/disk": letters, digits, - _ and dots, at most 63',
            { onKey: true },
          ),
        ];
      }
      if (!isLabelValue(value)) {
        return [
          finding(
            "label-invalid",
            at,
            `the value of label "${key}" must be at most 63 letters, digits, - _ and dots, with a letter or digit at both ends`,
            'write it like "nvme"',
          ),
        ];
      }
      if (mayKubeletSet(key)) return [];
      return [
        finding(
          "label-reserved",
          at,
          `a node may not set the label "${key}" on itself: Kubernetes rejects the registration`,
          key.startsWith("node-role.kubernetes.io/")
            ? `set it later: kubectl label node ${node.name} ${key}=${value}`
            : 'use a prefix of your own, such as "example.org/"',
          { onKey: true },
        ),
      ];
    }),
  );
}

function taints({ nodes }: RuleInput): readonly Finding[] {
  return nodes.flatMap(({ node, path }) => {
    const invalid = node.taints.flatMap((text, index) =>
      parseTaint(text)
        ? []
        : [
            finding(
              "taint-invalid",
              [...path, "taints", index],
              `"${text}" is not a taint: it must be key=value:Effect or key:Effect, Effect one of NoSchedule, PreferNoSchedule, NoExecute`,
              'write it like "dedicated=database:NoSchedule"',
            ),
          ],
    );
    const same = groupBy(
      node.taints.map((text, index) => ({ taint: parseTaint(text), index })),
      ({ taint }) => taint && `${taint.key}:${taint.effect}`,
    );
    const duplicates = [...same.entries()].flatMap(([name, [, ...again]]) =>
      again.map(({ index }) =>
        finding(
          "taint-duplicate",
          [...path, "taints", index],
          `${node.name} has two taints for ${name}, and Kubernetes keeps one value`,
          "remove one",
        ),
      ),
    );
    return [...invalid, ...duplicates];
  });
}

export const LABEL_RULES: readonly Rule[] = [
  { needs: [], run: labels },
  { needs: [], run: taints },
];
