// A certificate authority of a test, made with the openssl program: certificates with the names and the life that it wants.
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { scratch } from "./scratch.ts";
import { runTool } from "./tools.ts";

export interface Authority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  readonly file: string;
  /** A file with a new key and its certificate. */
  readonly issue: (wish: Wish) => string;
}

export interface Wish {
  readonly name: string;
  readonly organization?: string;
  /** "DNS:kubernetes" or "IP:10.0.0.1". */
  readonly sans?: readonly string[];
  /** Days from now. Default: since yesterday, for a year less half a day. */
  readonly begins?: number;
  readonly ends?: number;
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const DAY_MS = 24 * 3600 * 1000;

/** Without its own folder no two authorities meet. */
export function makeAuthority(t: TestContext, name = "k3s-server-ca"): Authority {
  const folder = scratch(t);
  const at = (file: string) => join(folder, file);
  mkdirSync(at("issued"));
  writeFileSync(at("index.txt"), "");
  writeFileSync(
    at("ca.conf"),
    `[ca]\ndefault_ca=c\n[c]\ndatabase=${at("index.txt")}\nrand_serial=yes\nunique_subject=no\nnew_certs_dir=${at("issued")}\ncertificate=${at("ca.crt")}\nprivate_key=${at("ca.key")}\ndefault_md=sha256\npolicy=p\n[p]\norganizationName=optional\ncommonName=supplied\n[req]\ndistinguished_name=d\n[d]\n`,
  );
  const openssl = (...args: readonly string[]) => {
    const { status, stderr } = runTool("openssl", args);
    if (status !== 0) throw new Error(stderr);
  };
  const request = ["req", "-config", at("ca.conf"), ...EC];
  const own = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "subjectKeyIdentifier=hash"];
  openssl(
    ...request,
    "-x509",
    "-days",
    "3650",
    "-subj",
    `/CN=${name}`,
    ...own,
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.crt"),
  );
  let count = 0;
  return {
    certificate: readFileSync(at("ca.crt"), "utf8"),
    file: at("ca.crt"),
    issue: ({ name, organization, sans = [], begins = -1, ends = 364.5 }) => {
      const [key, csr, pem, extensions] = ["key", "csr", "crt", "ext"].map((end) =>
        at(`${++count}.${end}`),
      ) as [string, string, string, string];
      const subject = `${organization === undefined ? "" : `/O=${organization}`}/CN=${name}`;
      openssl(...request, "-subj", subject, "-keyout", key, "-out", csr);
      writeFileSync(
        extensions,
        sans.length > 0 ? `subjectAltName=${sans.join(",")}\n` : "basicConstraints=CA:FALSE\n",
      );
      const dates = ["-startdate", dateOf(begins), "-enddate", dateOf(ends)];
      openssl(
        "ca",
        "-batch",
        "-notext",
        "-config",
        at("ca.conf"),
        "-extfile",
        extensions,
        ...dates,
        "-in",
        csr,
        "-out",
        pem,
      );
      appendFileSync(key, readFileSync(pem));
      return key;
    },
  };
}

function dateOf(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().replaceAll(/\.\d+|[-:T]/g, "");
}
