import "@mantine/dates/styles.css";
import { Group } from "@mantine/core";
import { DateInput } from "@mantine/dates";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { DAY_MS } from "@/kit/days";
import { dayForm } from "@/kit/formats";
import { useListSearch } from "@/kit/search";

const DAYS = 30;

/** The days of UTC, both included, that the address has; the last thirty where it has none. */
export function useDays(): { from: string; to: string } {
  const { search } = useListSearch();
  const [now] = useState(() => Date.now());
  const to = search.to ?? dayOf(now);
  return { from: search.from ?? dayOf((Date.parse(to) || now) - (DAYS - 1) * DAY_MS), to };
}

const dayOf = (moment: number) => new Date(moment).toISOString().slice(0, 10);

/** Chooses them, beside whatever else a page is filtered by. */
export function Days({ children }: { children?: ReactNode }) {
  const { t, i18n } = useTranslation();
  const { change } = useListSearch();
  const { from, to } = useDays();
  const look = { ...dayForm(i18n.language), flex: "1 1 140px", maw: 220 };
  return (
    <Group align="flex-end">
      <DateInput {...look} label={t("operator.sinceDay")} value={from} onChange={(day) => change({ from: day?.slice(0, 10) })} />
      <DateInput {...look} label={t("operator.untilDay")} value={to} onChange={(day) => change({ to: day?.slice(0, 10) })} />
      {children}
    </Group>
  );
}
