// What a change does to the machine that it reaches, from the least to the most felt.

export const ACTION_CLASSES = [
  "none",
  "reload",
  "restart",
  "upgrade",
  "reboot",
  "reflash",
  "add",
  "remove",
  "refused",
] as const;

/**
 * none: put in force beside what runs. reload: taken without an end of the program. restart, upgrade: the program ends and
 * starts. reboot: the machine does. reflash: only a new card brings it. add, remove: the machine comes or goes. refused:
 * no way leads there.
 */
export type ActionClass = (typeof ACTION_CLASSES)[number];

/** The most felt of several; none where there is nothing. */
export function mostFelt(classes: readonly ActionClass[]): ActionClass {
  return classes.reduce<ActionClass>(
    (most, each) => (ACTION_CLASSES.indexOf(each) > ACTION_CLASSES.indexOf(most) ? each : most),
    "none",
  );
}
