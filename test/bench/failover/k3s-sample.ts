// The load balancers as K3s' documentation shows them: haproxy.cfg and keepalived.conf of its page "Cluster Load Balancer"
// (github.com/k3s-io/docs, docs/datastore/cluster-loadbalancer.md), with our addresses and names.
import { type Cluster, type Node, ofRole } from "../../../generator/model/cluster.ts";

// The page says what to add to the file that Debian's package installs: of that, what matters to a proxy in TCP mode
// (haproxy 2.6.12-1+deb12u4, /etc/haproxy/haproxy.cfg). Milliseconds, as there.
const DEBIAN = `global
    log /dev/log local0
    log /dev/log local1 notice
    chroot /var/lib/haproxy
    stats socket /run/haproxy/admin.sock mode 660 level admin
    stats timeout 30s
    user haproxy
    group haproxy
    daemon

defaults
    log global
    mode http
    option httplog
    option dontlognull
    timeout connect 5000
    timeout client 50000
    timeout server 50000
`;

/** Its own section for the API, and the same once more for port 80: of an ingress the page says nothing. */
export function sampleHaproxy(cluster: Cluster): string {
  return [DEBIAN, section(cluster, "api", 6443), section(cluster, "http", 80)].join("\n");
}

function section(cluster: Cluster, name: string, port: number): string {
  return [
    `frontend fe_${name}`,
    `    bind *:${port}`,
    "    mode tcp",
    "    option tcplog",
    `    default_backend be_${name}`,
    "",
    `backend be_${name}`,
    "    mode tcp",
    "    option tcp-check",
    "    balance roundrobin",
    "    default-server inter 10s downinter 5s",
    ...ofRole(cluster, "server").map((server) => `    server ${server.name} ${server.address}:${port} check`),
    "",
  ].join("\n");
}

/** The first load balancer is MASTER with priority 200, the other BACKUP with 100. */
export function sampleKeepalived(cluster: Cluster, node: Node): string {
  const first = ofRole(cluster, "loadbalancer").indexOf(node) === 0;
  return `global_defs {
    enable_script_security
    script_user root
}
vrrp_script chk_haproxy {
    script 'killall -0 haproxy'
    interval 2
}
vrrp_instance haproxy-vip {
    interface ${node.interface}
    state ${first ? "MASTER" : "BACKUP"}
    priority ${first ? 200 : 100}
    virtual_router_id 51
    virtual_ipaddress {
        ${cluster.registration.address}/${cluster.network.subnet.prefix}
    }
    track_script {
        chk_haproxy
    }
}
`;
}
