import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type en from "@/i18n/en.json";

type State = keyof typeof en.states;

// Dark enough on its light ground for 4.5:1 in both schemes, and never the only sign: the word says it.
const COLOURS: Partial<Record<State, string>> = {
  sending: "blue", running: "blue", submitted: "blue", accepted: "blue", scheduled: "violet", requested: "violet",
  pending: "violet", waiting: "violet", deferred: "violet", invited: "violet", sent: "teal", done: "teal",
  delivered: "teal", active: "teal", approved: "teal", disabled: "red", verified: "teal", confirmed: "teal", paused: "orange", unknown: "orange",
  undelivered: "red", expired: "red", rejected: "red", failed: "red", hard_bounced: "red", soft_bounced: "orange",
  spam_bounced: "red", blocked: "red", due: "violet", reached: "teal", not_reached: "red", timed_out: "orange",
  impossible: "orange", held: "orange", overdue: "red", paid: "teal", released: "teal", dropped: "red",
};

/** A state by its word, or by one of the thing's own. */
export function StateBadge({ state, word }: { state: string | null; word?: string }) {
  const { t, i18n } = useTranslation();
  if (!state) return null;
  const label = word ?? (i18n.exists(`states.${state}`) ? t(`states.${state as State}`) : state);
  return (
    <Badge variant="light" color={COLOURS[state as State] ?? "gray"} tt="none" fw={600} miw="max-content" autoContrast>
      {label}
    </Badge>
  );
}
