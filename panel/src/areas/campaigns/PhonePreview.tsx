import { Card, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ContentProblems } from "@/areas/campaigns/ContentProblems";
import type { SmsContent } from "@/areas/campaigns/draft";
import { PreviewAs } from "@/areas/campaigns/PreviewAs";
import { usePreview } from "@/areas/campaigns/usePreview";
import { ProblemAlert } from "@/kit/States";

/** An SMS on the screen of a phone. */
export function PhonePreview({ sender, content }: { sender: string; content: SmsContent }) {
  const { t } = useTranslation();
  const [contactId, setContactId] = useState<string | null>(null);
  const preview = usePreview("sms", content, contactId);
  const text = preview.data?.previews[0]?.rendered?.text;
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("preview.phone")}
        </Title>
        <PreviewAs value={contactId} change={setContactId} />
        <Card radius={28} withBorder p="md" maw={320} mx="auto" w="100%" mih={220} bg="var(--mantine-color-default-hover)">
          <Text ta="center" fw={600}>
            {sender || t("preview.noSender")}
          </Text>
          {typeof text === "string" && (
            <Card radius="lg" mt="md" p="sm" withBorder>
              <Text style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{text}</Text>
            </Card>
          )}
        </Card>
        <ContentProblems preview={preview.data} />
        <ProblemAlert error={preview.error} />
      </Stack>
    </Card>
  );
}
