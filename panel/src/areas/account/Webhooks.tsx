import { Button, Card, Modal, MultiSelect, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { Rotate } from "@/areas/account/Rotate";
import { WebhookCard } from "@/areas/account/WebhookCard";
import { type Event, EVENTS } from "@/areas/account/webhookEvents";
import { Secret } from "@/kit/Secret";
import { Answered, Empty, ProblemAlert } from "@/kit/States";

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

function NewWebhook({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const form = useForm({ initialValues: { url: "https://", events: ["message.delivered"] as Event[], description: "" } });
  const make = useMutation({
    mutationFn: (body: typeof form.values) => bodyOf(api.POST("/v1/webhooks", { body })),
    onSuccess: () => known.invalidateQueries(),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <Modal opened onClose={close} size="lg" title={t("webhooks.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      {make.data ? (
        <Secret title={t("webhooks.once")} text={make.data.secret} close={close} />
      ) : (
        <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
          <Stack>
            <ProblemAlert error={make.error} />
            <TextInput label={t("webhooks.url")} required data-autofocus {...form.getInputProps("url")} />
            <TextInput label={t("webhooks.description")} {...form.getInputProps("description")} />
            <MultiSelect label={t("webhooks.events")} data={EVENTS} searchable {...form.getInputProps("events")} />
            <Text size="sm">{t("webhooks.tested")}</Text>
            <Button type="submit" loading={make.isPending}>
              {t("act.save")}
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
