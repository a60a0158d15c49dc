import { useTranslation } from "react-i18next";

interface Addressed {
  channel: string;
  address: string | null;
}

/** To whom a message went, in words: a person on Viber and a device for pushes have no more than an id. */
export function useAddress() {
  const { t } = useTranslation();
  return ({ channel, address }: Addressed) => (channel === "viber" || channel === "push" ? t(`messages.nameless.${channel}`) : (address ?? "–"));
}
