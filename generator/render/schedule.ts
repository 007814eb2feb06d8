// How long the times of a cron line are apart.

interface Field {
  readonly from: number;
  readonly to: number;
}

const FIELDS = [
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31 },
  { from: 1, to: 12 },
  { from: 0, to: 6 },
] as const satisfies readonly Field[];
const DAY = 24 * 60;
/** Every pattern of days has come round: leap years, and the seven days of the week on each date. */
const DAYS = 28 * 365 + 7 + 1;

/**
 * The longest pause between two times of a valid cron line of five fields, in minutes; Infinity where there are none. As
 * robfig/cron in K3s reads it: a day counts by date or by weekday where both are limited, else by both (spec.go, dayMatches).
 */
export function longestPause(schedule: string): number {
  const fields = schedule.split(/ +/);
  const [minutes = [], hours = [], dates = [], months = [], weekdays = []] = FIELDS.map((field, index) =>
    numbersOf(fields[index] ?? "*", field),
  );
  const either = [fields[2], fields[4]].every((text) => !isAny(text ?? "*"));
  const times = hours.flatMap((hour) => minutes.map((minute) => 60 * hour + minute));
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return Infinity;
  const within = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  let longest = Math.max(0, ...within);
  let before: number | null = null;
  for (let day = 0; day < DAYS; day++) {
    const date = new Date(Date.UTC(2024, 0, 1 + day));
    const byDate = dates.includes(date.getUTCDate());
    const byWeekday = weekdays.includes(date.getUTCDay());
    if (!months.includes(date.getUTCMonth() + 1) || !(either ? byDate || byWeekday : byDate && byWeekday))
      continue;
    if (before !== null) longest = Math.max(longest, DAY * (day - before) + first - last);
    before = day;
  }
  return before === null ? Infinity : longest;
}

/** `*` in any part counts; with a step above one it is a list like any other (spec parser: getRange). */
function isAny(text: string): boolean {
  return text.split(",").some((part) => part === "*" || part === "*/1");
}

/** `*`, `5`, `1-5`, each with `/STEP`, and lists of them; ascending. */
function numbersOf(text: string, { from, to }: Field): readonly number[] {
  const parts = text.split(",").flatMap((part) => {
    const [range = "", step = ""] = part.split("/");
    const [low = "", high = ""] = range.split("-");
    const start = range === "*" ? from : Number(low);
    const end = range === "*" || (high === "" && step !== "") ? to : Number(high === "" ? low : high);
    const by = step === "" ? 1 : Number(step);
    return Array.from({ length: Math.floor((end - start) / by) + 1 }, (_, index) => start + by * index);
  });
  return [...new Set(parts)].toSorted((one, other) => one - other);
}
