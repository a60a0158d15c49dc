/** How moments, numbers and sums are written in a language, and moments in a time zone. */
export function formats(chosen: string, timeZone: string) {
  // English of Europe: days before months, hours to 24.
  const language = chosen === "en" ? "en-GB" : chosen;
  const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone });
  const hour = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
  const whole = new Intl.NumberFormat(language);
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  return {
    timeZone,
    time: (at: string | null | undefined) => (at ? moment.format(new Date(at)) : "–"),
    day: (at: string | null | undefined) => (at ? day.format(new Date(at)) : "–"),
    /** Of a time that is already by the clocks of the zone: `2026-11-24T09:00:00+01:00` is at nine. */
    clock: (local: string) => hour.format(new Date(`${local.slice(0, 16)}Z`)),
    number: (value: number | null | undefined) => (value == null ? "–" : whole.format(value)),
    percent: (value: number | null | undefined) => (value == null ? "–" : share.format(value)),
    money: (sum: { amount: number; currency: string } | null | undefined) =>
      sum ? new Intl.NumberFormat(language, { style: "currency", currency: sum.currency }).format(sum.amount / 100) : "–",
  };
}

/** How a day is chosen or typed in a language: the locale, form and example of a field. */
export function dayForm(language: string) {
  const isPolish = language === "pl";
  return { locale: language, valueFormat: isPolish ? "DD.MM.YYYY" : "DD/MM/YYYY", placeholder: isPolish ? "24.12.2026" : "24/12/2026" };
}

/** The same with the time of day. */
export function momentForm(language: string) {
  const { locale, valueFormat, placeholder } = dayForm(language);
  return { locale, valueFormat: `${valueFormat} HH:mm`, placeholder: `${placeholder} 18:00` };
}

/** With a capital first, as what stands for itself is written. */
export const capital = (words: string, language: string) => words.charAt(0).toLocaleUpperCase(language) + words.slice(1);

/** A language in words, of a code as the web writes it (`pt-BR`) or Meta does (`pt_BR`); the code where nobody knows it. */
export function languageName(code: string, inLanguage: string): string {
  try {
    return new Intl.DisplayNames(inLanguage, { type: "language" }).of(code.replace("_", "-")) ?? code;
  } catch {
    return code;
  }
}
