import { Alert, Progress, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { useRange } from "@/areas/account/Range";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { useFormats } from "@/kit/times";

/** So long deliveries are kept. */
const KEPT_MS = 30 * 86_400_000;
const MOST_COUNTED = 1000;
const EVERY_FIVE_SECONDS = 5_000;

interface Replayed {
  from: string;
  to: string;
  deliveries: number;
}

/** Sends all again that failed in the range of the address, or in all that is kept, and tells how far that is. */
export function ReplayRange({ webhook }: { webhook: Schemas["Webhook"] }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const range = useRange();
  const replay = useMutation({
    mutationFn: async (): Promise<Replayed> => {
      const body = { from: range.from ?? new Date(Date.now() - KEPT_MS).toISOString(), to: range.to ?? new Date().toISOString() };
      const { deliveries } = await bodyOf(api.POST("/v1/webhooks/{webhook_id}/replay", { params: { path: { webhook_id: webhook.id } }, body }));
      return { ...body, deliveries };
    },
    onSuccess: askedAgain,
  });
  const span = { from: range.from ? time(range.from) : t("webhooks.begin"), to: range.to ? time(range.to) : t("webhooks.now") };
  return (
    <Stack gap="sm" align="flex-start">
      <ConfirmButton size="xs" label={t("webhooks.replay")} question={t("webhooks.replayAsk", { url: webhook.url, ...span })} act={() => replay.mutateAsync()} />
      {replay.data && <Progressing key={replay.submittedAt} webhookId={webhook.id} of={replay.data} />}
    </Stack>
  );
}

function Progressing({ webhookId, of: { from, to, deliveries } }: { webhookId: string; of: Replayed }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const failed = useCount(webhookId, { from, to, state: "failed" });
  const pending = useCount(webhookId, { from, to, state: "pending" });
  if (deliveries === 0) return <Alert color="gray" variant="light" role="status">{t("webhooks.replayNone")}</Alert>;
  const left = (pending?.count ?? 0) + (failed?.count ?? 0);
  const isKnown = pending?.isAll && failed?.isAll;
  const words = (one: typeof failed) => (one ? (one.isAll ? number(one.count) : t("webhooks.orMore", { number: number(one.count) })) : "…");
  return (
    <Alert color="blue" variant="light" role="status" title={t("webhooks.replaying", { count: deliveries, number: number(deliveries) })} w="100%" maw={560}>
      <Text size="sm">{t("webhooks.replayLeft", { pending: words(pending), failed: words(failed) })}</Text>
      {isKnown && <Progress mt="xs" aria-label={t("webhooks.replayProgress")} value={(100 * Math.max(0, deliveries - left)) / deliveries} />}
    </Alert>
  );
}

/** How many are in a state, as far as one page tells. */
function useCount(webhookId: string, query: { from: string; to: string; state: "failed" | "pending" }) {
  const params = { path: { webhook_id: webhookId }, query: { ...query, limit: MOST_COUNTED } };
  const { data } = queries.useQuery("get", "/v1/webhooks/{webhook_id}/deliveries", { params }, { refetchInterval: EVERY_FIVE_SECONDS });
  return data && { count: data.items.filter((one) => !one.is_test).length, isAll: data.next_cursor === null };
}
