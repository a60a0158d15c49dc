import { Button, Checkbox, Modal, MultiSelect, NumberInput, PasswordInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { EVENTS } from "@/areas/account/webhookEvents";
import { changesOf } from "@/kit/changes";
import { CHANNELS } from "@/kit/channel";
import { Edited, fresh } from "@/kit/Edited";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

type Webhook = Schemas["Webhook"];
type Change = Schemas["WebhookUpdate"];

const PLANS = ["standard", "hours_1_6_24", "hours_half_2_24", "own"] as const;
const NAMES = { "basic_auth.username": "username", "basic_auth.password": "password" };

/** What a webhook hears of, where it is told, and how. */
export function EditWebhook({ of: webhook, close }: { of: Webhook; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/webhooks/{webhook_id}", { params: { path: { webhook_id: webhook.id } } }, fresh(webhook));
  return (
    <Modal opened onClose={close} size="lg" title={t("webhooks.edit")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Edited of={opened}>{(found) => <Form webhook={found} close={close} />}</Edited>
    </Modal>
  );
}

function Form({ webhook, close }: { webhook: Webhook; close: () => void }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: valuesOf(webhook),
    send: (values, header) => bodyOf(api.PATCH("/v1/webhooks/{webhook_id}", { params: { path: { webhook_id: webhook.id }, header }, body: changeOf(webhook, values) })),
    onSaved: close,
    names: NAMES,
    validate: { password: (password, { username }) => (username && username !== webhook.username && !password ? t("webhooks.passwordWanted") : null) },
  });
  const plans = PLANS.map((value) => ({ value, label: t(`webhooks.plans.${value}`) }));
  const channels = CHANNELS.map((value) => ({ value, label: t(`channel.${value}`) }));
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <Checkbox label={t("webhooks.enabled")} description={t("webhooks.enabledHint")} {...form.getInputProps("enabled", { type: "checkbox" })} />
        {webhook.for_sends ? <Text style={{ overflowWrap: "anywhere" }}>{webhook.url}</Text> : <TextInput label={t("webhooks.url")} required autoFocus {...form.getInputProps("url")} />}
        <TextInput label={t("webhooks.secondary")} description={t("webhooks.secondaryHint")} {...form.getInputProps("secondary_url")} />
        <TextInput label={t("webhooks.description")} maxLength={200} {...form.getInputProps("description")} />
        <MultiSelect label={t("webhooks.events")} data={EVENTS} required searchable {...form.getInputProps("events")} />
        <Select label={t("webhooks.channel")} placeholder={t("webhooks.anyChannel")} data={channels} clearable clearButtonProps={{ "aria-label": t("act.clear") }} {...form.getInputProps("channel")} />
        <NumberInput label={t("webhooks.maxEvents")} min={1} max={500} allowDecimal={false} required {...form.getInputProps("max_events")} />
        <Select label={t("webhooks.plan")} data={plans} allowDeselect={false} {...form.getInputProps("retry_plan")} />
        {form.values.retry_plan === "own" && <TextInput label={t("webhooks.delays")} description={t("webhooks.delaysHint")} placeholder="60, 600, 3600" required {...form.getInputProps("retry_delays")} />}
        <TextInput label={t("webhooks.username")} description={t("webhooks.usernameHint")} autoComplete="off" {...form.getInputProps("username")} />
        {form.values.username && (
          <PasswordInput
            label={t("login.password")} description={webhook.username && t("webhooks.passwordHint")} autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": t("login.showPassword"), tabIndex: 0 }} {...form.getInputProps("password")}
          />
        )}
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}

function valuesOf(webhook: Webhook) {
  const { url, description, events, channel, max_events, retry_plan } = webhook;
  return {
    url, description, events, channel, max_events, retry_plan,
    enabled: isOn(webhook),
    secondary_url: webhook.secondary_url ?? "",
    retry_delays: webhook.retry_delays.join(", "),
    username: webhook.username ?? "",
    password: "",
  };
}

type Values = ReturnType<typeof valuesOf>;

/** As the API takes it: what stays is not sent, and a password only where one was written or somebody else logs in. */
function changeOf(webhook: Webhook, { username, password, retry_plan, retry_delays, secondary_url, ...rest }: Values): Change {
  const own = retry_plan === "own";
  const plan = changesOf({ retry_plan: webhook.retry_plan, delays: own && webhook.retry_delays }, { retry_plan, delays: own && secondsIn(retry_delays) });
  const login = username !== (webhook.username ?? "") || password;
  return {
    ...changesOf<Change>({ ...webhook, enabled: isOn(webhook) }, { ...rest, secondary_url: secondary_url.trim() || null }),
    ...(Object.keys(plan).length > 0 && { retry_plan, ...(own && { retry_delays: secondsIn(retry_delays) }) }),
    ...(login && { basic_auth: username ? { username, password } : null }),
  };
}

/** One that was paused is switched on anew. */
const isOn = ({ enabled, paused_at }: Webhook) => enabled && !paused_at;

const secondsIn = (words: string) => words.split(/[\s,;]+/).filter(Boolean).map(Number);
