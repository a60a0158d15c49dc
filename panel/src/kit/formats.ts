/** How moments, numbers and sums are written in a language, and moments in a time zone. */
export function formats(chosen: string, timeZone: string) {
  // English of Europe: days before months, hours to 24.
  const language = chosen === "en" ? "en-GB" : chosen;
  const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone });
  const whole = new Intl.NumberFormat(language);
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  return {
    timeZone,
    time: (at: string | null | undefined) => (at ? moment.format(new Date(at)) : "–"),
    day: (at: string | null | undefined) => (at ? day.format(new Date(at)) : "–"),
    number: (value: number | null | undefined) => (value == null ? "–" : whole.format(value)),
    percent: (value: number | null | undefined) => (value == null ? "–" : share.format(value)),
    money: (sum: { amount: number; currency: string } | null | undefined) =>
      sum ? new Intl.NumberFormat(language, { style: "currency", currency: sum.currency }).format(sum.amount / 100) : "–",
  };
}
