import { useTranslation } from "react-i18next";
import { FIELDS } from "@/areas/contacts/names";

/** What is wrong with a row, by the API's code, or by what is wrong with whichever field; else in the API's own words. */
export function useProblemWords() {
  const { t, i18n } = useTranslation();
  return (code: string, otherwise = code) => {
    const key = `problems.${code.replace(/[.+]/g, "_")}`;
    if (i18n.exists(key)) return t(key as never);
    const [name = "", wrong = ""] = code.split(".");
    const general = `problemsOf.${wrong}`;
    if (!i18n.exists(general)) return otherwise;
    const field = name in FIELDS ? t(FIELDS[name as keyof typeof FIELDS]) : name;
    return String(t(general as never, { field } as never));
  };
}
