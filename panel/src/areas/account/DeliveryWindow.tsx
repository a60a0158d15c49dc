import { Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useAttemptInWords } from "@/areas/account/WebhookTest";
import { type Column, DataTable } from "@/kit/DataTable";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Attempt = Schemas["WebhookAttempt"];

/** Every try of one delivery, with what was answered. */
export function DeliveryWindow({ webhookId, deliveryId }: { webhookId: string; deliveryId: string }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { change } = useListSearch();
  const attempt = useAttemptInWords();
  const path = { webhook_id: webhookId, delivery_id: deliveryId };
  const delivery = queries.useQuery("get", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", { params: { path } });
  const columns: Column<Attempt>[] = [
    { name: "at", header: t("webhooks.triedAt"), cell: (one) => time(one.at) },
    { name: "answer", header: t("webhooks.answer"), cell: (one) => <Text size="sm" style={{ overflowWrap: "anywhere" }}>{attempt(one)}</Text> },
  ];
  return (
    <Modal opened onClose={() => change({ delivery: undefined })} size="lg" title={t("webhooks.delivery")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Answered of={delivery}>
        {({ id, state, attempts, finished_at, due_at }) => (
          <Stack>
            <StateBadge state={state} />
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {t("webhooks.number", { id })}
            </Text>
            {due_at && <Text size="sm">{t("webhooks.due", { time: time(due_at) })}</Text>}
            {finished_at && <Text size="sm">{t("webhooks.finished", { time: time(finished_at) })}</Text>}
            {attempts.length === 0 ? (
              <Empty title={t("webhooks.noTries")} />
            ) : (
              <DataTable label={t("webhooks.delivery")} columns={columns} rows={attempts} keyOf={(one) => one.at + one.endpoint} />
            )}
          </Stack>
        )}
      </Answered>
    </Modal>
  );
}
