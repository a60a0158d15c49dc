import { Alert, Button, Card, Group, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { EditWebhook } from "@/areas/account/EditWebhook";
import { Rotate } from "@/areas/account/Rotate";
import { DeleteButton } from "@/kit/DeleteButton";
import { Answered, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

/** One webhook, what it was sent lately, and sending it again. */
export function WebhookCard({ webhook }: { webhook: Schemas["Webhook"] }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [form, setForm] = useState<"edit" | "rotate" | null>(null);
  const close = () => setForm(null);
  const params = { path: { webhook_id: webhook.id } };
  const test = useMutation({
    mutationFn: () => api.POST("/v1/webhooks/{webhook_id}/test", { params }),
    onSuccess: async () => {
      setOpen(true);
      await known.invalidateQueries();
    },
  });
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
            <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
              {t("webhooks.test")}
            </Button>
            <Button size="xs" variant="default" onClick={() => setOpen(!isOpen)} aria-expanded={isOpen}>
              {t("webhooks.log")}
            </Button>
            <Button size="xs" variant="default" onClick={() => setForm("edit")} aria-label={t("webhooks.editNamed", { url: webhook.url })}>
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
        {!webhook.enabled && (
          <Alert color="gray" variant="light">
            {t("webhooks.isOff")}
          </Alert>
        )}
        {webhook.paused_at && (
          <Alert color="orange" variant="light">
            {t("webhooks.paused")}
          </Alert>
        )}
        <ProblemAlert error={test.error} />
        {isOpen && <Deliveries webhookId={webhook.id} />}
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

function Deliveries({ webhookId }: { webhookId: string }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const params = { path: { webhook_id: webhookId }, query: { limit: 20 } };
  const deliveries = queries.useQuery("get", "/v1/webhooks/{webhook_id}/deliveries", { params }, { refetchInterval: 5_000 });
  const replay = useMutation({
    mutationFn: (deliveryId: string) =>
      api.POST("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", { params: { path: { webhook_id: webhookId, delivery_id: deliveryId } } }),
    onSuccess: () => deliveries.refetch(),
  });
  return (
    <>
      <ProblemAlert error={replay.error} />
      <Answered of={deliveries}>
        {({ items }) =>
          items.length === 0 ? (
            <Text>{t("webhooks.noDeliveries")}</Text>
          ) : (
            <Table>
              <Table.Tbody>
                {items.map((one) => (
                  <Table.Tr key={one.id}>
                    <Table.Td>{time(one.created_at)}</Table.Td>
                    <Table.Td>
                      <StateBadge state={one.state} />
                    </Table.Td>
                    <Table.Td>{one.attempts.at(-1)?.status ?? one.attempts.at(-1)?.error ?? "–"}</Table.Td>
                    <Table.Td ta="right">
                      <Button size="compact-xs" variant="default" onClick={() => replay.mutate(one.id)}>
                        {t("webhooks.again")}
                      </Button>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )
        }
      </Answered>
    </>
  );
}
