import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useMutation } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { DeliveryWindow } from "@/areas/account/DeliveryWindow";
import { Range, useRange } from "@/areas/account/Range";
import { ReplayRange } from "@/areas/account/ReplayRange";
import { Stopped } from "@/areas/account/Stopped";
import { useAttemptInWords, WebhookTest } from "@/areas/account/WebhookTest";
import type { Column } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { Filters, ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Answered, Empty, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Delivery = Schemas["WebhookDelivery"];
type Webhook = Schemas["Webhook"];

const STATES = ["pending", "delivered", "failed"] as const;
const EVERY_FIVE_SECONDS = 5_000;

/** What one webhook was sent, what its address answered, and sending it again. */
export function WebhookPage() {
  const { t } = useTranslation();
  const { webhookId } = useParams({ strict: false }) as { webhookId: string };
  const webhook = queries.useQuery("get", "/v1/webhooks/{webhook_id}", { params: { path: { webhook_id: webhookId } } });
  return (
    <AccountFrame tab="webhooks" actions={<LinkButton to="/app/account/webhooks" variant="default">{t("webhooks.all")}</LinkButton>}>
      <Answered of={webhook}>
        {(found) => (
          <Stack>
            <Title order={2} size="h4" style={{ overflowWrap: "anywhere" }}>
              {found.url}
            </Title>
            <Stopped webhook={found} />
            <WebhookTest webhookId={found.id} />
            <Deliveries webhook={found} />
          </Stack>
        )}
      </Answered>
    </AccountFrame>
  );
}

function Deliveries({ webhook }: { webhook: Webhook }) {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const { from, to } = useRange();
  const state = STATES.find((one) => one === search.state);
  const params = { path: { webhook_id: webhook.id }, query: { limit: 50, cursor: search.cursor, state, from, to } };
  const deliveries = queries.useQuery("get", "/v1/webhooks/{webhook_id}/deliveries", { params }, { refetchInterval: EVERY_FIVE_SECONDS, placeholderData: keepPreviousData });
  const columns = useColumns(webhook);
  return (
    <>
      <Group align="flex-end">
        <Filters choices={[{ name: "state", label: t("campaigns.state"), options: STATES.map((one) => ({ value: one, label: t(`states.${one}`) })) }]} />
        <Range />
      </Group>
      {webhook.enabled && !webhook.paused_at && <ReplayRange webhook={webhook} />}
      <ListOf
        label={t("webhooks.log")} of={deliveries} columns={columns} keyOf={(one) => one.id}
        filters={["state", "from", "to"]} noneFits={t("webhooks.noneFits")} empty={<Empty title={t("webhooks.noDeliveries")}>{t("webhooks.keptFor")}</Empty>}
      />
      {search.delivery && <DeliveryWindow webhookId={webhook.id} deliveryId={search.delivery} />}
    </>
  );
}

function useColumns(webhook: Webhook): Column<Delivery>[] {
  const { t } = useTranslation();
  const { time, number } = useFormats();
  const attempt = useAttemptInWords();
  const last = ({ attempts }: Delivery) => attempts.slice(-1).map(attempt).join("") || "–";
  return [
    { name: "at", header: t("webhooks.at"), cell: (one) => time(one.created_at) },
    {
      name: "state",
      header: t("campaigns.state"),
      cell: (one) => (
        <div>
          <StateBadge state={one.state} />
          {one.due_at && one.attempts.length > 0 && <Text size="xs">{t("webhooks.due", { time: time(one.due_at) })}</Text>}
        </div>
      ),
    },
    { name: "events", header: t("webhooks.events"), isNumber: true, cell: (one) => (one.is_test ? t("webhooks.isTest") : number(one.events)) },
    { name: "answer", header: t("webhooks.lastAnswer"), cell: (one) => <Text size="sm" style={{ overflowWrap: "anywhere" }}>{last(one)}</Text> },
    { name: "acts", header: t("act.acts"), cell: (one) => <Acts webhook={webhook} delivery={one} /> },
  ];
}

function Acts({ webhook, delivery }: { webhook: Webhook; delivery: Delivery }) {
  const { t } = useTranslation();
  const { time, number } = useFormats();
  const { change } = useListSearch();
  const path = { webhook_id: webhook.id, delivery_id: delivery.id };
  const replay = useMutation({
    mutationFn: () => api.POST("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", { params: { path } }),
    onSettled: askedAgain,
  });
  const at = time(delivery.created_at);
  const tries = t("webhooks.tries", { count: delivery.attempts.length, number: number(delivery.attempts.length) });
  const isStopped = !webhook.enabled || webhook.paused_at !== null;
  return (
    <Group gap="xs" wrap="nowrap">
      <Button size="xs" variant="default" onClick={() => change({ delivery: delivery.id })} aria-label={`${tries}: ${at}`}>
        {tries}
      </Button>
      {delivery.state !== "pending" && !delivery.is_test && !isStopped && (
        <Button size="xs" variant="default" loading={replay.isPending} onClick={() => replay.mutate()} aria-label={`${t("webhooks.again")}: ${at}`}>
          {t("webhooks.again")}
        </Button>
      )}
      <ProblemAlert error={replay.error} />
    </Group>
  );
}
