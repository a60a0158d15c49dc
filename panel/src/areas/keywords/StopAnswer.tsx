import { Button, Card, Checkbox, Group, Stack, Text, Textarea, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { notify } from "@/kit/notify";
import { Answered, ProblemAlert } from "@/kit/States";

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
        <Answered of={before}>{(found) => <Form before={found} />}</Answered>
      </Stack>
    </Card>
  );
}

function Form({ before }: { before: Schemas["StopConfirmation"] }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const form = useForm({ initialValues: { enabled: before.enabled, text: before.text } });
  const save = useMutation({
    mutationFn: (body: typeof form.values) => bodyOf(api.PUT("/v1/stop-confirmation", { body })),
    onSuccess: async () => {
      notify(t("act.saved"));
      await known.invalidateQueries();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
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
