import { Alert, Button, Loader, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import i18n from "i18next";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import type en from "@/i18n/en.json";
import { ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Attempt = Schemas["WebhookAttempt"];

export const EVERY_SECOND = 1_000;

/** Sends one event `webhook.test`, and says what the address answered. */
export function WebhookTest({ webhookId }: { webhookId: string }) {
  const { t } = useTranslation();
  const test = useMutation({
    mutationFn: () => bodyOf(api.POST("/v1/webhooks/{webhook_id}/test", { params: { path: { webhook_id: webhookId } } })),
    onSuccess: askedAgain,
  });
  return (
    <Stack gap="xs" align="flex-start">
      <Button size="xs" loading={test.isPending} onClick={() => test.mutate()}>
        {t("webhooks.test")}
      </Button>
      <ProblemAlert error={test.error} />
      {test.data && <Answer key={test.data.id} webhookId={webhookId} sent={test.data} />}
    </Stack>
  );
}

function Answer({ webhookId, sent }: { webhookId: string; sent: Schemas["WebhookDelivery"] }) {
  const path = { webhook_id: webhookId, delivery_id: sent.id };
  const answer = queries.useQuery("get", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", { params: { path } }, {
    refetchInterval: ({ state }) => ((state.data ?? sent).state === "pending" ? EVERY_SECOND : false),
  });
  if (answer.error) return <ProblemAlert error={answer.error} retry={() => void answer.refetch()} />;
  return <TestResult of={answer.data ?? sent} />;
}

/** What became of a test; `failedHint`: what can be done where it did not arrive. */
export function TestResult({ of: { state, attempts }, failedHint }: { of: Pick<Schemas["UrlTest"], "state" | "attempts">; failedHint?: string }) {
  const { t } = useTranslation();
  const attempt = useAttemptInWords();
  if (state === "pending") return <Loader size="sm" role="status" aria-label={t("webhooks.testing")} />;
  const isThere = state === "delivered";
  return (
    <Alert color={isThere ? "teal" : "red"} variant="light" role="status" title={t(isThere ? "webhooks.testArrived" : "webhooks.testFailed")}>
      {attempts.map((one) => (
        <Text key={one.at + one.endpoint} size="sm" style={{ overflowWrap: "anywhere" }}>
          {attempt(one)}
        </Text>
      ))}
      {!isThere && failedHint && (
        <Text size="sm" mt="xs">
          {failedHint}
        </Text>
      )}
    </Alert>
  );
}

type Failure = keyof typeof en.webhooks.failures;

/** The log's word for what went wrong, in a person's; the log's own where it is a new one. */
function failureInWords(error: string): string {
  return i18n.exists(`webhooks.failures.${error}`) ? i18n.t(`webhooks.failures.${error as Failure}`) : error;
}

/** What an address answered to one try, and how long that took. */
export function useAttemptInWords() {
  const { t } = useTranslation();
  const { number } = useFormats();
  return ({ endpoint, status, error, milliseconds }: Attempt) => {
    const answer = [status === null ? t("webhooks.noAnswer") : t("webhooks.answered", { status }), error && failureInWords(error)].filter(Boolean).join(" – ");
    return t("webhooks.attempt", { endpoint: t(`webhooks.endpoints.${endpoint}`), answer, milliseconds: number(milliseconds) });
  };
}
