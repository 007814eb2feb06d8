// The first comment of everything that render writes with comments.

/** One comment line for YAML, shell, systemd, HAProxy and keepalived alike. */
export const GENERATED = "# Made from cluster.config.json by `npm run render`. Edit that, not this.\n";
