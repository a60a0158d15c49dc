import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, type Schemas } from "@/api/client";
import { EditWebhook } from "@/areas/account/EditWebhook";
import { Rotate } from "@/areas/account/Rotate";
import { Stopped } from "@/areas/account/Stopped";
import { DeleteButton } from "@/kit/DeleteButton";
import { LinkButton } from "@/kit/LinkButton";

/** One webhook, with the way to what it was sent. */
export function WebhookCard({ webhook }: { webhook: Schemas["Webhook"] }) {
  const { t } = useTranslation();
  const [form, setForm] = useState<"edit" | "rotate" | null>(null);
  const close = () => setForm(null);
  const params = { path: { webhook_id: webhook.id } };
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <div>
            <Text fw={600} style={{ overflowWrap: "anywhere" }}>
              {webhook.url}
            </Text>
            <Text size="sm">{webhook.description || (webhook.for_sends ? t("webhooks.forSends") : webhook.events.join(", "))}</Text>
          </div>
          <Group gap="xs">
            <LinkButton to={`/app/account/webhooks/${webhook.id}`} size="xs" variant="default" aria-label={t("webhooks.testAndLogNamed", { url: webhook.url })}>
              {t("webhooks.testAndLog")}
            </LinkButton>
            <Button size="xs" variant="default" onClick={() => setForm("edit")} aria-label={t("act.editNamed", { name: webhook.url })}>
              {t("act.edit")}
            </Button>
            {!webhook.for_sends && (
              <Button size="xs" variant="default" onClick={() => setForm("rotate")} aria-label={t("webhooks.rotateNamed", { url: webhook.url })}>
                {t("webhooks.rotate")}
              </Button>
            )}
            <DeleteButton
              size="xs"
              of={webhook}
              look={() => bodyOf(api.GET("/v1/webhooks/{webhook_id}", { params }))}
              question={({ url }) => t("webhooks.deleteAsk", { url })}
              remove={(header) => api.DELETE("/v1/webhooks/{webhook_id}", { params: { ...params, header } })}
            />
          </Group>
        </Group>
        {form === "edit" && <EditWebhook of={webhook} close={close} />}
        {form === "rotate" && <RotateSecret of={webhook} close={close} />}
        <Stopped webhook={webhook} />
      </Stack>
    </Card>
  );
}

/** A new secret; requests are signed with the one before, too, for a while. */
function RotateSecret({ of: webhook, close }: { of: Schemas["Webhook"]; close: () => void }) {
  const { t } = useTranslation();
  const params = { path: { webhook_id: webhook.id } };
  const rotate = async (overlap_minutes: number) => (await bodyOf(api.POST("/v1/webhooks/{webhook_id}/rotation", { params, body: { overlap_minutes } }))).secret;
  return (
    <Rotate
      title={t("webhooks.rotateNamed", { url: webhook.url })} hint={t("webhooks.rotateHint")} overlap={t("webhooks.overlap")}
      button={t("webhooks.rotate")} once={t("webhooks.once")} rotate={rotate} close={close}
    />
  );
}
