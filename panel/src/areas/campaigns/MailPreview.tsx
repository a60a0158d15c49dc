import { Card, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ContentProblems } from "@/areas/campaigns/ContentProblems";
import type { EmailContent } from "@/areas/campaigns/draft";
import { MailFrame } from "@/areas/campaigns/MailFrame";
import { PreviewAs } from "@/areas/campaigns/PreviewAs";
import { usePreview } from "@/areas/campaigns/usePreview";
import { ProblemAlert } from "@/kit/States";

const WIDTH = { phone: 360, desk: 720 };

/** A mail as it would arrive. */
export function MailPreview({ content }: { content: EmailContent }) {
  const { t } = useTranslation();
  const [screen, setScreen] = useState<keyof typeof WIDTH>("phone");
  const [contactId, setContactId] = useState<string | null>(null);
  const preview = usePreview("email", content, contactId);
  const rendered = preview.data?.previews[0]?.rendered as { subject?: string; html?: string } | null | undefined;
  return (
    <Card withBorder component="section">
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t("preview.mail")}
          </Title>
          <SegmentedControl
            data={[
              { value: "phone", label: t("preview.onPhone") },
              { value: "desk", label: t("preview.onDesk") },
            ]}
            value={screen}
            onChange={(value) => setScreen(value as keyof typeof WIDTH)}
            aria-label={t("preview.screen")}
            size="xs"
          />
        </Group>
        <PreviewAs value={contactId} change={setContactId} />
        <ContentProblems preview={preview.data} />
        <ProblemAlert error={preview.error} />
        {rendered?.html ? (
          <>
            <Text fw={600}>{rendered.subject}</Text>
            <MailFrame title={t("preview.mail")} html={rendered.html} width={WIDTH[screen]} />
          </>
        ) : (
          <Text>{t("preview.nothing")}</Text>
        )}
      </Stack>
    </Card>
  );
}
