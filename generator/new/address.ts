// IPv4 addresses as numbers: what stands so many places behind another.
/** The address that many places further; a negative number goes back. Takes a valid address, and stays below 255.255.255.255. */
export function addressAt(from: string, places: number): string {
  const number = numberOf(from) + places;
  return [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join(".");
}

/** How many places `to` is behind `from`. Takes valid addresses. */
export function places(from: string, to: string): number {
  return numberOf(to) - numberOf(from);
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
