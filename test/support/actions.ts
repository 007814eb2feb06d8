// The actions that the workflows use, at the commits that they name: what their action.yml takes and gives.
import type { ActionMetadata } from "@actions/languageservice/action";

/** The inputs that we may use. A new version is looked through, and its commit put here. */
function action(name: string, inputs: readonly string[], outputs: readonly string[] = []): ActionMetadata {
  const named = (names: readonly string[]) =>
    Object.fromEntries(names.map((each) => [each, { description: "" }]));
  return { name, description: "", inputs: named(inputs), outputs: named(outputs) };
}

export const ACTIONS: ReadonlyMap<string, ActionMetadata> = new Map([
  [
    "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1",
    action("Checkout", ["repository", "ref", "token", "persist-credentials", "path", "clean", "fetch-depth"]),
  ],
  [
    "actions/setup-node@820762786026740c76f36085b0efc47a31fe5020",
    action("Setup Node.js environment", ["node-version", "node-version-file", "package-manager-cache"]),
  ],
  [
    "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
    action(
      "Upload a Build Artifact",
      ["name", "path", "if-no-files-found", "retention-days", "overwrite"],
      ["artifact-id", "artifact-url", "artifact-digest"],
    ),
  ],
  [
    "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    action("Download a Build Artifact", ["name", "path", "artifact-ids"], ["download-path"]),
  ],
]);
