import { useTranslation } from "react-i18next";
import { ContactChoice } from "@/areas/contacts/ContactChoice";

/** Chooses as whom a content is shown: an invented person, or any contact. */
export function PreviewAs({ value, change }: { value: string | null; change: (contactId: string | null) => void }) {
  const { t } = useTranslation();
  return <ContactChoice label={t("preview.as")} placeholder={t("preview.sample")} value={value} change={change} />;
}
