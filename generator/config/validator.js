// Made by Ajv from schema.ts: `npm run generate`. Edit that, not this.
"use strict";
export const validate = validate10;
export default validate10;
const schema11 = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Quorate cluster config",
  type: "object",
  additionalProperties: false,
  description: "One highly available K3s cluster, described for Quorate.",
  properties: {
    $schema: {
      type: "string",
      description: "Where an editor finds this schema.",
      examples: ["./generator/config/cluster.schema.json"],
    },
    version: { type: "number", const: 1, description: "Version of this file's format.", examples: [1] },
    cluster: {
      type: "object",
      additionalProperties: false,
      description: "What the cluster is called and where it answers.",
      properties: {
        name: {
          type: "string",
          description: "Name of the cluster: lower-case letters, digits and dashes (RFC 1123).",
          format: "rfc1123-label",
          maxLength: 40,
          examples: ["home"],
        },
        dnsName: {
          type: "string",
          description:
            "DNS name that points at the registration address; goes into the API certificate. You create the DNS record.",
          format: "rfc1123-name",
          examples: ["k3s.home.arpa"],
        },
        vip: {
          type: "string",
          description:
            "Registration address: a free address that the load balancers hold. Needed as soon as there is a load balancer; must not be any machine's own.",
          format: "ipv4-text",
          examples: ["192.168.1.10"],
        },
        vrrpId: {
          type: "integer",
          description:
            "VRRP virtual router id, unique on the LAN; used where there are two or more load balancers. Default: the last number of the vip.",
          minimum: 1,
          maximum: 255,
          examples: [74],
        },
      },
      required: ["name"],
    },
    network: {
      type: "object",
      additionalProperties: false,
      description: "The LAN. Every machine gets a static address.",
      properties: {
        subnet: {
          type: "string",
          description: "The LAN of the machines, in CIDR form without host bits.",
          format: "cidr-text",
          examples: ["192.168.1.0/24"],
        },
        gateway: {
          type: "string",
          description: "The router's address in that subnet.",
          format: "ipv4-text",
          examples: ["192.168.1.1"],
        },
        dns: {
          type: "array",
          description: "DNS servers of the machines. Default: the gateway.",
          minItems: 1,
          maxItems: 3,
          examples: [["192.168.1.1", "9.9.9.9"]],
          items: {
            type: "string",
            description: "Address of a DNS server.",
            format: "ipv4-text",
            examples: ["192.168.1.1"],
          },
        },
        interface: {
          type: "string",
          description: "Kernel name of the wired interface.",
          format: "interface-name",
          default: "eth0",
          examples: ["end0"],
        },
      },
      required: ["subnet", "gateway"],
    },
    os: {
      enum: ["raspberry-pi-os", "ubuntu", "debian"],
      description:
        "Operating system on the cards: raspberry-pi-os (Trixie or newer, with cloud-init), ubuntu (Server for Raspberry Pi or PC) or debian.",
      default: "raspberry-pi-os",
      examples: ["ubuntu"],
    },
    access: {
      type: "object",
      additionalProperties: false,
      description: "Who may log in to the machines.",
      properties: {
        user: {
          type: "string",
          description: "Login that is made on every machine, with sudo and no password.",
          format: "linux-user",
          default: "ops",
          examples: ["ops"],
        },
        authorizedKeys: {
          type: "array",
          description: "SSH public keys that may log in. Never a private key.",
          minItems: 1,
          examples: [["ssh-ed25519 AAAA… me@laptop"]],
          items: { type: "string", description: "One line of an OpenSSH .pub file." },
        },
      },
      required: ["authorizedKeys"],
    },
    k3s: {
      type: "object",
      additionalProperties: false,
      description: "K3s: version, networks, settings.",
      properties: {
        version: {
          type: "string",
          description:
            "Exact K3s release. A channel such as stable is refused: machines installed on different days would differ.",
          format: "k3s-version",
          examples: ["v1.36.4+k3s1"],
        },
        tlsSans: {
          type: "array",
          description:
            "More names and addresses for the API certificate. The registration address, cluster.dnsName and every server and load balancer are always in it.",
          default: [],
          uniqueItems: true,
          examples: [["api.example.org"]],
          items: { type: "string", description: "DNS name or IPv4 address.", format: "host-text" },
        },
        disable: {
          type: "array",
          description: "Packaged components to leave out. For traefik write ingress.kind: none instead.",
          default: [],
          uniqueItems: true,
          examples: [["metrics-server"]],
          items: {
            enum: ["coredns", "servicelb", "traefik", "local-storage", "metrics-server", "runtimes"],
            type: "string",
          },
        },
        clusterCidr: {
          type: "string",
          description:
            "Pod network. Each node takes a /24 of it, so a /16 is enough for 256 nodes. Cannot change later.",
          format: "cidr-text",
          default: "10.42.0.0/16",
          examples: ["10.42.0.0/16"],
        },
        serviceCidr: {
          type: "string",
          description: "Service network. Cannot change later.",
          format: "cidr-text",
          default: "10.43.0.0/16",
          examples: ["10.43.0.0/16"],
        },
        flannelBackend: {
          enum: ["vxlan", "host-gw", "wireguard-native", "none"],
          description:
            "Pod network between machines; none means that you install your own. Cannot change later.",
          default: "vxlan",
          examples: ["wireguard-native"],
        },
        secretsEncryption: {
          type: "boolean",
          description: "Encrypt Secrets in etcd. Cannot change later.",
          default: true,
          examples: [true],
        },
        snapshots: {
          type: "object",
          additionalProperties: false,
          description: "etcd snapshots. They stay on the server's own disk.",
          default: {},
          properties: {
            schedule: {
              type: "string",
              description:
                "When every server snapshots etcd: a cron line of five fields, in the machine's time zone.",
              default: "0 */6 * * *",
              examples: ["0 */6 * * *"],
            },
            retention: {
              type: "integer",
              description: "How many snapshots each server keeps.",
              minimum: 1,
              maximum: 1000,
              default: 12,
              examples: [12],
            },
          },
        },
        serverConfig: {
          type: "object",
          patternProperties: {
            "^[a-z][a-z0-9-]*\\+?$": {
              type: ["string", "number", "boolean", "array"],
              items: { type: "string" },
              minItems: 1,
            },
          },
          description:
            "Passed through to every server's K3s config. Keys are K3s' long flag names without dashes. A key that Quorate manages is refused, with the field that sets it.",
          default: {},
          examples: [{ "kube-apiserver-arg": ["audit-log-maxage=7"] }],
        },
        agentConfig: {
          type: "object",
          patternProperties: {
            "^[a-z][a-z0-9-]*\\+?$": {
              type: ["string", "number", "boolean", "array"],
              items: { type: "string" },
              minItems: 1,
            },
          },
          description:
            "Passed through to every agent's K3s config. A key that K3s does not know stops an agent. Keys are K3s' long flag names without dashes. A key that Quorate manages is refused, with the field that sets it.",
          default: {},
          examples: [{ "kubelet-arg": ["max-pods=50"] }],
        },
        artifacts: {
          type: "object",
          additionalProperties: false,
          description: "Where K3s comes from.",
          default: {},
          properties: {
            installScript: {
              type: "string",
              description: "Where machines get K3s' install script.",
              format: "http-url",
              default: "https://get.k3s.io",
              examples: ["https://get.k3s.io"],
            },
            installScriptSha256: {
              type: "string",
              description: "SHA-256 of that script, 64 lower-case hex digits; a different script is refused.",
              format: "sha256-hex",
              examples: ["0f1e…"],
            },
            mirror: {
              type: "string",
              description:
                "Base URL of the K3s releases (INSTALL_K3S_ARTIFACT_URL). Binaries are checked against the release's own checksum file.",
              format: "http-url",
              default: "https://github.com/k3s-io/k3s/releases/download",
              examples: ["http://192.168.1.2:8080/k3s"],
            },
          },
        },
      },
      required: ["version"],
    },
    ingress: {
      type: "object",
      additionalProperties: false,
      description: "How traffic for your applications gets in.",
      default: {},
      properties: {
        kind: {
          enum: ["traefik", "none"],
          description:
            "traefik: K3s' packaged Traefik, run on every node that takes workloads. none: leave it out; the load balancers then forward the API only.",
          default: "traefik",
          examples: ["traefik"],
        },
        ports: {
          type: "array",
          additionalItems: false,
          minItems: 2,
          description:
            "Ports on which the load balancers take HTTP and HTTPS. The nodes themselves always serve 80 and 443.",
          default: [80, 443],
          examples: [[80, 443]],
          items: [
            { type: "integer", minimum: 1, maximum: 65535 },
            { type: "integer", minimum: 1, maximum: 65535 },
          ],
        },
      },
    },
    loadBalancer: {
      type: "object",
      additionalProperties: false,
      description: "HAProxy on the load balancers.",
      default: {},
      properties: {
        apiPort: {
          type: "integer",
          description:
            "Port of the Kubernetes API on the registration address. The servers themselves always use 6443.",
          minimum: 1,
          maximum: 65535,
          default: 6443,
          examples: [6443],
        },
        statusPort: {
          type: "integer",
          description:
            "Port of the read-only page /backends; statistics and metrics are on it for the machine itself only.",
          minimum: 1,
          maximum: 65535,
          default: 8404,
          examples: [8404],
        },
        maxConnections: {
          type: "integer",
          description: "Most connections at a time for each load balancer; at worst 33 kB of memory each.",
          minimum: 100,
          maximum: 100000,
          default: 4000,
          examples: [4000],
        },
      },
    },
    rollout: {
      type: "object",
      additionalProperties: false,
      description:
        "How changes reach running machines. It is recorded for apply; it changes no rendered file of a machine.",
      default: {},
      properties: {
        drain: {
          type: "boolean",
          description: "Move workloads away before a machine is worked on.",
          default: true,
          examples: [true],
        },
        agentBatch: {
          type: "integer",
          description:
            "How many agents are worked on at a time. Servers and load balancers always go one by one.",
          minimum: 1,
          maximum: 100,
          default: 1,
          examples: [2],
        },
      },
    },
    secrets: {
      type: "object",
      additionalProperties: false,
      description: "Secrets themselves are never in this file.",
      default: {},
      properties: {
        generations: {
          type: "object",
          additionalProperties: false,
          description: "Raise a number to derive a new secret.",
          default: {},
          properties: {
            serverToken: {
              type: "integer",
              description: "Generation of the server token.",
              minimum: 1,
              maximum: 9999,
              default: 1,
              examples: [2],
            },
            agentToken: {
              type: "integer",
              description: "Generation of the agent token.",
              minimum: 1,
              maximum: 9999,
              default: 1,
              examples: [2],
            },
            sshHostKey: {
              type: "integer",
              description: "Generation of the SSH host keys.",
              minimum: 1,
              maximum: 9999,
              default: 1,
              examples: [2],
            },
          },
        },
      },
    },
    nodes: {
      type: "array",
      description: "The machines: an odd number of servers, any number of agents, and load balancers.",
      minItems: 1,
      maxItems: 5000,
      examples: [[{ name: "server-1", role: "server", address: "192.168.1.11" }]],
      items: {
        type: "object",
        additionalProperties: false,
        description: "One machine of the cluster.",
        properties: {
          name: {
            type: "string",
            description:
              "Host name and Kubernetes node name: lower-case letters, digits and dashes (RFC 1123), at most 63.",
            format: "rfc1123-label",
            examples: ["server-1"],
          },
          role: {
            enum: ["server", "agent", "loadbalancer"],
            description:
              "server: control plane and etcd voter, also runs workloads. agent: runs workloads only. loadbalancer: HAProxy on a machine of its own, no K3s. The first server in the list founds the cluster.",
            examples: ["server"],
          },
          address: {
            type: "string",
            description: "Static IPv4 address inside network.subnet, free of leading zeros.",
            format: "ipv4-text",
            examples: ["192.168.1.11"],
          },
          mac: {
            type: "string",
            description:
              "MAC address of the wired network card, for machines with more than one. Not needed on a Raspberry Pi.",
            format: "mac-text",
            examples: ["52:54:00:12:34:56"],
          },
          disk: {
            enum: ["sd", "ssd"],
            description:
              "What the system runs from: sd (card or eMMC) or ssd (USB, SATA or NVMe). etcd writes constantly; a server on an SD card is slow and wears it out.",
            default: "sd",
            examples: ["ssd"],
          },
          os: {
            enum: ["raspberry-pi-os", "ubuntu", "debian"],
            description: "Operating system of this machine where it differs. Default: the value of os.",
            examples: ["ubuntu"],
          },
          interface: {
            type: "string",
            description:
              "Kernel name of this machine's wired interface where it differs. Default: network.interface.",
            format: "interface-name",
            examples: ["end0"],
          },
          labels: {
            type: "object",
            patternProperties: { "^.*$": { type: "string" } },
            description: "Kubernetes node labels. K3s sets them when the node first joins.",
            default: {},
            examples: [{ disk: "nvme" }],
          },
          taints: {
            type: "array",
            description:
              "Kubernetes node taints as key=value:Effect or key:Effect, Effect one of NoSchedule, PreferNoSchedule, NoExecute. K3s sets them when the node first joins.",
            default: [],
            examples: [["dedicated=database:NoSchedule"]],
            items: { type: "string" },
          },
        },
        required: ["name", "role", "address"],
      },
    },
  },
  required: ["version", "cluster", "network", "access", "k3s", "nodes"],
};
const func2 = Object.prototype.hasOwnProperty;
const pattern0 = new RegExp("^[a-z][a-z0-9-]*\\+?$", "u");
const pattern2 = new RegExp("^.*$", "u");
function validate10(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
  let vErrors = null;
  let errors = 0;
  if (data && typeof data == "object" && !Array.isArray(data)) {
    if (data.os === undefined) {
      data.os = "raspberry-pi-os";
    }
    if (data.ingress === undefined) {
      data.ingress = {};
    }
    if (data.loadBalancer === undefined) {
      data.loadBalancer = {};
    }
    if (data.rollout === undefined) {
      data.rollout = {};
    }
    if (data.secrets === undefined) {
      data.secrets = {};
    }
    if (data.version === undefined) {
      const err0 = {
        instancePath,
        schemaPath: "#/required",
        keyword: "required",
        params: { missingProperty: "version" },
        message: "must have required property '" + "version" + "'",
      };
      if (vErrors === null) {
        vErrors = [err0];
      } else {
        vErrors.push(err0);
      }
      errors++;
    }
    if (data.cluster === undefined) {
      const err1 = {
        instancePath,
        schemaPath: "#/required",
        keyword: "required",
        params: { missingProperty: "cluster" },
        message: "must have required property '" + "cluster" + "'",
      };
      if (vErrors === null) {
        vErrors = [err1];
      } else {
        vErrors.push(err1);
      }
      errors++;
    }
    if (data.network === undefined) {
      const err2 = {
        instancePath,
        schemaPath: "#/required",
        keyword: "required",
        params: { missingProperty: "network" },
        message: "must have required property '" + "network" + "'",
      };
      if (vErrors === null) {
        vErrors = [err2];
      } else {
        vErrors.push(err2);
      }
      errors++;
    }
    if (data.access === undefined) {
      const err3 = {
        instancePath,
        schemaPath: "#/required",
        keyword: "required",
        params: { missingProperty: "access" },
        message: "must have required property '" + "access" + "'",
      };
      if (vErrors === null) {
        vErrors = [err3];
      } else {
        vErrors.push(err3);
      }
      errors++;
    }
    if (data.k3s === undefined) {
      const err4 = {
        instancePath,
        schemaPath: "#/required",
        keyword: "required",
        params: { missingProperty: "k3s" },
        message: "must have required property '" + "k3s" + "'",
      };
      if (vErrors === null) {
        vErrors = [err4];
      } else {
        vErrors.push(err4);
      }
      errors++;
    }
    if (data.nodes === undefined) {
      const err5 = {
        instancePath,
        schemaPath: "#/required",
        keyword: "required",
        params: { missingProperty: "nodes" },
        message: "must have required property '" + "nodes" + "'",
      };
      if (vErrors === null) {
        vErrors = [err5];
      } else {
        vErrors.push(err5);
      }
      errors++;
    }
    for (const key0 in data) {
      if (!func2.call(schema11.properties, key0)) {
        const err6 = {
          instancePath,
          schemaPath: "#/additionalProperties",
          keyword: "additionalProperties",
          params: { additionalProperty: key0 },
          message: "must NOT have additional properties",
        };
        if (vErrors === null) {
          vErrors = [err6];
        } else {
          vErrors.push(err6);
        }
        errors++;
      }
    }
    if (data.$schema !== undefined) {
      if (typeof data.$schema !== "string") {
        const err7 = {
          instancePath: instancePath + "/$schema",
          schemaPath: "#/properties/%24schema/type",
          keyword: "type",
          params: { type: "string" },
          message: "must be string",
        };
        if (vErrors === null) {
          vErrors = [err7];
        } else {
          vErrors.push(err7);
        }
        errors++;
      }
    }
    if (data.version !== undefined) {
      let data1 = data.version;
      if (!(typeof data1 == "number" && isFinite(data1))) {
        const err8 = {
          instancePath: instancePath + "/version",
          schemaPath: "#/properties/version/type",
          keyword: "type",
          params: { type: "number" },
          message: "must be number",
        };
        if (vErrors === null) {
          vErrors = [err8];
        } else {
          vErrors.push(err8);
        }
        errors++;
      }
      if (1 !== data1) {
        const err9 = {
          instancePath: instancePath + "/version",
          schemaPath: "#/properties/version/const",
          keyword: "const",
          params: { allowedValue: 1 },
          message: "must be equal to constant",
        };
        if (vErrors === null) {
          vErrors = [err9];
        } else {
          vErrors.push(err9);
        }
        errors++;
      }
    }
    if (data.cluster !== undefined) {
      let data2 = data.cluster;
      if (data2 && typeof data2 == "object" && !Array.isArray(data2)) {
        if (data2.name === undefined) {
          const err10 = {
            instancePath: instancePath + "/cluster",
            schemaPath: "#/properties/cluster/required",
            keyword: "required",
            params: { missingProperty: "name" },
            message: "must have required property '" + "name" + "'",
          };
          if (vErrors === null) {
            vErrors = [err10];
          } else {
            vErrors.push(err10);
          }
          errors++;
        }
        for (const key1 in data2) {
          if (!(key1 === "name" || key1 === "dnsName" || key1 === "vip" || key1 === "vrrpId")) {
            const err11 = {
              instancePath: instancePath + "/cluster",
              schemaPath: "#/properties/cluster/additionalProperties",
              keyword: "additionalProperties",
              params: { additionalProperty: key1 },
              message: "must NOT have additional properties",
            };
            if (vErrors === null) {
              vErrors = [err11];
            } else {
              vErrors.push(err11);
            }
            errors++;
          }
        }
        if (data2.name !== undefined) {
          let data3 = data2.name;
          if (typeof data3 === "string") {
            if (data3.length > 40) {
              const err12 = {
                instancePath: instancePath + "/cluster/name",
                schemaPath: "#/properties/cluster/properties/name/maxLength",
                keyword: "maxLength",
                params: { limit: 40 },
                message: "must NOT have more than 40 characters",
              };
              if (vErrors === null) {
                vErrors = [err12];
              } else {
                vErrors.push(err12);
              }
              errors++;
            }
          } else {
            const err13 = {
              instancePath: instancePath + "/cluster/name",
              schemaPath: "#/properties/cluster/properties/name/type",
              keyword: "type",
              params: { type: "string" },
              message: "must be string",
            };
            if (vErrors === null) {
              vErrors = [err13];
            } else {
              vErrors.push(err13);
            }
            errors++;
          }
        }
        if (data2.dnsName !== undefined) {
          if (!(typeof data2.dnsName === "string")) {
            const err14 = {
              instancePath: instancePath + "/cluster/dnsName",
              schemaPath: "#/properties/cluster/properties/dnsName/type",
              keyword: "type",
              params: { type: "string" },
              message: "must be string",
            };
            if (vErrors === null) {
              vErrors = [err14];
            } else {
              vErrors.push(err14);
            }
            errors++;
          }
        }
        if (data2.vip !== undefined) {
          if (!(typeof data2.vip === "string")) {
            const err15 = {
              instancePath: instancePath + "/cluster/vip",
              schemaPath: "#/properties/cluster/properties/vip/type",
              keyword: "type",
              params: { type: "string" },
              message: "must be string",
            };
            if (vErrors === null) {
              vErrors = [err15];
            } else {
              vErrors.push(err15);
            }
            errors++;
          }
        }
        if (data2.vrrpId !== undefined) {
          let data6 = data2.vrrpId;
          if (!(typeof data6 == "number" && !(data6 % 1) && !isNaN(data6) && isFinite(data6))) {
            const err16 = {
              instancePath: instancePath + "/cluster/vrrpId",
              schemaPath: "#/properties/cluster/properties/vrrpId/type",
              keyword: "type",
              params: { type: "integer" },
              message: "must be integer",
            };
            if (vErrors === null) {
              vErrors = [err16];
            } else {
              vErrors.push(err16);
            }
            errors++;
          }
          if (typeof data6 == "number" && isFinite(data6)) {
            if (data6 > 255 || isNaN(data6)) {
              const err17 = {
                instancePath: instancePath + "/cluster/vrrpId",
                schemaPath: "#/properties/cluster/properties/vrrpId/maximum",
                keyword: "maximum",
                params: { comparison: "<=", limit: 255 },
                message: "must be <= 255",
              };
              if (vErrors === null) {
                vErrors = [err17];
              } else {
                vErrors.push(err17);
              }
              errors++;
            }
            if (data6 < 1 || isNaN(data6)) {
              const err18 = {
                instancePath: instancePath + "/cluster/vrrpId",
                schemaPath: "#/properties/cluster/properties/vrrpId/minimum",
                keyword: "minimum",
                params: { comparison: ">=", limit: 1 },
                message: "must be >= 1",
              };
              if (vErrors === null) {
                vErrors = [err18];
              } else {
                vErrors.push(err18);
              }
              errors++;
            }
          }
        }
      } else {
        const err19 = {
          instancePath: instancePath + "/cluster",
          schemaPath: "#/properties/cluster/type",
          keyword: "type",
          params: { type: "object" },
          message: "must be object",
        };
        if (vErrors === null) {
          vErrors = [err19];
        } else {
          vErrors.push(err19);
        }
        errors++;
      }
    }
    if (data.network !== undefined) {
      let data7 = data.network;
      if (data7 && typeof data7 == "object" && !Array.isArray(data7)) {
        if (data7.interface === undefined) {
          data7.interface = "eth0";
        }
        if (data7.subnet === undefined) {
          const err20 = {
            instancePath: instancePath + "/network",
            schemaPath: "#/properties/network/required",
            keyword: "required",
            params: { missingProperty: "subnet" },
            message: "must have required property '" + "subnet" + "'",
          };
          if (vErrors === null) {
            vErrors = [err20];
          } else {
            vErrors.push(err20);
          }
          errors++;
        }
        if (data7.gateway === undefined) {
          const err21 = {
            instancePath: instancePath + "/network",
            schemaPath: "#/properties/network/required",
            keyword: "required",
            params: { missingProperty: "gateway" },
            message: "must have required property '" + "gateway" + "'",
          };
          if (vErrors === null) {
            vErrors = [err21];
          } else {
            vErrors.push(err21);
          }
          errors++;
        }
        for (const key2 in data7) {
          if (!(key2 === "subnet" || key2 === "gateway" || key2 === "dns" || key2 === "interface")) {
            const err22 = {
              instancePath: instancePath + "/network",
              schemaPath: "#/properties/network/additionalProperties",
              keyword: "additionalProperties",
              params: { additionalProperty: key2 },
              message: "must NOT have additional properties",
            };
            if (vErrors === null) {
              vErrors = [err22];
            } else {
              vErrors.push(err22);
            }
            errors++;
          }
        }
        if (data7.subnet !== undefined) {
          if (!(typeof data7.subnet === "string")) {
            const err23 = {
              instancePath: instancePath + "/network/subnet",
              schemaPath: "#/properties/network/properties/subnet/type",
              keyword: "type",
              params: { type: "string" },
              message: "must be string",
            };
            if (vErrors === null) {
              vErrors = [err23];
            } else {
              vErrors.push(err23);
            }
            errors++;
          }
        }
        if (data7.gateway !== undefined) {
          if (!(typeof data7.gateway === "string")) {
            const err24 = {
              instancePath: instancePath + "/network/gateway",
              schemaPath: "#/properties/network/properties/gateway/type",
              keyword: "type",
              params: { type: "string" },
              message: "must be string",
            };
            if (vErrors === null) {
              vErrors = [err24];
            } else {
              vErrors.push(err24);
            }
            errors++;
          }
        }
        if (data7.dns !== undefined) {
          let data10 = data7.dns;
          if (Array.isArray(data10)) {
            if (data10.length > 3) {
              const err25 = {
                instancePath: instancePath + "/network/dns",
                schemaPath: "#/properties/network/properties/dns/maxItems",
                keyword: "maxItems",
                params: { limit: 3 },
                message: "must NOT have more than 3 items",
              };
              if (vErrors === null) {
                vErrors = [err25];
              } else {
                vErrors.push(err25);
              }
              errors++;
            }
            if (data10.length < 1) {
              const err26 = {
                instancePath: instancePath + "/network/dns",
                schemaPath: "#/properties/network/properties/dns/minItems",
                keyword: "minItems",
                params: { limit: 1 },
                message: "must NOT have fewer than 1 items",
              };
              if (vErrors === null) {
                vErrors = [err26];
              } else {
                vErrors.push(err26);
              }
              errors++;
            }
            const len0 = data10.length;
            for (let i0 = 0; i0 < len0; i0++) {
              if (!(typeof data10[i0] === "string")) {
                const err27 = {
                  instancePath: instancePath + "/network/dns/" + i0,
                  schemaPath: "#/properties/network/properties/dns/items/type",
                  keyword: "type",
                  params: { type: "string" },
                  message: "must be string",
                };
                if (vErrors === null) {
                  vErrors = [err27];
                } else {
                  vErrors.push(err27);
                }
                errors++;
              }
            }
          } else {
            const err28 = {
              instancePath: instancePath + "/network/dns",
              schemaPath: "#/properties/network/properties/dns/type",
              keyword: "type",
              params: { type: "array" },
              message: "must be array",
            };
            if (vErrors === null) {
              vErrors = [err28];
            } else {
              vErrors.push(err28);
            }
            errors++;
          }
        }
        if (!(typeof data7.interface === "string")) {
          const err29 = {
            instancePath: instancePath + "/network/interface",
            schemaPath: "#/properties/network/properties/interface/type",
            keyword: "type",
            params: { type: "string" },
            message: "must be string",
          };
          if (vErrors === null) {
            vErrors = [err29];
          } else {
            vErrors.push(err29);
          }
          errors++;
        }
      } else {
        const err30 = {
          instancePath: instancePath + "/network",
          schemaPath: "#/properties/network/type",
          keyword: "type",
          params: { type: "object" },
          message: "must be object",
        };
        if (vErrors === null) {
          vErrors = [err30];
        } else {
          vErrors.push(err30);
        }
        errors++;
      }
    }
    let data13 = data.os;
    if (!(data13 === "raspberry-pi-os" || data13 === "ubuntu" || data13 === "debian")) {
      const err31 = {
        instancePath: instancePath + "/os",
        schemaPath: "#/properties/os/enum",
        keyword: "enum",
        params: { allowedValues: schema11.properties.os.enum },
        message: "must be equal to one of the allowed values",
      };
      if (vErrors === null) {
        vErrors = [err31];
      } else {
        vErrors.push(err31);
      }
      errors++;
    }
    if (data.access !== undefined) {
      let data14 = data.access;
      if (data14 && typeof data14 == "object" && !Array.isArray(data14)) {
        if (data14.user === undefined) {
          data14.user = "ops";
        }
        if (data14.authorizedKeys === undefined) {
          const err32 = {
            instancePath: instancePath + "/access",
            schemaPath: "#/properties/access/required",
            keyword: "required",
            params: { missingProperty: "authorizedKeys" },
            message: "must have required property '" + "authorizedKeys" + "'",
          };
          if (vErrors === null) {
            vErrors = [err32];
          } else {
            vErrors.push(err32);
          }
          errors++;
        }
        for (const key3 in data14) {
          if (!(key3 === "user" || key3 === "authorizedKeys")) {
            const err33 = {
              instancePath: instancePath + "/access",
              schemaPath: "#/properties/access/additionalProperties",
              keyword: "additionalProperties",
              params: { additionalProperty: key3 },
              message: "must NOT have additional properties",
            };
            if (vErrors === null) {
              vErrors = [err33];
            } else {
              vErrors.push(err33);
            }
            errors++;
          }
        }
        if (!(typeof data14.user === "string")) {
          const err34 = {
            instancePath: instancePath + "/access/user",
            schemaPath: "#/properties/access/properties/user/type",
            keyword: "type",
            params: { type: "string" },
            message: "must be string",
          };
          if (vErrors === null) {
            vErrors = [err34];
          } else {
            vErrors.push(err34);
          }
          errors++;
        }
        if (data14.authorizedKeys !== undefined) {
          let data16 = data14.authorizedKeys;
          if (Array.isArray(data16)) {
            if (data16.length < 1) {
              const err35 = {
                instancePath: instancePath + "/access/authorizedKeys",
                schemaPath: "#/properties/access/properties/authorizedKeys/minItems",
                keyword: "minItems",
                params: { limit: 1 },
                message: "must NOT have fewer than 1 items",
              };
              if (vErrors === null) {
                vErrors = [err35];
              } else {
                vErrors.push(err35);
              }
              errors++;
            }
            const len1 = data16.length;
            for (let i1 = 0; i1 < len1; i1++) {
              if (typeof data16[i1] !== "string") {
                const err36 = {
                  instancePath: instancePath + "/access/authorizedKeys/" + i1,
                  schemaPath: "#/properties/access/properties/authorizedKeys/items/type",
                  keyword: "type",
                  params: { type: "string" },
                  message: "must be string",
                };
                if (vErrors === null) {
                  vErrors = [err36];
                } else {
                  vErrors.push(err36);
                }
                errors++;
              }
            }
          } else {
            const err37 = {
              instancePath: instancePath + "/access/authorizedKeys",
              schemaPath: "#/properties/access/properties/authorizedKeys/type",
              keyword: "type",
              params: { type: "array" },
              message: "must be array",
            };
            if (vErrors === null) {
              vErrors = [err37];
            } else {
              vErrors.push(err37);
            }
            errors++;
          }
        }
      } else {
        const err38 = {
          instancePath: instancePath + "/access",
          schemaPath: "#/properties/access/type",
          keyword: "type",
          params: { type: "object" },
          message: "must be object",
        };
        if (vErrors === null) {
          vErrors = [err38];
        } else {
          vErrors.push(err38);
        }
        errors++;
      }
    }
    if (data.k3s !== undefined) {
      let data18 = data.k3s;
      if (data18 && typeof data18 == "object" && !Array.isArray(data18)) {
        if (data18.tlsSans === undefined) {
          data18.tlsSans = [];
        }
        if (data18.disable === undefined) {
          data18.disable = [];
        }
        if (data18.clusterCidr === undefined) {
          data18.clusterCidr = "10.42.0.0/16";
        }
        if (data18.serviceCidr === undefined) {
          data18.serviceCidr = "10.43.0.0/16";
        }
        if (data18.flannelBackend === undefined) {
          data18.flannelBackend = "vxlan";
        }
        if (data18.secretsEncryption === undefined) {
          data18.secretsEncryption = true;
        }
        if (data18.snapshots === undefined) {
          data18.snapshots = {};
        }
        if (data18.serverConfig === undefined) {
          data18.serverConfig = {};
        }
        if (data18.agentConfig === undefined) {
          data18.agentConfig = {};
        }
        if (data18.artifacts === undefined) {
          data18.artifacts = {};
        }
        if (data18.version === undefined) {
          const err39 = {
            instancePath: instancePath + "/k3s",
            schemaPath: "#/properties/k3s/required",
            keyword: "required",
            params: { missingProperty: "version" },
            message: "must have required property '" + "version" + "'",
          };
          if (vErrors === null) {
            vErrors = [err39];
          } else {
            vErrors.push(err39);
          }
          errors++;
        }
        for (const key4 in data18) {
          if (!func2.call(schema11.properties.k3s.properties, key4)) {
            const err40 = {
              instancePath: instancePath + "/k3s",
              schemaPath: "#/properties/k3s/additionalProperties",
              keyword: "additionalProperties",
              params: { additionalProperty: key4 },
              message: "must NOT have additional properties",
            };
            if (vErrors === null) {
              vErrors = [err40];
            } else {
              vErrors.push(err40);
            }
            errors++;
          }
        }
        if (data18.version !== undefined) {
          if (!(typeof data18.version === "string")) {
            const err41 = {
              instancePath: instancePath + "/k3s/version",
              schemaPath: "#/properties/k3s/properties/version/type",
              keyword: "type",
              params: { type: "string" },
              message: "must be string",
            };
            if (vErrors === null) {
              vErrors = [err41];
            } else {
              vErrors.push(err41);
            }
            errors++;
          }
        }
        let data20 = data18.tlsSans;
        if (Array.isArray(data20)) {
          const len2 = data20.length;
          for (let i2 = 0; i2 < len2; i2++) {
            if (!(typeof data20[i2] === "string")) {
              const err42 = {
                instancePath: instancePath + "/k3s/tlsSans/" + i2,
                schemaPath: "#/properties/k3s/properties/tlsSans/items/type",
                keyword: "type",
                params: { type: "string" },
                message: "must be string",
              };
              if (vErrors === null) {
                vErrors = [err42];
              } else {
                vErrors.push(err42);
              }
              errors++;
            }
          }
          let i3 = data20.length;
          let j0;
          if (i3 > 1) {
            const indices0 = {};
            for (; i3--;) {
              let item0 = data20[i3];
              if (typeof item0 !== "string") {
                continue;
              }
              if (typeof indices0[item0] == "number") {
                j0 = indices0[item0];
                const err43 = {
                  instancePath: instancePath + "/k3s/tlsSans",
                  schemaPath: "#/properties/k3s/properties/tlsSans/uniqueItems",
                  keyword: "uniqueItems",
                  params: { i: i3, j: j0 },
                  message: "must NOT have duplicate items (items ## " + j0 + " and " + i3 + " are identical)",
                };
                if (vErrors === null) {
                  vErrors = [err43];
                } else {
                  vErrors.push(err43);
                }
                errors++;
                break;
              }
              indices0[item0] = i3;
            }
          }
        } else {
          const err44 = {
            instancePath: instancePath + "/k3s/tlsSans",
            schemaPath: "#/properties/k3s/properties/tlsSans/type",
            keyword: "type",
            params: { type: "array" },
            message: "must be array",
          };
          if (vErrors === null) {
            vErrors = [err44];
          } else {
            vErrors.push(err44);
          }
          errors++;
        }
        let data22 = data18.disable;
        if (Array.isArray(data22)) {
          const len3 = data22.length;
          for (let i4 = 0; i4 < len3; i4++) {
            let data23 = data22[i4];
            if (typeof data23 !== "string") {
              const err45 = {
                instancePath: instancePath + "/k3s/disable/" + i4,
                schemaPath: "#/properties/k3s/properties/disable/items/type",
                keyword: "type",
                params: { type: "string" },
                message: "must be string",
              };
              if (vErrors === null) {
                vErrors = [err45];
              } else {
                vErrors.push(err45);
              }
              errors++;
            }
            if (
              !(
                data23 === "coredns" ||
                data23 === "servicelb" ||
                data23 === "traefik" ||
                data23 === "local-storage" ||
                data23 === "metrics-server" ||
                data23 === "runtimes"
              )
            ) {
              const err46 = {
                instancePath: instancePath + "/k3s/disable/" + i4,
                schemaPath: "#/properties/k3s/properties/disable/items/enum",
                keyword: "enum",
                params: { allowedValues: schema11.properties.k3s.properties.disable.items.enum },
                message: "must be equal to one of the allowed values",
              };
              if (vErrors === null) {
                vErrors = [err46];
              } else {
                vErrors.push(err46);
              }
              errors++;
            }
          }
          let i5 = data22.length;
          let j1;
          if (i5 > 1) {
            const indices1 = {};
            for (; i5--;) {
              let item1 = data22[i5];
              if (typeof item1 !== "string") {
                continue;
              }
              if (typeof indices1[item1] == "number") {
                j1 = indices1[item1];
                const err47 = {
                  instancePath: instancePath + "/k3s/disable",
                  schemaPath: "#/properties/k3s/properties/disable/uniqueItems",
                  keyword: "uniqueItems",
                  params: { i: i5, j: j1 },
                  message: "must NOT have duplicate items (items ## " + j1 + " and " + i5 + " are identical)",
                };
                if (vErrors === null) {
                  vErrors = [err47];
                } else {
                  vErrors.push(err47);
                }
                errors++;
                break;
              }
              indices1[item1] = i5;
            }
          }
        } else {
          const err48 = {
            instancePath: instancePath + "/k3s/disable",
            schemaPath: "#/properties/k3s/properties/disable/type",
            keyword: "type",
            params: { type: "array" },
            message: "must be array",
          };
          if (vErrors === null) {
            vErrors = [err48];
          } else {
            vErrors.push(err48);
          }
          errors++;
        }
        if (!(typeof data18.clusterCidr === "string")) {
          const err49 = {
            instancePath: instancePath + "/k3s/clusterCidr",
            schemaPath: "#/properties/k3s/properties/clusterCidr/type",
            keyword: "type",
            params: { type: "string" },
            message: "must be string",
          };
          if (vErrors === null) {
            vErrors = [err49];
          } else {
            vErrors.push(err49);
          }
          errors++;
        }
        if (!(typeof data18.serviceCidr === "string")) {
          const err50 = {
            instancePath: instancePath + "/k3s/serviceCidr",
            schemaPath: "#/properties/k3s/properties/serviceCidr/type",
            keyword: "type",
            params: { type: "string" },
            message: "must be string",
          };
          if (vErrors === null) {
            vErrors = [err50];
          } else {
            vErrors.push(err50);
          }
          errors++;
        }
        let data26 = data18.flannelBackend;
        if (
          !(data26 === "vxlan" || data26 === "host-gw" || data26 === "wireguard-native" || data26 === "none")
        ) {
          const err51 = {
            instancePath: instancePath + "/k3s/flannelBackend",
            schemaPath: "#/properties/k3s/properties/flannelBackend/enum",
            keyword: "enum",
            params: { allowedValues: schema11.properties.k3s.properties.flannelBackend.enum },
            message: "must be equal to one of the allowed values",
          };
          if (vErrors === null) {
            vErrors = [err51];
          } else {
            vErrors.push(err51);
          }
          errors++;
        }
        if (typeof data18.secretsEncryption !== "boolean") {
          const err52 = {
            instancePath: instancePath + "/k3s/secretsEncryption",
            schemaPath: "#/properties/k3s/properties/secretsEncryption/type",
            keyword: "type",
            params: { type: "boolean" },
            message: "must be boolean",
          };
          if (vErrors === null) {
            vErrors = [err52];
          } else {
            vErrors.push(err52);
          }
          errors++;
        }
        let data28 = data18.snapshots;
        if (data28 && typeof data28 == "object" && !Array.isArray(data28)) {
          if (data28.schedule === undefined) {
            data28.schedule = "0 */6 * * *";
          }
          if (data28.retention === undefined) {
            data28.retention = 12;
          }
          for (const key5 in data28) {
            if (!(key5 === "schedule" || key5 === "retention")) {
              const err53 = {
                instancePath: instancePath + "/k3s/snapshots",
                schemaPath: "#/properties/k3s/properties/snapshots/additionalProperties",
                keyword: "additionalProperties",
                params: { additionalProperty: key5 },
                message: "must NOT have additional properties",
              };
              if (vErrors === null) {
                vErrors = [err53];
              } else {
                vErrors.push(err53);
              }
              errors++;
            }
          }
          if (typeof data28.schedule !== "string") {
            const err54 = {
              instancePath: instancePath + "/k3s/snapshots/schedule",
              schemaPath: "#/properties/k3s/properties/snapshots/properties/schedule/type",
              keyword: "type",
              params: { type: "string" },
              message: "must be string",
            };
            if (vErrors === null) {
              vErrors = [err54];
            } else {
              vErrors.push(err54);
            }
            errors++;
          }
          let data30 = data28.retention;
          if (!(typeof data30 == "number" && !(data30 % 1) && !isNaN(data30) && isFinite(data30))) {
            const err55 = {
              instancePath: instancePath + "/k3s/snapshots/retention",
              schemaPath: "#/properties/k3s/properties/snapshots/properties/retention/type",
              keyword: "type",
              params: { type: "integer" },
              message: "must be integer",
            };
            if (vErrors === null) {
              vErrors = [err55];
            } else {
              vErrors.push(err55);
            }
            errors++;
          }
          if (typeof data30 == "number" && isFinite(data30)) {
            if (data30 > 1000 || isNaN(data30)) {
              const err56 = {
                instancePath: instancePath + "/k3s/snapshots/retention",
                schemaPath: "#/properties/k3s/properties/snapshots/properties/retention/maximum",
                keyword: "maximum",
                params: { comparison: "<=", limit: 1000 },
                message: "must be <= 1000",
              };
              if (vErrors === null) {
                vErrors = [err56];
              } else {
                vErrors.push(err56);
              }
              errors++;
            }
            if (data30 < 1 || isNaN(data30)) {
              const err57 = {
                instancePath: instancePath + "/k3s/snapshots/retention",
                schemaPath: "#/properties/k3s/properties/snapshots/properties/retention/minimum",
                keyword: "minimum",
                params: { comparison: ">=", limit: 1 },
                message: "must be >= 1",
              };
              if (vErrors === null) {
                vErrors = [err57];
              } else {
                vErrors.push(err57);
              }
              errors++;
            }
          }
        } else {
          const err58 = {
            instancePath: instancePath + "/k3s/snapshots",
            schemaPath: "#/properties/k3s/properties/snapshots/type",
            keyword: "type",
            params: { type: "object" },
            message: "must be object",
          };
          if (vErrors === null) {
            vErrors = [err58];
          } else {
            vErrors.push(err58);
          }
          errors++;
        }
        let data31 = data18.serverConfig;
        if (data31 && typeof data31 == "object" && !Array.isArray(data31)) {
          for (const key6 in data31) {
            if (pattern0.test(key6)) {
              let data32 = data31[key6];
              if (
                typeof data32 !== "string" &&
                !(typeof data32 == "number" && isFinite(data32)) &&
                typeof data32 !== "boolean" &&
                !Array.isArray(data32)
              ) {
                const err59 = {
                  instancePath:
                    instancePath + "/k3s/serverConfig/" + key6.replace(/~/g, "~0").replace(/\//g, "~1"),
                  schemaPath:
                    "#/properties/k3s/properties/serverConfig/patternProperties/%5E%5Ba-z%5D%5Ba-z0-9-%5D*%5C%2B%3F%24/type",
                  keyword: "type",
                  params: {
                    type: schema11.properties.k3s.properties.serverConfig.patternProperties[
                      "^[a-z][a-z0-9-]*\\+?$"
                    ].type,
                  },
                  message: "must be string,number,boolean,array",
                };
                if (vErrors === null) {
                  vErrors = [err59];
                } else {
                  vErrors.push(err59);
                }
                errors++;
              }
              if (Array.isArray(data32)) {
                if (data32.length < 1) {
                  const err60 = {
                    instancePath:
                      instancePath + "/k3s/serverConfig/" + key6.replace(/~/g, "~0").replace(/\//g, "~1"),
                    schemaPath:
                      "#/properties/k3s/properties/serverConfig/patternProperties/%5E%5Ba-z%5D%5Ba-z0-9-%5D*%5C%2B%3F%24/minItems",
                    keyword: "minItems",
                    params: { limit: 1 },
                    message: "must NOT have fewer than 1 items",
                  };
                  if (vErrors === null) {
                    vErrors = [err60];
                  } else {
                    vErrors.push(err60);
                  }
                  errors++;
                }
                const len4 = data32.length;
                for (let i6 = 0; i6 < len4; i6++) {
                  if (typeof data32[i6] !== "string") {
                    const err61 = {
                      instancePath:
                        instancePath +
                        "/k3s/serverConfig/" +
                        key6.replace(/~/g, "~0").replace(/\//g, "~1") +
                        "/" +
                        i6,
                      schemaPath:
                        "#/properties/k3s/properties/serverConfig/patternProperties/%5E%5Ba-z%5D%5Ba-z0-9-%5D*%5C%2B%3F%24/items/type",
                      keyword: "type",
                      params: { type: "string" },
                      message: "must be string",
                    };
                    if (vErrors === null) {
                      vErrors = [err61];
                    } else {
                      vErrors.push(err61);
                    }
                    errors++;
                  }
                }
              }
            }
          }
        } else {
          const err62 = {
            instancePath: instancePath + "/k3s/serverConfig",
            schemaPath: "#/properties/k3s/properties/serverConfig/type",
            keyword: "type",
            params: { type: "object" },
            message: "must be object",
          };
          if (vErrors === null) {
            vErrors = [err62];
          } else {
            vErrors.push(err62);
          }
          errors++;
        }
        let data34 = data18.agentConfig;
        if (data34 && typeof data34 == "object" && !Array.isArray(data34)) {
          for (const key7 in data34) {
            if (pattern0.test(key7)) {
              let data35 = data34[key7];
              if (
                typeof data35 !== "string" &&
                !(typeof data35 == "number" && isFinite(data35)) &&
                typeof data35 !== "boolean" &&
                !Array.isArray(data35)
              ) {
                const err63 = {
                  instancePath:
                    instancePath + "/k3s/agentConfig/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),
                  schemaPath:
                    "#/properties/k3s/properties/agentConfig/patternProperties/%5E%5Ba-z%5D%5Ba-z0-9-%5D*%5C%2B%3F%24/type",
                  keyword: "type",
                  params: {
                    type: schema11.properties.k3s.properties.agentConfig.patternProperties[
                      "^[a-z][a-z0-9-]*\\+?$"
                    ].type,
                  },
                  message: "must be string,number,boolean,array",
                };
                if (vErrors === null) {
                  vErrors = [err63];
                } else {
                  vErrors.push(err63);
                }
                errors++;
              }
              if (Array.isArray(data35)) {
                if (data35.length < 1) {
                  const err64 = {
                    instancePath:
                      instancePath + "/k3s/agentConfig/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),
                    schemaPath:
                      "#/properties/k3s/properties/agentConfig/patternProperties/%5E%5Ba-z%5D%5Ba-z0-9-%5D*%5C%2B%3F%24/minItems",
                    keyword: "minItems",
                    params: { limit: 1 },
                    message: "must NOT have fewer than 1 items",
                  };
                  if (vErrors === null) {
                    vErrors = [err64];
                  } else {
                    vErrors.push(err64);
                  }
                  errors++;
                }
                const len5 = data35.length;
                for (let i7 = 0; i7 < len5; i7++) {
                  if (typeof data35[i7] !== "string") {
                    const err65 = {
                      instancePath:
                        instancePath +
                        "/k3s/agentConfig/" +
                        key7.replace(/~/g, "~0").replace(/\//g, "~1") +
                        "/" +
                        i7,
                      schemaPath:
                        "#/properties/k3s/properties/agentConfig/patternProperties/%5E%5Ba-z%5D%5Ba-z0-9-%5D*%5C%2B%3F%24/items/type",
                      keyword: "type",
                      params: { type: "string" },
                      message: "must be string",
                    };
                    if (vErrors === null) {
                      vErrors = [err65];
                    } else {
                      vErrors.push(err65);
                    }
                    errors++;
                  }
                }
              }
            }
          }
        } else {
          const err66 = {
            instancePath: instancePath + "/k3s/agentConfig",
            schemaPath: "#/properties/k3s/properties/agentConfig/type",
            keyword: "type",
            params: { type: "object" },
            message: "must be object",
          };
          if (vErrors === null) {
            vErrors = [err66];
          } else {
            vErrors.push(err66);
          }
          errors++;
        }
        let data37 = data18.artifacts;
        if (data37 && typeof data37 == "object" && !Array.isArray(data37)) {
          if (data37.installScript === undefined) {
            data37.installScript = "https://get.k3s.io";
          }
          if (data37.mirror === undefined) {
            data37.mirror = "https://github.com/k3s-io/k3s/releases/download";
          }
          for (const key8 in data37) {
            if (!(key8 === "installScript" || key8 === "installScriptSha256" || key8 === "mirror")) {
              const err67 = {
                instancePath: instancePath + "/k3s/artifacts",
                schemaPath: "#/properties/k3s/properties/artifacts/additionalProperties",
                keyword: "additionalProperties",
                params: { additionalProperty: key8 },
                message: "must NOT have additional properties",
              };
              if (vErrors === null) {
                vErrors = [err67];
              } else {
                vErrors.push(err67);
              }
              errors++;
            }
          }
          if (!(typeof data37.installScript === "string")) {
            const err68 = {
              instancePath: instancePath + "/k3s/artifacts/installScript",
              schemaPath: "#/properties/k3s/properties/artifacts/properties/installScript/type",
              keyword: "type",
              params: { type: "string" },
              message: "must be string",
            };
            if (vErrors === null) {
              vErrors = [err68];
            } else {
              vErrors.push(err68);
            }
            errors++;
          }
          if (data37.installScriptSha256 !== undefined) {
            if (!(typeof data37.installScriptSha256 === "string")) {
              const err69 = {
                instancePath: instancePath + "/k3s/artifacts/installScriptSha256",
                schemaPath: "#/properties/k3s/properties/artifacts/properties/installScriptSha256/type",
                keyword: "type",
                params: { type: "string" },
                message: "must be string",
              };
              if (vErrors === null) {
                vErrors = [err69];
              } else {
                vErrors.push(err69);
              }
              errors++;
            }
          }
          if (!(typeof data37.mirror === "string")) {
            const err70 = {
              instancePath: instancePath + "/k3s/artifacts/mirror",
              schemaPath: "#/properties/k3s/properties/artifacts/properties/mirror/type",
              keyword: "type",
              params: { type: "string" },
              message: "must be string",
            };
            if (vErrors === null) {
              vErrors = [err70];
            } else {
              vErrors.push(err70);
            }
            errors++;
          }
        } else {
          const err71 = {
            instancePath: instancePath + "/k3s/artifacts",
            schemaPath: "#/properties/k3s/properties/artifacts/type",
            keyword: "type",
            params: { type: "object" },
            message: "must be object",
          };
          if (vErrors === null) {
            vErrors = [err71];
          } else {
            vErrors.push(err71);
          }
          errors++;
        }
      } else {
        const err72 = {
          instancePath: instancePath + "/k3s",
          schemaPath: "#/properties/k3s/type",
          keyword: "type",
          params: { type: "object" },
          message: "must be object",
        };
        if (vErrors === null) {
          vErrors = [err72];
        } else {
          vErrors.push(err72);
        }
        errors++;
      }
    }
    let data41 = data.ingress;
    if (data41 && typeof data41 == "object" && !Array.isArray(data41)) {
      if (data41.kind === undefined) {
        data41.kind = "traefik";
      }
      if (data41.ports === undefined) {
        data41.ports = [80, 443];
      }
      for (const key9 in data41) {
        if (!(key9 === "kind" || key9 === "ports")) {
          const err73 = {
            instancePath: instancePath + "/ingress",
            schemaPath: "#/properties/ingress/additionalProperties",
            keyword: "additionalProperties",
            params: { additionalProperty: key9 },
            message: "must NOT have additional properties",
          };
          if (vErrors === null) {
            vErrors = [err73];
          } else {
            vErrors.push(err73);
          }
          errors++;
        }
      }
      let data42 = data41.kind;
      if (!(data42 === "traefik" || data42 === "none")) {
        const err74 = {
          instancePath: instancePath + "/ingress/kind",
          schemaPath: "#/properties/ingress/properties/kind/enum",
          keyword: "enum",
          params: { allowedValues: schema11.properties.ingress.properties.kind.enum },
          message: "must be equal to one of the allowed values",
        };
        if (vErrors === null) {
          vErrors = [err74];
        } else {
          vErrors.push(err74);
        }
        errors++;
      }
      let data43 = data41.ports;
      if (Array.isArray(data43)) {
        if (data43.length < 2) {
          const err75 = {
            instancePath: instancePath + "/ingress/ports",
            schemaPath: "#/properties/ingress/properties/ports/minItems",
            keyword: "minItems",
            params: { limit: 2 },
            message: "must NOT have fewer than 2 items",
          };
          if (vErrors === null) {
            vErrors = [err75];
          } else {
            vErrors.push(err75);
          }
          errors++;
        }
        const len6 = data43.length;
        if (!(len6 <= 2)) {
          const err76 = {
            instancePath: instancePath + "/ingress/ports",
            schemaPath: "#/properties/ingress/properties/ports/additionalItems",
            keyword: "additionalItems",
            params: { limit: 2 },
            message: "must NOT have more than 2 items",
          };
          if (vErrors === null) {
            vErrors = [err76];
          } else {
            vErrors.push(err76);
          }
          errors++;
        }
        const len7 = data43.length;
        if (len7 > 0) {
          let data44 = data43[0];
          if (!(typeof data44 == "number" && !(data44 % 1) && !isNaN(data44) && isFinite(data44))) {
            const err77 = {
              instancePath: instancePath + "/ingress/ports/0",
              schemaPath: "#/properties/ingress/properties/ports/items/0/type",
              keyword: "type",
              params: { type: "integer" },
              message: "must be integer",
            };
            if (vErrors === null) {
              vErrors = [err77];
            } else {
              vErrors.push(err77);
            }
            errors++;
          }
          if (typeof data44 == "number" && isFinite(data44)) {
            if (data44 > 65535 || isNaN(data44)) {
              const err78 = {
                instancePath: instancePath + "/ingress/ports/0",
                schemaPath: "#/properties/ingress/properties/ports/items/0/maximum",
                keyword: "maximum",
                params: { comparison: "<=", limit: 65535 },
                message: "must be <= 65535",
              };
              if (vErrors === null) {
                vErrors = [err78];
              } else {
                vErrors.push(err78);
              }
              errors++;
            }
            if (data44 < 1 || isNaN(data44)) {
              const err79 = {
                instancePath: instancePath + "/ingress/ports/0",
                schemaPath: "#/properties/ingress/properties/ports/items/0/minimum",
                keyword: "minimum",
                params: { comparison: ">=", limit: 1 },
                message: "must be >= 1",
              };
              if (vErrors === null) {
                vErrors = [err79];
              } else {
                vErrors.push(err79);
              }
              errors++;
            }
          }
        }
        if (len7 > 1) {
          let data45 = data43[1];
          if (!(typeof data45 == "number" && !(data45 % 1) && !isNaN(data45) && isFinite(data45))) {
            const err80 = {
              instancePath: instancePath + "/ingress/ports/1",
              schemaPath: "#/properties/ingress/properties/ports/items/1/type",
              keyword: "type",
              params: { type: "integer" },
              message: "must be integer",
            };
            if (vErrors === null) {
              vErrors = [err80];
            } else {
              vErrors.push(err80);
            }
            errors++;
          }
          if (typeof data45 == "number" && isFinite(data45)) {
            if (data45 > 65535 || isNaN(data45)) {
              const err81 = {
                instancePath: instancePath + "/ingress/ports/1",
                schemaPath: "#/properties/ingress/properties/ports/items/1/maximum",
                keyword: "maximum",
                params: { comparison: "<=", limit: 65535 },
                message: "must be <= 65535",
              };
              if (vErrors === null) {
                vErrors = [err81];
              } else {
                vErrors.push(err81);
              }
              errors++;
            }
            if (data45 < 1 || isNaN(data45)) {
              const err82 = {
                instancePath: instancePath + "/ingress/ports/1",
                schemaPath: "#/properties/ingress/properties/ports/items/1/minimum",
                keyword: "minimum",
                params: { comparison: ">=", limit: 1 },
                message: "must be >= 1",
              };
              if (vErrors === null) {
                vErrors = [err82];
              } else {
                vErrors.push(err82);
              }
              errors++;
            }
          }
        }
      } else {
        const err83 = {
          instancePath: instancePath + "/ingress/ports",
          schemaPath: "#/properties/ingress/properties/ports/type",
          keyword: "type",
          params: { type: "array" },
          message: "must be array",
        };
        if (vErrors === null) {
          vErrors = [err83];
        } else {
          vErrors.push(err83);
        }
        errors++;
      }
    } else {
      const err84 = {
        instancePath: instancePath + "/ingress",
        schemaPath: "#/properties/ingress/type",
        keyword: "type",
        params: { type: "object" },
        message: "must be object",
      };
      if (vErrors === null) {
        vErrors = [err84];
      } else {
        vErrors.push(err84);
      }
      errors++;
    }
    let data46 = data.loadBalancer;
    if (data46 && typeof data46 == "object" && !Array.isArray(data46)) {
      if (data46.apiPort === undefined) {
        data46.apiPort = 6443;
      }
      if (data46.statusPort === undefined) {
        data46.statusPort = 8404;
      }
      if (data46.maxConnections === undefined) {
        data46.maxConnections = 4000;
      }
      for (const key10 in data46) {
        if (!(key10 === "apiPort" || key10 === "statusPort" || key10 === "maxConnections")) {
          const err85 = {
            instancePath: instancePath + "/loadBalancer",
            schemaPath: "#/properties/loadBalancer/additionalProperties",
            keyword: "additionalProperties",
            params: { additionalProperty: key10 },
            message: "must NOT have additional properties",
          };
          if (vErrors === null) {
            vErrors = [err85];
          } else {
            vErrors.push(err85);
          }
          errors++;
        }
      }
      let data47 = data46.apiPort;
      if (!(typeof data47 == "number" && !(data47 % 1) && !isNaN(data47) && isFinite(data47))) {
        const err86 = {
          instancePath: instancePath + "/loadBalancer/apiPort",
          schemaPath: "#/properties/loadBalancer/properties/apiPort/type",
          keyword: "type",
          params: { type: "integer" },
          message: "must be integer",
        };
        if (vErrors === null) {
          vErrors = [err86];
        } else {
          vErrors.push(err86);
        }
        errors++;
      }
      if (typeof data47 == "number" && isFinite(data47)) {
        if (data47 > 65535 || isNaN(data47)) {
          const err87 = {
            instancePath: instancePath + "/loadBalancer/apiPort",
            schemaPath: "#/properties/loadBalancer/properties/apiPort/maximum",
            keyword: "maximum",
            params: { comparison: "<=", limit: 65535 },
            message: "must be <= 65535",
          };
          if (vErrors === null) {
            vErrors = [err87];
          } else {
            vErrors.push(err87);
          }
          errors++;
        }
        if (data47 < 1 || isNaN(data47)) {
          const err88 = {
            instancePath: instancePath + "/loadBalancer/apiPort",
            schemaPath: "#/properties/loadBalancer/properties/apiPort/minimum",
            keyword: "minimum",
            params: { comparison: ">=", limit: 1 },
            message: "must be >= 1",
          };
          if (vErrors === null) {
            vErrors = [err88];
          } else {
            vErrors.push(err88);
          }
          errors++;
        }
      }
      let data48 = data46.statusPort;
      if (!(typeof data48 == "number" && !(data48 % 1) && !isNaN(data48) && isFinite(data48))) {
        const err89 = {
          instancePath: instancePath + "/loadBalancer/statusPort",
          schemaPath: "#/properties/loadBalancer/properties/statusPort/type",
          keyword: "type",
          params: { type: "integer" },
          message: "must be integer",
        };
        if (vErrors === null) {
          vErrors = [err89];
        } else {
          vErrors.push(err89);
        }
        errors++;
      }
      if (typeof data48 == "number" && isFinite(data48)) {
        if (data48 > 65535 || isNaN(data48)) {
          const err90 = {
            instancePath: instancePath + "/loadBalancer/statusPort",
            schemaPath: "#/properties/loadBalancer/properties/statusPort/maximum",
            keyword: "maximum",
            params: { comparison: "<=", limit: 65535 },
            message: "must be <= 65535",
          };
          if (vErrors === null) {
            vErrors = [err90];
          } else {
            vErrors.push(err90);
          }
          errors++;
        }
        if (data48 < 1 || isNaN(data48)) {
          const err91 = {
            instancePath: instancePath + "/loadBalancer/statusPort",
            schemaPath: "#/properties/loadBalancer/properties/statusPort/minimum",
            keyword: "minimum",
            params: { comparison: ">=", limit: 1 },
            message: "must be >= 1",
          };
          if (vErrors === null) {
            vErrors = [err91];
          } else {
            vErrors.push(err91);
          }
          errors++;
        }
      }
      let data49 = data46.maxConnections;
      if (!(typeof data49 == "number" && !(data49 % 1) && !isNaN(data49) && isFinite(data49))) {
        const err92 = {
          instancePath: instancePath + "/loadBalancer/maxConnections",
          schemaPath: "#/properties/loadBalancer/properties/maxConnections/type",
          keyword: "type",
          params: { type: "integer" },
          message: "must be integer",
        };
        if (vErrors === null) {
          vErrors = [err92];
        } else {
          vErrors.push(err92);
        }
        errors++;
      }
      if (typeof data49 == "number" && isFinite(data49)) {
        if (data49 > 100000 || isNaN(data49)) {
          const err93 = {
            instancePath: instancePath + "/loadBalancer/maxConnections",
            schemaPath: "#/properties/loadBalancer/properties/maxConnections/maximum",
            keyword: "maximum",
            params: { comparison: "<=", limit: 100000 },
            message: "must be <= 100000",
          };
          if (vErrors === null) {
            vErrors = [err93];
          } else {
            vErrors.push(err93);
          }
          errors++;
        }
        if (data49 < 100 || isNaN(data49)) {
          const err94 = {
            instancePath: instancePath + "/loadBalancer/maxConnections",
            schemaPath: "#/properties/loadBalancer/properties/maxConnections/minimum",
            keyword: "minimum",
            params: { comparison: ">=", limit: 100 },
            message: "must be >= 100",
          };
          if (vErrors === null) {
            vErrors = [err94];
          } else {
            vErrors.push(err94);
          }
          errors++;
        }
      }
    } else {
      const err95 = {
        instancePath: instancePath + "/loadBalancer",
        schemaPath: "#/properties/loadBalancer/type",
        keyword: "type",
        params: { type: "object" },
        message: "must be object",
      };
      if (vErrors === null) {
        vErrors = [err95];
      } else {
        vErrors.push(err95);
      }
      errors++;
    }
    let data50 = data.rollout;
    if (data50 && typeof data50 == "object" && !Array.isArray(data50)) {
      if (data50.drain === undefined) {
        data50.drain = true;
      }
      if (data50.agentBatch === undefined) {
        data50.agentBatch = 1;
      }
      for (const key11 in data50) {
        if (!(key11 === "drain" || key11 === "agentBatch")) {
          const err96 = {
            instancePath: instancePath + "/rollout",
            schemaPath: "#/properties/rollout/additionalProperties",
            keyword: "additionalProperties",
            params: { additionalProperty: key11 },
            message: "must NOT have additional properties",
          };
          if (vErrors === null) {
            vErrors = [err96];
          } else {
            vErrors.push(err96);
          }
          errors++;
        }
      }
      if (typeof data50.drain !== "boolean") {
        const err97 = {
          instancePath: instancePath + "/rollout/drain",
          schemaPath: "#/properties/rollout/properties/drain/type",
          keyword: "type",
          params: { type: "boolean" },
          message: "must be boolean",
        };
        if (vErrors === null) {
          vErrors = [err97];
        } else {
          vErrors.push(err97);
        }
        errors++;
      }
      let data52 = data50.agentBatch;
      if (!(typeof data52 == "number" && !(data52 % 1) && !isNaN(data52) && isFinite(data52))) {
        const err98 = {
          instancePath: instancePath + "/rollout/agentBatch",
          schemaPath: "#/properties/rollout/properties/agentBatch/type",
          keyword: "type",
          params: { type: "integer" },
          message: "must be integer",
        };
        if (vErrors === null) {
          vErrors = [err98];
        } else {
          vErrors.push(err98);
        }
        errors++;
      }
      if (typeof data52 == "number" && isFinite(data52)) {
        if (data52 > 100 || isNaN(data52)) {
          const err99 = {
            instancePath: instancePath + "/rollout/agentBatch",
            schemaPath: "#/properties/rollout/properties/agentBatch/maximum",
            keyword: "maximum",
            params: { comparison: "<=", limit: 100 },
            message: "must be <= 100",
          };
          if (vErrors === null) {
            vErrors = [err99];
          } else {
            vErrors.push(err99);
          }
          errors++;
        }
        if (data52 < 1 || isNaN(data52)) {
          const err100 = {
            instancePath: instancePath + "/rollout/agentBatch",
            schemaPath: "#/properties/rollout/properties/agentBatch/minimum",
            keyword: "minimum",
            params: { comparison: ">=", limit: 1 },
            message: "must be >= 1",
          };
          if (vErrors === null) {
            vErrors = [err100];
          } else {
            vErrors.push(err100);
          }
          errors++;
        }
      }
    } else {
      const err101 = {
        instancePath: instancePath + "/rollout",
        schemaPath: "#/properties/rollout/type",
        keyword: "type",
        params: { type: "object" },
        message: "must be object",
      };
      if (vErrors === null) {
        vErrors = [err101];
      } else {
        vErrors.push(err101);
      }
      errors++;
    }
    let data53 = data.secrets;
    if (data53 && typeof data53 == "object" && !Array.isArray(data53)) {
      if (data53.generations === undefined) {
        data53.generations = {};
      }
      for (const key12 in data53) {
        if (!(key12 === "generations")) {
          const err102 = {
            instancePath: instancePath + "/secrets",
            schemaPath: "#/properties/secrets/additionalProperties",
            keyword: "additionalProperties",
            params: { additionalProperty: key12 },
            message: "must NOT have additional properties",
          };
          if (vErrors === null) {
            vErrors = [err102];
          } else {
            vErrors.push(err102);
          }
          errors++;
        }
      }
      let data54 = data53.generations;
      if (data54 && typeof data54 == "object" && !Array.isArray(data54)) {
        if (data54.serverToken === undefined) {
          data54.serverToken = 1;
        }
        if (data54.agentToken === undefined) {
          data54.agentToken = 1;
        }
        if (data54.sshHostKey === undefined) {
          data54.sshHostKey = 1;
        }
        for (const key13 in data54) {
          if (!(key13 === "serverToken" || key13 === "agentToken" || key13 === "sshHostKey")) {
            const err103 = {
              instancePath: instancePath + "/secrets/generations",
              schemaPath: "#/properties/secrets/properties/generations/additionalProperties",
              keyword: "additionalProperties",
              params: { additionalProperty: key13 },
              message: "must NOT have additional properties",
            };
            if (vErrors === null) {
              vErrors = [err103];
            } else {
              vErrors.push(err103);
            }
            errors++;
          }
        }
        let data55 = data54.serverToken;
        if (!(typeof data55 == "number" && !(data55 % 1) && !isNaN(data55) && isFinite(data55))) {
          const err104 = {
            instancePath: instancePath + "/secrets/generations/serverToken",
            schemaPath: "#/properties/secrets/properties/generations/properties/serverToken/type",
            keyword: "type",
            params: { type: "integer" },
            message: "must be integer",
          };
          if (vErrors === null) {
            vErrors = [err104];
          } else {
            vErrors.push(err104);
          }
          errors++;
        }
        if (typeof data55 == "number" && isFinite(data55)) {
          if (data55 > 9999 || isNaN(data55)) {
            const err105 = {
              instancePath: instancePath + "/secrets/generations/serverToken",
              schemaPath: "#/properties/secrets/properties/generations/properties/serverToken/maximum",
              keyword: "maximum",
              params: { comparison: "<=", limit: 9999 },
              message: "must be <= 9999",
            };
            if (vErrors === null) {
              vErrors = [err105];
            } else {
              vErrors.push(err105);
            }
            errors++;
          }
          if (data55 < 1 || isNaN(data55)) {
            const err106 = {
              instancePath: instancePath + "/secrets/generations/serverToken",
              schemaPath: "#/properties/secrets/properties/generations/properties/serverToken/minimum",
              keyword: "minimum",
              params: { comparison: ">=", limit: 1 },
              message: "must be >= 1",
            };
            if (vErrors === null) {
              vErrors = [err106];
            } else {
              vErrors.push(err106);
            }
            errors++;
          }
        }
        let data56 = data54.agentToken;
        if (!(typeof data56 == "number" && !(data56 % 1) && !isNaN(data56) && isFinite(data56))) {
          const err107 = {
            instancePath: instancePath + "/secrets/generations/agentToken",
            schemaPath: "#/properties/secrets/properties/generations/properties/agentToken/type",
            keyword: "type",
            params: { type: "integer" },
            message: "must be integer",
          };
          if (vErrors === null) {
            vErrors = [err107];
          } else {
            vErrors.push(err107);
          }
          errors++;
        }
        if (typeof data56 == "number" && isFinite(data56)) {
          if (data56 > 9999 || isNaN(data56)) {
            const err108 = {
              instancePath: instancePath + "/secrets/generations/agentToken",
              schemaPath: "#/properties/secrets/properties/generations/properties/agentToken/maximum",
              keyword: "maximum",
              params: { comparison: "<=", limit: 9999 },
              message: "must be <= 9999",
            };
            if (vErrors === null) {
              vErrors = [err108];
            } else {
              vErrors.push(err108);
            }
            errors++;
          }
          if (data56 < 1 || isNaN(data56)) {
            const err109 = {
              instancePath: instancePath + "/secrets/generations/agentToken",
              schemaPath: "#/properties/secrets/properties/generations/properties/agentToken/minimum",
              keyword: "minimum",
              params: { comparison: ">=", limit: 1 },
              message: "must be >= 1",
            };
            if (vErrors === null) {
              vErrors = [err109];
            } else {
              vErrors.push(err109);
            }
            errors++;
          }
        }
        let data57 = data54.sshHostKey;
        if (!(typeof data57 == "number" && !(data57 % 1) && !isNaN(data57) && isFinite(data57))) {
          const err110 = {
            instancePath: instancePath + "/secrets/generations/sshHostKey",
            schemaPath: "#/properties/secrets/properties/generations/properties/sshHostKey/type",
            keyword: "type",
            params: { type: "integer" },
            message: "must be integer",
          };
          if (vErrors === null) {
            vErrors = [err110];
          } else {
            vErrors.push(err110);
          }
          errors++;
        }
        if (typeof data57 == "number" && isFinite(data57)) {
          if (data57 > 9999 || isNaN(data57)) {
            const err111 = {
              instancePath: instancePath + "/secrets/generations/sshHostKey",
              schemaPath: "#/properties/secrets/properties/generations/properties/sshHostKey/maximum",
              keyword: "maximum",
              params: { comparison: "<=", limit: 9999 },
              message: "must be <= 9999",
            };
            if (vErrors === null) {
              vErrors = [err111];
            } else {
              vErrors.push(err111);
            }
            errors++;
          }
          if (data57 < 1 || isNaN(data57)) {
            const err112 = {
              instancePath: instancePath + "/secrets/generations/sshHostKey",
              schemaPath: "#/properties/secrets/properties/generations/properties/sshHostKey/minimum",
              keyword: "minimum",
              params: { comparison: ">=", limit: 1 },
              message: "must be >= 1",
            };
            if (vErrors === null) {
              vErrors = [err112];
            } else {
              vErrors.push(err112);
            }
            errors++;
          }
        }
      } else {
        const err113 = {
          instancePath: instancePath + "/secrets/generations",
          schemaPath: "#/properties/secrets/properties/generations/type",
          keyword: "type",
          params: { type: "object" },
          message: "must be object",
        };
        if (vErrors === null) {
          vErrors = [err113];
        } else {
          vErrors.push(err113);
        }
        errors++;
      }
    } else {
      const err114 = {
        instancePath: instancePath + "/secrets",
        schemaPath: "#/properties/secrets/type",
        keyword: "type",
        params: { type: "object" },
        message: "must be object",
      };
      if (vErrors === null) {
        vErrors = [err114];
      } else {
        vErrors.push(err114);
      }
      errors++;
    }
    if (data.nodes !== undefined) {
      let data58 = data.nodes;
      if (Array.isArray(data58)) {
        if (data58.length > 5000) {
          const err115 = {
            instancePath: instancePath + "/nodes",
            schemaPath: "#/properties/nodes/maxItems",
            keyword: "maxItems",
            params: { limit: 5000 },
            message: "must NOT have more than 5000 items",
          };
          if (vErrors === null) {
            vErrors = [err115];
          } else {
            vErrors.push(err115);
          }
          errors++;
        }
        if (data58.length < 1) {
          const err116 = {
            instancePath: instancePath + "/nodes",
            schemaPath: "#/properties/nodes/minItems",
            keyword: "minItems",
            params: { limit: 1 },
            message: "must NOT have fewer than 1 items",
          };
          if (vErrors === null) {
            vErrors = [err116];
          } else {
            vErrors.push(err116);
          }
          errors++;
        }
        const len8 = data58.length;
        for (let i8 = 0; i8 < len8; i8++) {
          let data59 = data58[i8];
          if (data59 && typeof data59 == "object" && !Array.isArray(data59)) {
            if (data59.disk === undefined) {
              data59.disk = "sd";
            }
            if (data59.labels === undefined) {
              data59.labels = {};
            }
            if (data59.taints === undefined) {
              data59.taints = [];
            }
            if (data59.name === undefined) {
              const err117 = {
                instancePath: instancePath + "/nodes/" + i8,
                schemaPath: "#/properties/nodes/items/required",
                keyword: "required",
                params: { missingProperty: "name" },
                message: "must have required property '" + "name" + "'",
              };
              if (vErrors === null) {
                vErrors = [err117];
              } else {
                vErrors.push(err117);
              }
              errors++;
            }
            if (data59.role === undefined) {
              const err118 = {
                instancePath: instancePath + "/nodes/" + i8,
                schemaPath: "#/properties/nodes/items/required",
                keyword: "required",
                params: { missingProperty: "role" },
                message: "must have required property '" + "role" + "'",
              };
              if (vErrors === null) {
                vErrors = [err118];
              } else {
                vErrors.push(err118);
              }
              errors++;
            }
            if (data59.address === undefined) {
              const err119 = {
                instancePath: instancePath + "/nodes/" + i8,
                schemaPath: "#/properties/nodes/items/required",
                keyword: "required",
                params: { missingProperty: "address" },
                message: "must have required property '" + "address" + "'",
              };
              if (vErrors === null) {
                vErrors = [err119];
              } else {
                vErrors.push(err119);
              }
              errors++;
            }
            for (const key14 in data59) {
              if (!func2.call(schema11.properties.nodes.items.properties, key14)) {
                const err120 = {
                  instancePath: instancePath + "/nodes/" + i8,
                  schemaPath: "#/properties/nodes/items/additionalProperties",
                  keyword: "additionalProperties",
                  params: { additionalProperty: key14 },
                  message: "must NOT have additional properties",
                };
                if (vErrors === null) {
                  vErrors = [err120];
                } else {
                  vErrors.push(err120);
                }
                errors++;
              }
            }
            if (data59.name !== undefined) {
              if (!(typeof data59.name === "string")) {
                const err121 = {
                  instancePath: instancePath + "/nodes/" + i8 + "/name",
                  schemaPath: "#/properties/nodes/items/properties/name/type",
                  keyword: "type",
                  params: { type: "string" },
                  message: "must be string",
                };
                if (vErrors === null) {
                  vErrors = [err121];
                } else {
                  vErrors.push(err121);
                }
                errors++;
              }
            }
            if (data59.role !== undefined) {
              let data61 = data59.role;
              if (!(data61 === "server" || data61 === "agent" || data61 === "loadbalancer")) {
                const err122 = {
                  instancePath: instancePath + "/nodes/" + i8 + "/role",
                  schemaPath: "#/properties/nodes/items/properties/role/enum",
                  keyword: "enum",
                  params: { allowedValues: schema11.properties.nodes.items.properties.role.enum },
                  message: "must be equal to one of the allowed values",
                };
                if (vErrors === null) {
                  vErrors = [err122];
                } else {
                  vErrors.push(err122);
                }
                errors++;
              }
            }
            if (data59.address !== undefined) {
              if (!(typeof data59.address === "string")) {
                const err123 = {
                  instancePath: instancePath + "/nodes/" + i8 + "/address",
                  schemaPath: "#/properties/nodes/items/properties/address/type",
                  keyword: "type",
                  params: { type: "string" },
                  message: "must be string",
                };
                if (vErrors === null) {
                  vErrors = [err123];
                } else {
                  vErrors.push(err123);
                }
                errors++;
              }
            }
            if (data59.mac !== undefined) {
              if (!(typeof data59.mac === "string")) {
                const err124 = {
                  instancePath: instancePath + "/nodes/" + i8 + "/mac",
                  schemaPath: "#/properties/nodes/items/properties/mac/type",
                  keyword: "type",
                  params: { type: "string" },
                  message: "must be string",
                };
                if (vErrors === null) {
                  vErrors = [err124];
                } else {
                  vErrors.push(err124);
                }
                errors++;
              }
            }
            let data64 = data59.disk;
            if (!(data64 === "sd" || data64 === "ssd")) {
              const err125 = {
                instancePath: instancePath + "/nodes/" + i8 + "/disk",
                schemaPath: "#/properties/nodes/items/properties/disk/enum",
                keyword: "enum",
                params: { allowedValues: schema11.properties.nodes.items.properties.disk.enum },
                message: "must be equal to one of the allowed values",
              };
              if (vErrors === null) {
                vErrors = [err125];
              } else {
                vErrors.push(err125);
              }
              errors++;
            }
            if (data59.os !== undefined) {
              let data65 = data59.os;
              if (!(data65 === "raspberry-pi-os" || data65 === "ubuntu" || data65 === "debian")) {
                const err126 = {
                  instancePath: instancePath + "/nodes/" + i8 + "/os",
                  schemaPath: "#/properties/nodes/items/properties/os/enum",
                  keyword: "enum",
                  params: { allowedValues: schema11.properties.nodes.items.properties.os.enum },
                  message: "must be equal to one of the allowed values",
                };
                if (vErrors === null) {
                  vErrors = [err126];
                } else {
                  vErrors.push(err126);
                }
                errors++;
              }
            }
            if (data59.interface !== undefined) {
              if (!(typeof data59.interface === "string")) {
                const err127 = {
                  instancePath: instancePath + "/nodes/" + i8 + "/interface",
                  schemaPath: "#/properties/nodes/items/properties/interface/type",
                  keyword: "type",
                  params: { type: "string" },
                  message: "must be string",
                };
                if (vErrors === null) {
                  vErrors = [err127];
                } else {
                  vErrors.push(err127);
                }
                errors++;
              }
            }
            let data67 = data59.labels;
            if (data67 && typeof data67 == "object" && !Array.isArray(data67)) {
              for (const key15 in data67) {
                if (pattern2.test(key15)) {
                  if (typeof data67[key15] !== "string") {
                    const err128 = {
                      instancePath:
                        instancePath +
                        "/nodes/" +
                        i8 +
                        "/labels/" +
                        key15.replace(/~/g, "~0").replace(/\//g, "~1"),
                      schemaPath:
                        "#/properties/nodes/items/properties/labels/patternProperties/%5E.*%24/type",
                      keyword: "type",
                      params: { type: "string" },
                      message: "must be string",
                    };
                    if (vErrors === null) {
                      vErrors = [err128];
                    } else {
                      vErrors.push(err128);
                    }
                    errors++;
                  }
                }
              }
            } else {
              const err129 = {
                instancePath: instancePath + "/nodes/" + i8 + "/labels",
                schemaPath: "#/properties/nodes/items/properties/labels/type",
                keyword: "type",
                params: { type: "object" },
                message: "must be object",
              };
              if (vErrors === null) {
                vErrors = [err129];
              } else {
                vErrors.push(err129);
              }
              errors++;
            }
            let data69 = data59.taints;
            if (Array.isArray(data69)) {
              const len9 = data69.length;
              for (let i9 = 0; i9 < len9; i9++) {
                if (typeof data69[i9] !== "string") {
                  const err130 = {
                    instancePath: instancePath + "/nodes/" + i8 + "/taints/" + i9,
                    schemaPath: "#/properties/nodes/items/properties/taints/items/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                  };
                  if (vErrors === null) {
                    vErrors = [err130];
                  } else {
                    vErrors.push(err130);
                  }
                  errors++;
                }
              }
            } else {
              const err131 = {
                instancePath: instancePath + "/nodes/" + i8 + "/taints",
                schemaPath: "#/properties/nodes/items/properties/taints/type",
                keyword: "type",
                params: { type: "array" },
                message: "must be array",
              };
              if (vErrors === null) {
                vErrors = [err131];
              } else {
                vErrors.push(err131);
              }
              errors++;
            }
          } else {
            const err132 = {
              instancePath: instancePath + "/nodes/" + i8,
              schemaPath: "#/properties/nodes/items/type",
              keyword: "type",
              params: { type: "object" },
              message: "must be object",
            };
            if (vErrors === null) {
              vErrors = [err132];
            } else {
              vErrors.push(err132);
            }
            errors++;
          }
        }
      } else {
        const err133 = {
          instancePath: instancePath + "/nodes",
          schemaPath: "#/properties/nodes/type",
          keyword: "type",
          params: { type: "array" },
          message: "must be array",
        };
        if (vErrors === null) {
          vErrors = [err133];
        } else {
          vErrors.push(err133);
        }
        errors++;
      }
    }
  } else {
    const err134 = {
      instancePath,
      schemaPath: "#/type",
      keyword: "type",
      params: { type: "object" },
      message: "must be object",
    };
    if (vErrors === null) {
      vErrors = [err134];
    } else {
      vErrors.push(err134);
    }
    errors++;
  }
  validate10.errors = vErrors;
  return errors === 0;
}
