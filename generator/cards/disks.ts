// The disks of this computer, as lsblk and diskutil tell them: which partition could be a card, and which must never be one.

export interface Volume {
  /** The partition's device: /dev/sdb1. */
  readonly device: string;
  readonly label: string | null;
  /** In bytes. */
  readonly size: number;
  readonly isFat: boolean;
  /** Where it is mounted. */
  readonly mounts: readonly string[];
  readonly readOnly: boolean;
  /** It is on a disk that this computer runs from. */
  readonly isSystem: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** What a running system has mounted, whatever else is on that disk. */
const SYSTEM_MOUNTS = /^(\/|\/boot(\/.*)?|\/efi|\/usr|\/var|\/home|\/nix(\/.*)?|\[SWAP\]|\/System\/.*)$/;

/** From `lsblk --json --bytes --output-all`. Old versions have one `mountpoint` instead of `mountpoints`. */
export function volumesOfLsblk(text: string): readonly Volume[] {
  const { blockdevices } = JSON.parse(text) as { readonly blockdevices?: readonly Json[] };
  return (blockdevices ?? []).flatMap((disk) => {
    const all = withChildren(disk);
    const isSystem = all.some((each) => mountsOf(each).some((mount) => SYSTEM_MOUNTS.test(mount)));
    // A whole disk is a volume where it has a file system and no partitions.
    return all
      .filter((each) => (each === disk ? typeof each["fstype"] === "string" : true))
      .map((each) => ({
        device: String(each["path"] ?? `/dev/${String(each["name"])}`),
        label: typeof each["label"] === "string" ? each["label"] : null,
        size: Number(each["size"] ?? 0),
        isFat: each["fstype"] === "vfat",
        mounts: mountsOf(each),
        readOnly: each["ro"] === true || each["ro"] === "1",
        isSystem,
      }));
  });
}

function withChildren(device: Json): readonly Json[] {
  const children = Array.isArray(device["children"]) ? (device["children"] as readonly Json[]) : [];
  return [device, ...children.flatMap(withChildren)];
}

function mountsOf(device: Json): readonly string[] {
  const several = Array.isArray(device["mountpoints"]) ? device["mountpoints"] : [device["mountpoint"]];
  return several.filter((mount): mount is string => typeof mount === "string" && mount !== "");
}

/** From `diskutil list -plist` as JSON (plutil -convert json). Apple's containers and their volumes are the system's. */
export function volumesOfDiskutil(text: string): readonly Volume[] {
  const { AllDisksAndPartitions: disks } = JSON.parse(text) as {
    readonly AllDisksAndPartitions?: readonly Json[];
  };
  return (disks ?? []).flatMap((disk) => {
    const parts = [disk["Partitions"], disk["APFSVolumes"]].flatMap((list) =>
      Array.isArray(list) ? (list as readonly Json[]) : [],
    );
    const mountOf = (each: Json) => (typeof each["MountPoint"] === "string" ? [each["MountPoint"]] : []);
    const isSystem =
      disk["OSInternal"] === true ||
      parts.some(
        (each) =>
          String(each["Content"]).startsWith("Apple_APFS") ||
          mountOf(each).some((mount) => SYSTEM_MOUNTS.test(mount)),
      );
    return [...(parts.length === 0 ? [disk] : parts)].map((each) => ({
      device: `/dev/${String(each["DeviceIdentifier"])}`,
      label: typeof each["VolumeName"] === "string" ? each["VolumeName"] : null,
      size: Number(each["Size"] ?? 0),
      isFat: /FAT/.test(String(each["Content"])),
      mounts: mountOf(each),
      readOnly: false,
      isSystem,
    }));
  });
}
