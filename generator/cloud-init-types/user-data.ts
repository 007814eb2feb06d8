// cloud-config user-data, cut down to what is valid without a warning on cloud-init 22.4.2 to 26.2.

/**
 * `#cloud-config`. Unknown top-level keys are an error from 23.4 on and silently unused before, so a misspelt key must
 * not compile. Modules run once for each instance-id and never again, even after a failure, unless noted otherwise.
 */
export interface UserData {
  /**
   * Short host name. Set again at every boot.
   * Gotcha: K3s takes it as the node's name.
   * @since before 22.4
   */
  readonly hostname: string;
  /**
   * Whether `fqdn` would win over `hostname`.
   * Gotcha: unset, it depends on the distribution.
   * @since before 22.4
   */
  readonly prefer_fqdn_over_hostname: false;
  /**
   * Leave the host name alone.
   * Gotcha: some images set it to true, and then `hostname` does nothing.
   * @since before 22.4
   */
  readonly preserve_hostname: false;
  /**
   * Adds `127.0.1.1 HOSTNAME` to /etc/hosts at every boot and keeps the other lines.
   * Gotcha: `true` rewrites the whole file at every boot; `template` is deprecated.
   * @since before 22.4
   */
  readonly manage_etc_hosts: "localhost";
  /**
   * Logins to create.
   * Gotcha: without the entry `default` the image's own user is not made. An empty list is invalid on 22.4.
   * @since before 22.4
   */
  readonly users: readonly [User, ...User[]];
  /**
   * Whether sshd takes passwords.
   * Gotcha: a string ("no") is deprecated, and one deprecation makes `cloud-init status` exit 2.
   * @since before 22.4
   */
  readonly ssh_pwauth: boolean;
  /**
   * No direct login as root.
   * @since before 22.4
   */
  readonly disable_root: boolean;
  /**
   * Remove the host keys that came with the image.
   * Gotcha: Raspberry Pi OS sets false, so it must be said.
   * @since before 22.4
   */
  readonly ssh_deletekeys: true;
  /**
   * Host keys of sshd. cloud-init then generates none of its own.
   * Gotcha: an empty `ssh_genkeytypes` beside it is invalid on every version; there is no such key here.
   * @since before 22.4
   */
  readonly ssh_keys: HostKeys;
  /**
   * No fingerprints of authorized keys on the console.
   * @since before 22.4
   */
  readonly no_ssh_fingerprints: boolean;
  /** Console output about host keys. @since before 22.4 */
  readonly ssh: {
    /**
     * Print host keys on the console.
     * Gotcha: the only key that `ssh` may hold, and it is required.
     * @since before 22.4
     */
    readonly emit_keys_to_console: boolean;
  };
  /**
   * Commands early in EVERY boot, before users and files exist.
   * Gotcha: may run before the network is up; waiting for it, or starting units, hangs the boot.
   * @since before 22.4
   */
  readonly bootcmd?: readonly [Command, ...Command[]];
  /**
   * Files, written before users exist.
   * Gotcha: one bad entry stops all later ones. An empty list is invalid.
   * @since before 22.4
   */
  readonly write_files?: readonly [WriteFile, ...WriteFile[]];
  /**
   * Commands at the end of the first boot, as one shell script.
   * Gotcha: no `set -e`, only the last exit status counts, and nothing is tried again.
   * @since before 22.4
   */
  readonly runcmd?: readonly [Command, ...Command[]];
}

/** A command as words. As one string a shell would read it, and `exit` in it would end every later command too. */
export type Command = readonly [string, ...string[]];

/** A login. Keys with hyphens (`ssh-authorized-keys`) are deprecated from 24.2 on and do not exist here. */
export interface User {
  /** Login name. @since before 22.4 */
  readonly name: string;
  /** Comment in /etc/passwd. Gotcha: a comma starts the next GECOS field. @since before 22.4 */
  readonly gecos: string;
  /**
   * Supplementary groups.
   * Gotcha: a login that is not `default` gets none by itself. The mapping form is deprecated.
   * @since before 22.4
   */
  readonly groups: readonly [string, ...string[]];
  /** Login shell. Gotcha: unset, it is the system's default, which may be /bin/sh. @since before 22.4 */
  readonly shell: string;
  /** No password login, on the console either. @since before 22.4 */
  readonly lock_passwd: boolean;
  /**
   * One sudoers rule without the login; null for none.
   * Gotcha: a list is accepted only from 24.2 on, `false` is deprecated.
   * @since before 22.4
   */
  readonly sudo: string | null;
  /** Lines of authorized_keys. Gotcha: an empty list is invalid. @since before 22.4 */
  readonly ssh_authorized_keys: readonly [string, ...string[]];
}

/** Only ed25519: with one type seeded sshd offers that type alone. `dsa_*` is invalid on new versions. */
export interface HostKeys {
  /** OpenSSH private key, several lines with a final newline. @since before 22.4 */
  readonly ed25519_private: string;
  /** The matching line of the .pub file. @since before 22.4 */
  readonly ed25519_public: string;
}

/**
 * A file of root:root. No `owner` (a login that does not exist yet stops all later files), no `append` (twice after a new
 * instance-id), no `defer` (lands after packages have started), no `source` (from 24.3 on only).
 */
export interface WriteFile {
  /** Absolute path; parents are made with 0755. Gotcha: temporary folders are emptied during boot. @since before 22.4 */
  readonly path: `/${string}`;
  /** Octal digits in a string. Gotcha: a number fails the schema, and YAML would read 0600 as 384. @since before 22.4 */
  readonly permissions: "0440" | "0600" | "0644" | "0755";
  /** The file's text, LF. @since before 22.4 */
  readonly content: string;
}
