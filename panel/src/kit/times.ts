import { createContext, use } from "react";
import { useTranslation } from "react-i18next";
import { formats } from "@/kit/formats";

/** The zone that times are shown in: the account's. */
export const TimeZone = createContext("UTC");

/** Times as the account's zone has them, numbers as the language writes them. */
export function useFormats() {
  const { i18n } = useTranslation();
  return formats(i18n.language, use(TimeZone));
}
