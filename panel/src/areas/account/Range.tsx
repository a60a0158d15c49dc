import "@mantine/dates/styles.css";
import { DateTimePicker } from "@mantine/dates";
import { useTranslation } from "react-i18next";
import { momentForm } from "@/kit/formats";
import { momentIn } from "@/kit/moments";
import { useListSearch } from "@/kit/search";
import { useFormats } from "@/kit/times";

/** From when to when, as the address has it: on the clock of the account's zone. */
export function Range() {
  const { t, i18n } = useTranslation();
  const { search, change } = useListSearch();
  return (["from", "to"] as const).map((name) => (
    <DateTimePicker
      key={name} label={t(`webhooks.${name}`)} {...momentForm(i18n.language)}
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
