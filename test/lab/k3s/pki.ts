// The cluster's certificates, made with the openssl program: K3s makes the same ones itself (k3s.md section 7).
import { execFileSync } from "node:child_process";
import { randomBytes, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** CERT and KEY are beside each other: PATH.crt and PATH.key. */
export interface Leaf {
  readonly path: string;
  readonly ca: string;
  readonly name: string;
  readonly organization?: string;
  /** "DNS:kubernetes" or "IP:10.0.0.1". */
  readonly sans?: readonly string[];
  readonly usage: "serverAuth" | "clientAuth" | "serverAuth,clientAuth";
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
/** K3s' own lives: CAs 10 years, leaves 365 days, made again within 120 days of their end. */
const CA_DAYS = "3650";
const LEAF_DAYS = "365";
const RENEW_DAYS = 120;

/** A self-signed CA, unless both files are there. */
export function ensureCa(path: string, name: string): void {
  if (existsSync(`${path}.crt`) && existsSync(`${path}.key`)) return;
  const subject = `/CN=${name}@${Math.floor(Date.now() / 1000)}`;
  const extensions = [
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign",
    "subjectKeyIdentifier=hash",
  ];
  const added = extensions.flatMap((line) => ["-addext", line]);
  make(path, ["-x509", ...EC, "-days", CA_DAYS, "-subj", subject, ...added]);
}

/** A leaf, made again where it is missing, near its end, from another CA or without a name that it needs. */
export function ensureLeaf(leaf: Leaf): void {
  if (existsSync(`${leaf.path}.crt`) && isGood(leaf)) return;
  const { path, ca, name, organization, sans = [], usage } = leaf;
  const subject = `${organization ? `/O=${organization}` : ""}/CN=${name}`;
  const names = sans.length ? [`subjectAltName=${sans.join(",")}`] : [];
  make(path, ["-x509", ...EC, ...issued(ca, subject, [`extendedKeyUsage=${usage}`, ...names])]);
}

/** A client's certificate for somebody else's key. Throws where the request is none. */
export function signRequest(csr: string, ca: string, name: string, organization: string): string {
  const file = `${ca}.csr.${randomBytes(4).toString("hex")}`;
  writeFileSync(file, csr);
  try {
    const subject = `/O=${organization}/CN=${name}`;
    return openssl(["req", "-x509", "-in", file, ...issued(ca, subject, [`extendedKeyUsage=clientAuth`])]);
  } finally {
    rmSync(file);
  }
}

/** A new key and a request for it, both PEM. */
export function makeRequest(path: string, name: string): string {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(`${path}.key`)) {
    openssl([
      "genpkey",
      "-algorithm",
      "EC",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-out",
      `${path}.key`,
    ]);
  }
  return openssl(["req", "-new", "-key", `${path}.key`, "-subj", `/CN=${name}`]);
}

function isGood({ path, ca, sans = [] }: Leaf): boolean {
  const certificate = new X509Certificate(readFileSync(`${path}.crt`));
  const issuer = new X509Certificate(readFileSync(`${ca}.crt`));
  const end = Date.parse(certificate.validTo) - RENEW_DAYS * 86_400_000;
  const names = (certificate.subjectAltName ?? "").replaceAll("IP Address:", "IP:").split(", ");
  const has = (san: string) => names.includes(san.includes("::") ? "IP:0:0:0:0:0:0:0:1" : san);
  return (
    end > Date.now() &&
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey) &&
    sans.every(has)
  );
}

/** The key first and everything by rename: a power cut leaves no half of a pair. */
function make(path: string, args: readonly string[]): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const certificate = openssl(["req", ...args, "-keyout", `${path}.key.new`]);
  writeFileSync(`${path}.crt.new`, certificate);
  renameSync(`${path}.key.new`, `${path}.key`);
  renameSync(`${path}.crt.new`, `${path}.crt`);
}

function issued(ca: string, subject: string, extensions: readonly string[]): readonly string[] {
  const all = ["basicConstraints=critical,CA:FALSE", "authorityKeyIdentifier=keyid", ...extensions];
  const serial = `0x01${randomBytes(15).toString("hex")}`;
  const options = ["-CA", `${ca}.crt`, "-CAkey", `${ca}.key`, "-days", LEAF_DAYS, "-set_serial", serial];
  return [...options, "-subj", subject, ...all.flatMap((line) => ["-addext", line])];
}

/** With a config of its own: that of the system makes every certificate a CA. */
function openssl(args: readonly string[]): string {
  const config = "[req]\ndistinguished_name=name\n[name]";
  const script = `exec openssl "$@" ${args[0] === "req" ? `-config /dev/fd/3 3<<END\n${config}\nEND` : ""}`;
  return execFileSync("sh", ["-c", script, "sh", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}
