import { Group, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { PushContent } from "@/areas/campaigns/draft";
import { Bubble, Phone } from "@/areas/campaigns/Phone";
import { usePreview } from "@/areas/campaigns/usePreview";

/** A push as it lies on the locked screen of a phone. */
export function PushPreview({ application, content }: { application: string; content: PushContent }) {
  const { t } = useTranslation();
  const [contactId, setContactId] = useState<string | null>(null);
  const preview = usePreview("push", content, contactId);
  const rendered = preview.data?.previews[0]?.rendered as { title?: string; body?: string } | null | undefined;
  return (
    <Phone from="12:00" preview={preview} contactId={contactId} chooseContact={setContactId}>
      <Bubble>
        <Group justify="space-between" gap="xs" wrap="nowrap">
          <Text size="xs" truncate>
            {application || t("push.noName")}
          </Text>
          <Text size="xs" flex="none">
            {t("push.now")}
          </Text>
        </Group>
        <Text fw={600} lineClamp={2}>
          {rendered?.title}
        </Text>
        <Text size="sm" lineClamp={4} style={{ whiteSpace: "pre-wrap" }}>
          {rendered?.body ?? t("preview.nothing")}
        </Text>
        {content.image && (
          <Text size="xs" mt={4}>
            {t("push.withImage")}
          </Text>
        )}
      </Bubble>
    </Phone>
  );
}
