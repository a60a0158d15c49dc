const WHOLE_OR_HUNDREDTHS = /^\d+([.,]\d{1,2})?$/;
const MINOR = 100;

/** A sum as somebody writes it (`0,09`), in minor units; null where it is none, or a finer one. */
export function minorOf(written: unknown): number | null {
  const text = String(written).trim();
  return WHOLE_OR_HUNDREDTHS.test(text) ? Math.round(Number(text.replace(",", ".")) * MINOR) : null;
}
