import { Button, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { contentOf } from "@/areas/campaigns/templateContent";
import { CHANNELS, useChannelName } from "@/kit/channel";
import { Page } from "@/kit/Page";
import { ProblemAlert } from "@/kit/States";

const BEGIN = [{ channel: "rcs" as const }, { channel: "sms" as const }];

/** A name and a channel: then the draft is kept, and survives whatever happens to this tab. */
export function NewCampaign() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const navigate = useNavigate();
  const { group, segment, channel, template } = useSearch({ strict: false }) as { group?: string; segment?: string; channel?: string; template?: string };
  const written = queries.useQuery("get", "/v1/templates/{template_id}", { params: { path: { template_id: template ?? "" } } }, { enabled: Boolean(template) });
  const form = useForm({
    initialValues: { name: "", channel: (CHANNELS.find((one) => one === channel) ?? "sms") as (typeof CHANNELS)[number] | "steps" },
    validate: { name: (name) => (name.trim() ? null : t("campaigns.nameWanted")) },
  });
  const create = queries.useMutation("post", "/v1/campaigns", {
    onSuccess: (draft) => void navigate({ to: `/app/campaigns/${draft.id}`, search: { step: "who" } as never }),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const submit = form.onSubmit(({ name, channel }) => {
    const audience = { groups: group ? [group] : [], segments: segment ? [segment] : [] };
    const content = written.data?.channel === channel ? contentOf(written.data) : undefined;
    create.mutate({ body: { name: name.trim(), ...(channel === "steps" ? { steps: BEGIN } : { channel, content }), audience } });
  });
  return (
    <Page title={t("campaigns.new")} parent={{ to: "/app/campaigns", label: t("campaigns.title") }}>
      <form onSubmit={submit} noValidate>
        <Stack maw={480}>
          <ProblemAlert error={written.error ?? create.error} />
          {written.data && <Text>{t("campaigns.ofTemplate", { name: written.data.name, channel: channelName(written.data.channel) })}</Text>}
          <TextInput label={t("campaigns.name")} description={t("campaigns.nameHint")} required autoFocus {...form.getInputProps("name")} />
          <Radio.Group label={t("campaigns.channel")} {...form.getInputProps("channel")}>
            <Stack gap="xs" mt="xs">
              {CHANNELS.map((one) => (
                <Radio key={one} value={one} label={t(`channel.${one}`)} description={t(`campaigns.hint.${one}`)} />
              ))}
              <Radio value="steps" label={t("chain.several")} description={t("chain.severalHint")} />
            </Stack>
          </Radio.Group>
          <Button type="submit" loading={create.isPending || written.isLoading} style={{ alignSelf: "flex-start" }}>
            {t("campaigns.begin")}
          </Button>
        </Stack>
      </form>
    </Page>
  );
}
