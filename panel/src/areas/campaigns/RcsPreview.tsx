import { Badge, Card, Group, ScrollArea, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RcsContent } from "@/areas/campaigns/draft";
import { Bubble, Phone, PictureOf } from "@/areas/campaigns/Phone";
import type { Suggestion } from "@/areas/campaigns/rcsForm";
import { usePreview } from "@/areas/campaigns/usePreview";

type ShownCard = NonNullable<RcsContent["card"]>;

/** An RCS message on the screen of a phone. */
export function RcsPreview({ agent, content }: { agent: string; content: RcsContent }) {
  const { t } = useTranslation();
  const [contactId, setContactId] = useState<string | null>(null);
  const preview = usePreview("rcs", content, contactId);
  const rendered = preview.data?.previews[0]?.rendered?.content as RcsContent | undefined;
  return (
    <Phone from={agent || t("preview.noSender")} preview={preview} contactId={contactId} chooseContact={setContactId}>
      {rendered ? (
        <Shown content={rendered} />
      ) : (
        <Text ta="center" mt="xl" size="sm">
          {t("preview.nothing")}
        </Text>
      )}
    </Phone>
  );
}

function Shown({ content }: { content: RcsContent }) {
  return (
    <>
      {(content.text || content.media) && (
        <Bubble>
          <PictureOf address={content.media?.url} />
          <Text style={{ whiteSpace: "pre-wrap" }}>{content.text}</Text>
        </Bubble>
      )}
      {content.card && <OneCard card={content.card} />}
      {content.carousel && <SideBySide cards={content.carousel.cards} />}
      <Buttons of={content.suggestions} />
    </>
  );
}

function SideBySide({ cards }: { cards: ShownCard[] }) {
  const { t } = useTranslation();
  return (
    <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: "region", "aria-label": t("rcs.kinds.carousel") }}>
      <Group wrap="nowrap" align="stretch" gap="xs">
        {cards.map((card, place) => (
          <div key={place} style={{ flex: "0 0 200px" }}>
            <OneCard card={card} />
          </div>
        ))}
      </Group>
    </ScrollArea>
  );
}

function OneCard({ card }: { card: ShownCard }) {
  return (
    <Card radius="lg" mt="md" p="sm" withBorder style={{ overflowWrap: "anywhere" }}>
      <PictureOf address={card.media?.url} />
      <Text fw={600}>{card.title}</Text>
      <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
        {card.description}
      </Text>
      <Buttons of={card.suggestions} />
    </Card>
  );
}

function Buttons({ of }: { of: Suggestion[] | undefined }) {
  return (
    <Group gap={6} mt="xs">
      {of?.map((one, place) => (
        <Badge key={place} variant="outline" color="gray" tt="none" size="lg" maw="100%">
          {one.text}
        </Badge>
      ))}
    </Group>
  );
}
