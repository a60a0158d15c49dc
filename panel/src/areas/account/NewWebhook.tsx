import { Button, Group, Modal, MultiSelect, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors, refusalOf } from "@/api/refusal";
import { type Event, EVENTS } from "@/areas/account/webhookEvents";
import { EVERY_SECOND, TestResult } from "@/areas/account/WebhookTest";
import { Secret } from "@/kit/Secret";
import { ProblemAlert } from "@/kit/States";

const NOTHING = { url: "https://", secondary_url: "", username: "", password: "", description: "", events: ["message.delivered"] as Event[] };
const NAMES = { "basic_auth.username": "username", "basic_auth.password": "password" };
/** A test that is too old to be saved with, or gone. */
const OVER = ["webhook.not_tested", "url_test.not_found"];

type Values = typeof NOTHING;

/** A webhook is tried before it is saved: what its address answered is shown, and a test that arrived is saved with it. */
export function NewWebhook({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const form = useForm({ initialValues: NOTHING });
  const refused = (error: unknown) => form.setErrors(fieldErrors(error, NAMES));
  const { test, result, forget } = useUrlTest(form.values, refused);
  const hasArrived = result?.state === "delivered";
  const make = useMutation({
    mutationFn: ({ description, events, ...values }: Values) =>
      bodyOf(api.POST("/v1/webhooks", { body: { ...addressOf(values), description, events, ...(hasArrived && { test_id: result.id }) } })),
    onSuccess: askedAgain,
    onError: (error) => {
      if (OVER.includes(refusalOf(error).code)) forget();
      refused(error);
    },
  });
  const save = form.onSubmit((values) => make.mutate(values));
  const tryIt = form.onSubmit((values) => test.mutate(addressOf(values)));
  return (
    <Modal opened onClose={close} size="lg" title={t("webhooks.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      {make.data ? (
        <Secret title={t("webhooks.once")} text={make.data.secret} close={close} />
      ) : (
        <form onSubmit={hasArrived ? save : tryIt}>
          <Stack>
            <ProblemAlert error={make.error ?? test.error} />
            <TextInput label={t("webhooks.url")} required autoFocus data-autofocus {...form.getInputProps("url")} />
            <TextInput label={t("webhooks.secondary")} description={t("webhooks.secondaryHint")} {...form.getInputProps("secondary_url")} />
            <TextInput label={t("webhooks.username")} description={t("webhooks.usernameHint")} autoComplete="off" {...form.getInputProps("username")} />
            {form.values.username && (
              <PasswordInput
                label={t("login.password")} required autoComplete="new-password"
                visibilityToggleButtonProps={{ "aria-label": t("login.showPassword"), tabIndex: 0 }} {...form.getInputProps("password")}
              />
            )}
            <TextInput label={t("webhooks.description")} {...form.getInputProps("description")} />
            <MultiSelect label={t("webhooks.events")} data={EVENTS} searchable {...form.getInputProps("events")} />
            {result ? <TestResult of={result} failedHint={t("webhooks.testFailedHint")} /> : <Text size="sm">{t("webhooks.tested")}</Text>}
            <Group>
              <Button type="submit" loading={hasArrived ? make.isPending : test.isPending || result?.state === "pending"}>
                {t(hasArrived ? "act.save" : "webhooks.test")}
              </Button>
              {!hasArrived && (
                <Button variant="default" loading={make.isPending} onClick={() => save()}>
                  {t("webhooks.saveUntested")}
                </Button>
              )}
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

/** A test of the address as it is written, and what became of it; one of another address is none. */
function useUrlTest(values: Values, refused: (error: unknown) => void) {
  const [sent, setSent] = useState<{ id: string; of: string } | null>(null);
  const test = useMutation({
    mutationFn: (body: Address) => bodyOf(api.POST("/v1/webhooks/test", { body })),
    onSuccess: ({ id }, body) => setSent({ id, of: JSON.stringify(body) }),
    onError: refused,
  });
  const isOfThis = sent?.of === JSON.stringify(addressOf(values));
  const result = queries.useQuery("get", "/v1/webhooks/url-tests/{test_id}", { params: { path: { test_id: sent?.id ?? "" } } }, {
    enabled: isOfThis,
    refetchInterval: ({ state }) => ((state.data?.state ?? "pending") === "pending" ? EVERY_SECOND : false),
  });
  return { test, result: isOfThis ? result.data : undefined, forget: () => setSent(null) };
}

type Address = Schemas["UrlTestRequest"];

/** What a test is about, as the API takes it. */
function addressOf({ url, secondary_url, username, password }: Pick<Values, "url" | "secondary_url" | "username" | "password">): Address {
  return { url, secondary_url: secondary_url.trim() || null, basic_auth: username ? { username, password } : null };
}
