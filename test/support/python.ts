// The system's own Python, the one that cloud-init and netplan run on, with PyYAML as they have it.
import { missing, requireTool, runTool } from "./tools.ts";

// Not the first python3 in PATH: that may be another one without the system's modules.
const PYTHON = "/usr/bin/python3";

/** For the `skip` option of a test: false where the system's Python has the module. */
export function requirePythonModule(module: string, installLine: string): string | false {
  const noPython = requireTool(PYTHON, "apt-get install python3");
  if (noPython) return noPython;
  const { status } = runTool(PYTHON, ["-"], `import ${module}\n`);
  return status === 0 ? false : missing(`Python's module ${module}`, installLine);
}

/** Runs a script that finds its data in DATA (from JSON) and prints JSON. Throws with Python's own words where it fails. */
export function runPython(script: string, data: unknown): unknown {
  // JSON in plain ASCII; as a JSON string once more it is a literal that Python reads the same way.
  const literal = JSON.stringify(JSON.stringify(data).replace(/[\u007f-\uffff]/g, escaped));
  const { status, stdout, stderr } = runTool(
    PYTHON,
    ["-"],
    `import json\nDATA = json.loads(${literal})\n${script}`,
  );
  if (status !== 0) throw new Error(`python3 exited with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

// What JSON cannot hold (a date, bytes, NaN) comes back as a text that no test expects.
const READ_YAML = `
import math, yaml
def plain(value):
    if isinstance(value, dict): return {k if isinstance(k, str) else repr(k): plain(v) for k, v in value.items()}
    if isinstance(value, list): return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value): return "<float %r>" % value
    if value is None or isinstance(value, (str, bool, int, float)): return value
    return "<%s %r>" % (type(value).__name__, value)
def read(text):
    try: return plain(yaml.safe_load(text))
    except yaml.YAMLError as error: return "<refused: %s>" % error
print(json.dumps([read(text) for text in DATA]))
`;

/** What PyYAML's safe_load makes of each text, in one process. A text that it refuses gives a string that says why. */
export function readYamlsWithPython(texts: readonly string[]): readonly unknown[] {
  const values = runPython(READ_YAML, texts);
  if (!Array.isArray(values)) throw new Error("Python's answer is not a list");
  return values;
}

/** What PyYAML's safe_load makes of one text, as cloud-init would read it. */
export function readYamlWithPython(text: string): unknown {
  return readYamlsWithPython([text])[0];
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
