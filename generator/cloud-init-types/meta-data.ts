// NoCloud meta-data.

/** Must exist beside user-data, or the whole seed is passed over without a word. */
export interface MetaData {
  /**
   * A new value makes cloud-init run everything again.
   * Gotcha: with a hyphen. `instance_id`, which stock images carry, is ignored. `ds=nocloud;i=` in cmdline.txt overrides it.
   * @since before 22.4
   */
  readonly "instance-id": `quorate-${string}`;
  /**
   * Host name where user-data has none.
   * @since before 22.4
   */
  readonly "local-hostname": string;
}
