import { Button, Radio, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { Page } from "@/kit/Page";
import { ProblemAlert } from "@/kit/States";

/** A name and a channel: then the draft is kept, and survives whatever happens to this tab. */
export function NewCampaign() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { group, channel } = useSearch({ strict: false }) as { group?: string; channel?: string };
  const form = useForm({
    initialValues: { name: "", channel: channel === "email" ? "email" : "sms" },
    validate: { name: (name) => (name.trim() ? null : t("campaigns.nameWanted")) },
  });
  const create = queries.useMutation("post", "/v1/campaigns", {
    onSuccess: (draft) => void navigate({ to: `/app/campaigns/${draft.id}` }),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const submit = form.onSubmit((values) =>
    create.mutate({
      body: { name: values.name.trim(), channel: values.channel as "sms" | "email", audience: { groups: group ? [group] : [] } },
    }),
  );
  return (
    <Page title={t("campaigns.new")} parent={{ to: "/app/campaigns", label: t("campaigns.title") }}>
      <form onSubmit={submit} noValidate>
        <Stack maw={480}>
          <ProblemAlert error={create.error} />
          <TextInput label={t("campaigns.name")} description={t("campaigns.nameHint")} required autoFocus {...form.getInputProps("name")} />
          <Radio.Group label={t("campaigns.channel")} {...form.getInputProps("channel")}>
            <Stack gap="xs" mt="xs">
              <Radio value="sms" label={t("channel.sms")} description={t("campaigns.smsHint")} />
              <Radio value="email" label={t("channel.email")} description={t("campaigns.emailHint")} />
            </Stack>
          </Radio.Group>
          <Button type="submit" loading={create.isPending} style={{ alignSelf: "flex-start" }}>
            {t("campaigns.begin")}
          </Button>
        </Stack>
      </form>
    </Page>
  );
}
