import { Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { SmsContent } from "@/areas/campaigns/draft";
import { Bubble, Phone } from "@/areas/campaigns/Phone";
import { usePreview } from "@/areas/campaigns/usePreview";
import { inFull } from "@/kit/phone";

/** An SMS on the screen of a phone. */
export function PhonePreview({ sender, content }: { sender: string; content: SmsContent }) {
  const { t } = useTranslation();
  const [contactId, setContactId] = useState<string | null>(null);
  const preview = usePreview("sms", content, contactId);
  const text = preview.data?.previews[0]?.rendered?.text;
  return (
    <Phone from={inFull(sender) || t("preview.noSender")} preview={preview} contactId={contactId} chooseContact={setContactId}>
      {typeof text === "string" ? (
        <Bubble>
          <Text style={{ whiteSpace: "pre-wrap" }}>{text}</Text>
        </Bubble>
      ) : (
        <Text ta="center" mt="xl" size="sm">
          {t("preview.nothing")}
        </Text>
      )}
    </Phone>
  );
}
