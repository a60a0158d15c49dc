import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import type { Figure } from "@/kit/Figures";
import { useFormats } from "@/kit/times";

type Counts = Schemas["ReportCounts"];
type Rates = Schemas["ReportRates"];
type Channel = Schemas["Campaign"]["channel"];

/** What is told of each channel, in the order in which it is shown. */
const SHOWN: Record<string, readonly Name[]> = {
  sms: ["delivered", "undelivered", "parts", "clicks", "answers"],
  email: ["delivered", "opens", "clicks", "bounced", "unsubscribes"],
  push: ["accepted", "opens", "undelivered"],
  whatsapp: ["delivered", "read", "taps", "answers", "undelivered"],
  viber: ["delivered", "read", "taps", "answers", "undelivered"],
  rcs: ["delivered", "read", "taps", "answers", "undelivered"],
};
type Name = "delivered" | "undelivered" | "parts" | "clicks" | "opens" | "bounced" | "unsubscribes" | "accepted" | "read" | "taps" | "answers";

/** The figures of a channel: only those that it has, each with its share. */
export function useFigures() {
  const { t } = useTranslation();
  const { number, percent } = useFormats();
  return (channel: Channel, counts: Counts, rates: Rates): Figure[] => {
    // Each channel has only the counts that it can have.
    const sum = (...names: (keyof Counts)[]) => names.reduce((whole, name) => whole + (counts[name] ?? 0), 0);
    const failed = sum("undelivered", "expired", "rejected");
    const bounced = sum("hard_bounced", "soft_bounced", "spam_bounced");
    const all: Record<Name, [number, number | null]> = {
      delivered: [counts.delivered, rates.delivery_rate],
      undelivered: [failed, null],
      parts: [counts.parts, null],
      clicks: [counts.unique_clicks, rates.click_rate],
      opens: [counts.unique_opens, rates.open_rate],
      bounced: [bounced, rates.bounce_rate],
      unsubscribes: [counts.unsubscribes, rates.unsubscribe_rate],
      accepted: [counts.accepted, null],
      read: [counts.read, rates.read_rate],
      taps: [counts.unique_taps, counts.delivered ? counts.unique_taps / counts.delivered : null],
      answers: [counts.answers, null],
    };
    return (SHOWN[channel] ?? (["delivered", "undelivered"] as const)).map((name) => {
      const [value, rate] = all[name];
      return { label: t(`report.${name}`), value: number(value), note: rate === null ? undefined : percent(rate) };
    });
  };
}
