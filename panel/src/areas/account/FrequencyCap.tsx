import { Button, Card, Checkbox, Group, NumberInput, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { useAllowed } from "@/areas/session/me";
import { Edited } from "@/kit/Edited";
import { notify } from "@/kit/notify";
import { AskOwner, ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

const MOST_MESSAGES = 100;
const MOST_DAYS = 90;
/** What is offered where there is no limit yet: a message a day. */
const USUAL = { messages: 7, days: 7 };

/** How many messages of campaigns a person gets within some days, over all channels. */
export function FrequencyCap() {
  const { t } = useTranslation();
  const cap = queries.useQuery("get", "/v1/frequency-cap");
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("cap.title")}
        </Title>
        <Text size="sm">{t("cap.hint")}</Text>
        <Edited of={cap}>{(found) => <Form cap={found.cap} />}</Edited>
      </Stack>
    </Card>
  );
}

function Form({ cap }: { cap: Schemas["FrequencyCapSetting"]["cap"] }) {
  const { t } = useTranslation();
  const mayWrite = useAllowed("account.campaigns");
  const { form, save, submit } = useEditing({
    initialValues: { isOn: Boolean(cap), ...USUAL, ...cap },
    send: ({ isOn, messages, days }, header) => bodyOf(api.PUT("/v1/frequency-cap", { params: { header }, body: { cap: isOn ? { messages, days } : null } })),
    onSaved: () => notify(t("act.saved")),
    names: { "cap.messages": "messages", "cap.days": "days" },
  });
  const look = { required: true, min: 1, allowDecimal: false, disabled: !mayWrite };
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <Checkbox label={t("cap.isOn")} disabled={!mayWrite} {...form.getInputProps("isOn", { type: "checkbox" })} />
        {form.values.isOn && (
          <Group grow>
            <NumberInput label={t("cap.messages")} max={MOST_MESSAGES} {...look} {...form.getInputProps("messages")} />
            <NumberInput label={t("cap.days")} max={MOST_DAYS} {...look} {...form.getInputProps("days")} />
          </Group>
        )}
        {!mayWrite && <Text size="sm"><AskOwner permission="account.campaigns" /></Text>}
        <Button type="submit" disabled={!mayWrite} loading={save.isPending} style={{ alignSelf: "flex-start" }}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}
