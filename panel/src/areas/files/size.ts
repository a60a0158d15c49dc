const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
const STEP = 1000;

/** A size in bytes as a language writes it: `1,5 MB`. */
export function sizeOf(bytes: number, language: string): string {
  const place = Math.min(UNITS.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(STEP)));
  const format = new Intl.NumberFormat(language, { style: "unit", unit: UNITS[place], unitDisplay: place === 0 ? "long" : "short", maximumFractionDigits: 1 });
  return format.format(bytes / STEP ** place);
}
