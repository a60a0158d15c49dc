import { useTranslation } from "react-i18next";
import { useMe } from "@/areas/session/me";
import { formats } from "@/kit/formats";

/** Times as the account's zone has them, numbers as the language writes them. */
export function useFormats() {
  const { i18n } = useTranslation();
  const { time_zone } = useMe();
  return formats(i18n.language, time_zone);
}
