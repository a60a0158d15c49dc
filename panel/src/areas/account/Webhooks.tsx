import { Alert, Button, Code, Modal, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { WebhookCard } from "@/areas/account/WebhookCard";
import { Answered, Empty, ProblemAlert } from "@/kit/States";

type Event = Schemas["WebhookCreate"]["events"][number];
const EVENTS: Event[] = [
  "message.accepted", "message.submitted", "message.delivered", "message.undelivered", "message.expired",
  "message.rejected", "message.hard_bounced", "message.soft_bounced", "message.opened", "message.clicked",
  "message.unsubscribed",
];

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
    </AccountFrame>
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
        <Stack>
          <Alert color="teal" role="status" title={t("webhooks.once")}>
            <Code block>{make.data.secret}</Code>
          </Alert>
          <Button onClick={close}>{t("act.close")}</Button>
        </Stack>
      ) : (
        <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
          <Stack>
            <ProblemAlert error={make.error} />
            <TextInput label={t("webhooks.url")} required data-autofocus {...form.getInputProps("url")} />
            <TextInput label={t("webhooks.description")} {...form.getInputProps("description")} />
            <MultiSelect label={t("webhooks.events")} data={EVENTS} {...form.getInputProps("events")} />
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
