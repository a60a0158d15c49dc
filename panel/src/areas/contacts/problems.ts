import { useTranslation } from "react-i18next";

/** What is wrong with a row, by the API's code; the API's own words where the catalogue has none. */
export function useProblemWords() {
  const { t, i18n } = useTranslation();
  return (code: string, otherwise = code) => {
    const key = `problems.${code.replace(".", "_")}`;
    return i18n.exists(key) ? t(key as never) : otherwise;
  };
}
