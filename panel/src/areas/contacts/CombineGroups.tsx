import { Button, Card, MultiSelect, Radio, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { type CombineForm, newPart, OPERATIONS, SplitParts, sumOf } from "@/areas/contacts/SplitParts";
import { RuleBuilder } from "@/areas/segments/RuleBuilder";
import { isComplete, newSet, type Rule, ruleOf, type RuleSet } from "@/areas/segments/rules";
import { useAllowed } from "@/areas/session/me";
import { Page } from "@/kit/Page";
import { Answered, NoRight, ProblemAlert } from "@/kit/States";

const WHOLE = 100;
const EXACT = 1e-6;

type Form = UseFormReturnType<CombineForm>;

/** New groups of old ones, which stay as they are. What it takes its time for is done on a page of its own. */
export function CombineGroups() {
  const { t } = useTranslation();
  const mayWrite = useAllowed("contacts.write");
  const groups = queries.useQuery("get", "/v1/groups", { params: { query: { limit: 1000 } } });
  return (
    <Page title={t("combine.title")} lead={t("combine.lead")} parent={{ to: "/app/groups", label: t("groups.title") }}>
      {mayWrite ? <Answered of={groups}>{({ items }) => <Combining groups={items} />}</Answered> : <NoRight permission="contacts.write" />}
    </Page>
  );
}

function Combining({ groups }: { groups: Schemas["Group"][] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [rules, setRules] = useState<RuleSet>(() => newSet());
  const form = useForm<CombineForm>({
    initialValues: { operation: "union", groups: [], from: null, less: [], name: "", parts: [newPart(), newPart()] },
    validate: { parts: (parts, { operation }) => (operation === "split" && Math.abs(sumOf(parts) - WHOLE) > EXACT ? t("combine.sumWanted") : null) },
  });
  const { operation } = form.values;
  const begin = useMutation({
    mutationFn: (values: CombineForm) => bodyOf(api.POST("/v1/groups/combine", { body: bodyFor(values, ruleOf(rules)) })),
    onSuccess: ({ id }) => navigate({ to: `/app/groups/combine/${id}` }),
    onError: (error) => form.setErrors(fieldErrors(error, { group_ids: operation === "union" ? "groups" : "from" })),
  });
  const choices = groups.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <form onSubmit={form.onSubmit((values) => begin.mutate(values))}>
      <Card withBorder maw={760}>
        <Stack>
          <ProblemAlert error={begin.error} />
          <Radio.Group label={t("combine.operation")} {...form.getInputProps("operation")}>
            <Stack gap="xs" mt="xs">
              {OPERATIONS.map((one) => (
                <Radio key={one} value={one} label={t(`combine.operations.${one}`)} description={t(`combine.hints.${one}`)} />
              ))}
            </Stack>
          </Radio.Group>
          <Of form={form} choices={choices} />
          {operation === "filter" && <Kept rules={rules} change={setRules} error={form.errors.rules} />}
          {operation === "split" ? <SplitParts form={form} /> : <TextInput label={t("combine.name")} required {...form.getInputProps("name")} />}
          <Button type="submit" loading={begin.isPending} style={{ alignSelf: "flex-start" }}>
            {t("combine.begin")}
          </Button>
        </Stack>
      </Card>
    </form>
  );
}

/** Which groups it is made of. */
function Of({ form, choices }: { form: Form; choices: { value: string; label: string }[] }) {
  const { t } = useTranslation();
  const { operation, from } = form.values;
  const look = { searchable: true, clearable: true, clearButtonProps: { "aria-label": t("act.clear") } };
  if (operation === "union") return <MultiSelect label={t("combine.groups")} data={choices} {...look} {...form.getInputProps("groups")} />;
  return (
    <>
      <Select label={t("combine.from")} data={choices} {...look} {...form.getInputProps("from")} />
      {operation === "subtract" && (
        <MultiSelect label={t("combine.less")} data={choices.filter(({ value }) => value !== from)} {...look} {...form.getInputProps("less")} />
      )}
    </>
  );
}

/** Who of the group goes into the new one, by the rules that segments have. */
function Kept({ rules, change, error }: { rules: RuleSet; change: (rules: RuleSet) => void; error: ReactNode }) {
  const { t } = useTranslation();
  const terms = queries.useQuery("get", "/v1/segments/schema");
  return (
    <Answered of={terms}>
      {(found) => (
        <div>
          <RuleBuilder set={rules} terms={found} change={change} />
          <Text size="sm" mt={4} role="status" c={error ? "var(--mantine-color-error)" : undefined}>
            {error ?? (!isComplete(rules, found) && t("combine.unfinished"))}
          </Text>
        </div>
      )}
    </Answered>
  );
}

/** What the API is asked for: of each operation what belongs to it. */
function bodyFor({ operation, groups, from, less, name, parts }: CombineForm, rules: Rule): Schemas["GroupCombine"] {
  const one = from ? [from] : [];
  if (operation === "split") return { operation, group_ids: one, parts };
  const group_ids = operation === "union" ? groups : operation === "subtract" ? [...one, ...less] : one;
  return { operation, group_ids, name, ...(operation === "filter" && { rules }) };
}
