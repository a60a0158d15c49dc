import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { FIELDS } from "@/areas/contacts/names";
import { CHANNELS, useChannelName } from "@/kit/channel";

/** What a column of a file may become, with what it is called: what every contact has, and the account's own fields. */
export function useImportFields() {
  const own = queries.useQuery("get", "/v1/contact-fields", { params: { query: { limit: 1000 } } });
  return [...useBuiltIn(), ...(own.data?.items ?? []).map((field) => ({ value: field.key, label: field.label }))];
}

/** What the API may take a column for, in every account. */
function useBuiltIn() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const consent = (...channels: string[]) => t("contacts.consent", { channel: channels.map(channelName).join(", ") });
  return [
    ...Object.entries(FIELDS).map(([value, key]) => ({ value, label: t(key) })),
    { value: "first_name+last_name", label: t("imports.fullName") },
    ...CHANNELS.map((channel) => ({ value: `${channel}_consent`, label: consent(channel) })),
    { value: "sms_consent+email_consent", label: consent("sms", "email") },
    { value: "consented_at", label: t("imports.consentedAt") },
    { value: "modified_at", label: t("imports.modifiedAt") },
  ];
}
