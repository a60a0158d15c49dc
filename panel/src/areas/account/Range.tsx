import "@mantine/dates/styles.css";
import { DateTimePicker } from "@mantine/dates";
import { useTranslation } from "react-i18next";
import { momentIn } from "@/kit/moments";
import { useListSearch } from "@/kit/search";
import { useFormats } from "@/kit/times";

/** From when to when, as the address has it: on the clock of the account's zone. */
export function Range() {
  const { t, i18n } = useTranslation();
  const { search, change } = useListSearch();
  return (["from", "to"] as const).map((name) => (
    <DateTimePicker
      key={name} label={t(`webhooks.${name}`)} locale={i18n.language} valueFormat="DD.MM.YYYY HH:mm" placeholder="24.12.2026 18:00"
      clearable clearButtonProps={{ "aria-label": t("act.clear") }} flex="1 1 200px"
      value={search[name] ?? null} onChange={(at) => change({ [name]: at?.slice(0, 16) })}
    />
  ));
}

/** The same as moments. */
export function useRange() {
  const { timeZone } = useFormats();
  const { search } = useListSearch();
  return { from: momentIn(timeZone, search.from), to: momentIn(timeZone, search.to) };
}
