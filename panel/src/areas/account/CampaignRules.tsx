import { Button, Card, Checkbox, Group, NumberInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { useAllowed } from "@/areas/session/me";
import { Edited } from "@/kit/Edited";
import { notify } from "@/kit/notify";
import { AskOwner, ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

type Rules = Schemas["CampaignRules"];

/** What is offered where there are no quiet hours yet. */
const NIGHT = { start: "22:00", end: "08:00" };

/** What all campaigns keep to: hours in which nothing is sent, and how many recipients take a second person. */
export function CampaignRules() {
  const { t } = useTranslation();
  const rules = queries.useQuery("get", "/v1/campaign-rules");
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("campaignRules.title")}
        </Title>
        <Edited of={rules}>{(found) => <Form rules={found} />}</Edited>
      </Stack>
    </Card>
  );
}

function Form({ rules }: { rules: Rules }) {
  const { t } = useTranslation();
  const mayWrite = useAllowed("account.campaigns");
  const { form, save, submit } = useEditing({
    initialValues: { isQuiet: Boolean(rules.quiet_hours), ...NIGHT, ...rules.quiet_hours, above: rules.approval_above ?? ("" as number | string) },
    send: ({ isQuiet, start, end, above }, header) => {
      const body = { quiet_hours: isQuiet ? { start, end } : null, approval_above: above === "" ? null : Number(above) };
      return bodyOf(api.PUT("/v1/campaign-rules", { params: { header }, body }));
    },
    onSaved: () => notify(t("act.saved")),
    names: { "quiet_hours.start": "start", "quiet_hours.end": "end", approval_above: "above" },
  });
  const look = { required: true, type: "time", disabled: !mayWrite };
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <Checkbox label={t("campaignRules.isQuiet")} description={t("campaignRules.isQuietHint")} disabled={!mayWrite} {...form.getInputProps("isQuiet", { type: "checkbox" })} />
        {form.values.isQuiet && (
          <Group grow>
            <TextInput label={t("campaignRules.start")} {...look} {...form.getInputProps("start")} />
            <TextInput label={t("campaignRules.end")} {...look} {...form.getInputProps("end")} />
          </Group>
        )}
        <NumberInput label={t("campaignRules.above")} description={t("campaignRules.aboveHint")} min={0} allowDecimal={false} disabled={!mayWrite} {...form.getInputProps("above")} />
        {!mayWrite && <Text size="sm"><AskOwner permission="account.campaigns" /></Text>}
        <Button type="submit" disabled={!mayWrite} loading={save.isPending} style={{ alignSelf: "flex-start" }}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}
