// A stand-in for the k3s program on the lab's machines: what a test of Quorate can see of K3s, and nothing more.
// It imitates, line for line, k3s.md sections 1 to 4, and was compared with recorded answers of a real v1.36.4+k3s1.
// Known differences:
// - etcd is Debian's 3.4 as a child process: no /livez and /readyz on 2381, {"health":"true"} without "reason", no check
//   for corruption at start.
// - Times: a real server needs longer between its phases (3, 7 and 2 s on this hardware, see server.ts).
// - HTTP/1.1 only; no limit of requests in flight; /v1-k3s/config has the compared values and Disables only.
// - The secrets in etcd are not encrypted, node passwords are hashed with SHA-256, and objects are JSON, not protobuf.
// - Pods (but for a list of Traefik's and CoreDNS'), images, networks, token rotation,
//   cluster-reset, certificate commands, with-node-id, authentication-config: none.
//   So a drain evicts nothing, and does not ask for --ignore-daemonsets as one on a node with K3s' Traefik does.
// - Snapshots: etcd-snapshot save and ls alone, without a schedule; the API's list of them stays empty.
// - One Lease for all controllers; a deleted node's member is removed by the server that was asked, not by the elected one.
// - A server with disable-agent has no Node object, and nothing annotates one that somebody makes by hand.
// - A server's serving certificate is made at start from tls-san and node-ip, and never learns other names.
// - Agents have no load balancer of their own on 127.0.0.1:6444: they ask the learnt servers directly.
// - A server that was removed and is then stopped ends with 0; a real one with 2.
import { basename } from "node:path";
import { runAgent } from "./agent.ts";
import { runEtcdSnapshot } from "./etcd-snapshot.ts";
import { runIngress } from "./ingress.ts";
import { runKubectl } from "./kubectl.ts";
import { die } from "./log.ts";
import { runServer } from "./server.ts";
import { readSettings } from "./settings.ts";
import { VERSION_TEXT } from "./version.ts";

const [program = "k3s", ...given] = process.argv.slice(1);
// Called by the name of the symlink, as K3s is.
const [command, ...args] = basename(program) === "kubectl" ? ["kubectl", ...given] : given;

async function main(): Promise<void> {
  switch (command) {
    case "--version":
    case "-v":
      process.stdout.write(VERSION_TEXT);
      return;
    case "server":
    case "agent": {
      process.title = `k3s ${command}`;
      const settings = readSettings(command, args, process.env);
      await (command === "server" ? runServer(settings) : runAgent(settings));
      return;
    }
    case "kubectl":
      process.exitCode = await runKubectl(args);
      return;
    case "etcd-snapshot":
      return runEtcdSnapshot(args);
    case "ingress":
      return runIngress();
    default:
      throw new Error(`No help topic for '${command ?? ""}'`);
  }
}

main().catch(die);
