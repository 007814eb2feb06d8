// The version that this stand-in says it is: put in when it is bundled, so that the lab can have two.
declare const STAND_IN_VERSION: string;

export const VERSION = STAND_IN_VERSION;

/** The two lines of `k3s --version`. */
export const VERSION_TEXT = `k3s version ${VERSION} (standin0)\ngo version standin\n`;
