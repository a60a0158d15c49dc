import { useTranslation } from "react-i18next";

export const CHANNELS = ["sms", "email", "push", "whatsapp", "viber", "rcs"] as const;

/** Whether a channel reaches people by their phone number. */
export const isByPhone = (channel: string) => !["email", "push"].includes(channel);

/** What a channel is called; of one that the panel does not know yet, the API's own word. */
export function useChannelName() {
  const { t, i18n } = useTranslation();
  return (channel: string) => (i18n.exists(`channel.${channel}`) ? t(`channel.${channel}` as never) : channel);
}
