// The verb check: everything that is wrong with the config, at once.
import { hasErrors } from "../config/finding.ts";
import type { Command } from "./command.ts";
import { loadConfig } from "./load.ts";

/** Exit 0 without errors (warnings and infos never block), else 3. */
export const check: Command = async ({ config, json, colour }) => {
  const { findings, report, json: asJson } = loadConfig(config);
  const bad = hasErrors(findings);
  const text = findings.length > 0 ? await report(findings, colour) : "";
  if (json) {
    return {
      exit: bad ? 3 : 0,
      stdout: `${JSON.stringify({ findings: await asJson() }, null, 2)}\n`,
      stderr: text,
    };
  }
  return { exit: bad ? 3 : 0, stdout: bad ? "" : `${config} is valid\n`, stderr: text };
};
