import { Divider, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { WhatsappContent } from "@/areas/campaigns/draft";
import { Bubble, Phone, PictureOf } from "@/areas/campaigns/Phone";
import { usePreview } from "@/areas/campaigns/usePreview";
import { filledIn, type TemplateParts } from "@/areas/campaigns/whatsappTemplate";

interface WhatsappPreviewProps {
  sender: string;
  content: WhatsappContent;
  /** Of the template that is used. */
  parts: TemplateParts | undefined;
}

/** A WhatsApp message on the screen of a phone. */
export function WhatsappPreview({ sender, content, parts }: WhatsappPreviewProps) {
  const { t } = useTranslation();
  const [contactId, setContactId] = useState<string | null>(null);
  const preview = usePreview("whatsapp", content, contactId);
  const rendered = preview.data?.previews[0]?.rendered as { text?: string; texts?: Record<string, string> } | null | undefined;
  const texts = rendered?.texts ?? {};
  const values = Array.from({ length: parts?.values ?? 0 }, (_, place) => texts[`template.body.${place}`]);
  const shown = parts ? filledIn(parts.body, values) : (texts.text ?? rendered?.text);
  const buttons = parts?.buttons.map((one) => one.text) ?? content.buttons?.map((one) => one.title) ?? [];
  return (
    <Phone from={sender || t("preview.noSender")} preview={preview} contactId={contactId} chooseContact={setContactId}>
      {shown ? (
        <Bubble>
          <PictureOf address={content.template?.header_media?.link ?? content.media?.link} />
          {parts?.header?.text && <Text fw={600}>{filledIn(parts.header.text, [texts["template.header"]])}</Text>}
          <Text style={{ whiteSpace: "pre-wrap" }}>{shown}</Text>
          {parts?.footer && <Text size="xs">{parts.footer}</Text>}
          {buttons.map((one) => (
            <div key={one}>
              <Divider my={6} />
              <Text ta="center" fw={600} size="sm">
                {one}
              </Text>
            </div>
          ))}
        </Bubble>
      ) : (
        <Text ta="center" mt="xl" size="sm">
          {t("preview.nothing")}
        </Text>
      )}
    </Phone>
  );
}
