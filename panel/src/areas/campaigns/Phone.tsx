import { Card, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { ContentProblems } from "@/areas/campaigns/ContentProblems";
import { PreviewAs } from "@/areas/campaigns/PreviewAs";
import { ProblemAlert } from "@/kit/States";

interface PhoneProps {
  /** Who the message is from, at the top of the screen. */
  from: string;
  preview: { data?: Schemas["ContentPreview"]; error: unknown };
  contactId: string | null;
  chooseContact: (contactId: string | null) => void;
  children: ReactNode;
}

/** A picture of a phone with a message on it, as any contact would see it, and what would keep it from being sent. */
export function Phone({ from, preview, contactId, chooseContact, children }: PhoneProps) {
  const { t } = useTranslation();
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("preview.phone")}
        </Title>
        <PreviewAs value={contactId} change={chooseContact} />
        <Card radius={28} withBorder p="md" maw={320} mx="auto" w="100%" mih={260} bg="var(--mantine-color-default-hover)">
          <Text ta="center" fw={600} truncate>
            {from}
          </Text>
          {children}
        </Card>
        <ContentProblems preview={preview.data} />
        <ProblemAlert error={preview.error} />
      </Stack>
    </Card>
  );
}

/** What is said, in a bubble on the phone's screen. */
export function Bubble({ children }: { children: ReactNode }) {
  return (
    <Card radius="lg" mt="md" p="sm" withBorder style={{ overflowWrap: "anywhere" }}>
      {children}
    </Card>
  );
}

/** A picture of the message by its address: what is at the address is not fetched, for the panel asks nobody but the API. */
export function PictureOf({ address }: { address: string | undefined }) {
  const { t } = useTranslation();
  if (!address) return null;
  return (
    <Card.Section bg="var(--mantine-color-default-border)" py="lg" px="sm" mb="xs">
      <Text size="xs" ta="center" truncate>
        {t("preview.picture", { name: address.split("/").at(-1) || address })}
      </Text>
    </Card.Section>
  );
}
