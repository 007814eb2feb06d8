// Which repository on GitHub: OWNER/NAME as a person writes it, and out of the address that git has.

/** At least what GitHub lets a person choose: an owner of up to 39 characters, a name of up to 100. */
const FULL_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;
/** A branch's name of harmless characters: what git allows beyond these, no cluster's branch needs. */
const BRANCH = /^(?![-./])(?!.*(?:\.\.|\/\/|\/\.|\.lock(?:\/|$)))[A-Za-z0-9._/-]{1,200}(?<![./])$/;

/** Whether the text is OWNER/NAME. */
export function isFullName(text: string): boolean {
  return FULL_NAME.test(text);
}

/** Whether the text is a branch's name, without refs/heads/. */
export function isBranch(text: string): boolean {
  return BRANCH.test(text);
}

/** OWNER/NAME of a remote's address: https://HOST/OWNER/NAME.git, ssh://git@HOST/OWNER/NAME or git@HOST:OWNER/NAME. Null for all else. */
export function fullNameOf(remote: string): string | null {
  const [, path = ""] =
    /^(?:https?|ssh|git):\/\/[^/]+\/(.+)$/.exec(remote) ?? /^[^/:]+@?[^/:]*:(?!\/\/)(.+)$/.exec(remote) ?? [];
  const name = path.replace(/\/$/, "").replace(/\.git$/, "");
  return isFullName(name) ? name : null;
}
