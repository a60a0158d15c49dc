const WHOLE_OR_HUNDREDTHS = /^\d+([.,]\d{1,2})?$/;
const MINOR = 100;

/** A rate of VAT as people write it: `23%`; those that are no number (`zw`, `np`) as they are. */
export const rateInWords = (rate: string) => (/^\d/.test(rate) ? `${rate}%` : rate);

/** A sum as somebody writes it (`0,09`), in minor units; null where it is none, or a finer one. */
export function minorOf(written: unknown): number | null {
  const text = String(written).trim();
  return WHOLE_OR_HUNDREDTHS.test(text) ? Math.round(Number(text.replace(",", ".")) * MINOR) : null;
}
