import { SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { chooseLanguage, type Language } from "@/i18n";
import { notify } from "@/kit/notify";

const CHOICES = [
  { value: "pl", label: "PL" },
  { value: "en", label: "EN" },
];

export function LanguageChoice() {
  const { t, i18n } = useTranslation();
  return (
    <SegmentedControl
      size="xs"
      data={CHOICES}
      value={i18n.language}
      onChange={(language) => void chooseLanguage(language as Language).catch(() => notify(t("state.offline")))}
      aria-label={t("shell.language")}
    />
  );
}
