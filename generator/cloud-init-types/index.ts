// The types of the three cloud-init files that Quorate writes, and nothing else that cloud-init can read.
export type { Command, HostKeys, User, UserData, WriteFile } from "./user-data.ts";
export type { MetaData } from "./meta-data.ts";
export type { Cidr, Ethernet, NetworkConfigV2, Route } from "./network-config.ts";
