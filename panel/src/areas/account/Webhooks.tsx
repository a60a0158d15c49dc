import { Button, Card, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { NewWebhook } from "@/areas/account/NewWebhook";
import { Rotate } from "@/areas/account/Rotate";
import { WebhookCard } from "@/areas/account/WebhookCard";
import { Answered, Empty } from "@/kit/States";

export function Webhooks() {
  const { t } = useTranslation();
  const [isAdding, setAdding] = useState(false);
  const webhooks = queries.useQuery("get", "/v1/webhooks", { params: { query: { limit: 100 } } });
  return (
    <AccountFrame tab="webhooks" actions={<Button onClick={() => setAdding(true)}>{t("webhooks.new")}</Button>}>
      {isAdding && <NewWebhook close={() => setAdding(false)} />}
      <Answered of={webhooks}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("webhooks.none")}>{t("webhooks.noneHint")}</Empty>
          ) : (
            <Stack>
              {items.map((one) => (
                <WebhookCard key={one.id} webhook={one} />
              ))}
            </Stack>
          )
        }
      </Answered>
      <KeyOfSends />
    </AccountFrame>
  );
}

/** What is posted to the `webhook_url` of single sends has one key for all addresses. */
function KeyOfSends() {
  const { t } = useTranslation();
  const [isRotating, setRotating] = useState(false);
  const rotate = async (overlap_minutes: number) => (await bodyOf(api.POST("/v1/webhooks/key", { body: { overlap_minutes } }))).secret;
  return (
    <Card withBorder component="section" mt="md">
      <Stack gap="sm">
        <Title order={2} size="h4">
          {t("webhooks.keyTitle")}
        </Title>
        <Text maw="70ch">{t("webhooks.keyHint")}</Text>
        {isRotating && (
          <Rotate
            title={t("webhooks.newKey")} hint={t("webhooks.newKeyHint")} overlap={t("webhooks.keyOverlap")}
            button={t("webhooks.newKey")} once={t("webhooks.keyOnce")} rotate={rotate} close={() => setRotating(false)}
          />
        )}
        <Button variant="default" onClick={() => setRotating(true)} style={{ alignSelf: "flex-start" }}>
          {t("webhooks.newKey")}
        </Button>
      </Stack>
    </Card>
  );
}
