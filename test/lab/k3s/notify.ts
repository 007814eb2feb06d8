// Tells systemd that the service is ready, where it runs under systemd with Type=notify.
import { spawnSync } from "node:child_process";

/**
 * Node.js has no Unix datagram sockets. systemd-notify sends in the name of the process that called it, so that the unit
 * needs no NotifyAccess, as K3s' own unit has none.
 */
export function tellReady(): void {
  if (process.env["NOTIFY_SOCKET"]) spawnSync("systemd-notify", ["--ready"], { stdio: "inherit" });
}
