import { Button, Card, Checkbox, Group, Stack, Text, Textarea, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { Edited } from "@/kit/Edited";
import { notify } from "@/kit/notify";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

/** What a number answers to a person's first STOP. */
export function StopAnswer() {
  const { t } = useTranslation();
  const before = queries.useQuery("get", "/v1/stop-confirmation");
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("keywords.stop")}
        </Title>
        <Text>{t("keywords.stopHint")}</Text>
        <Edited of={before}>{(found) => <Form before={found} />}</Edited>
      </Stack>
    </Card>
  );
}

function Form({ before }: { before: Schemas["StopConfirmation"] }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: { enabled: before.enabled, text: before.text },
    send: (body, header) => bodyOf(api.PUT("/v1/stop-confirmation", { params: { header }, body })),
    onSaved: () => notify(t("act.saved")),
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <Checkbox label={t("keywords.stopOn")} {...form.getInputProps("enabled", { type: "checkbox" })} />
        <Textarea label={t("keywords.stopText")} autosize minRows={2} maxLength={1000} {...form.getInputProps("text")} />
        <Group>
          <Button type="submit" loading={save.isPending}>
            {t("act.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
