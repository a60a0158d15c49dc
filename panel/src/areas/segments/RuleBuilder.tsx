import { Button, Card, Checkbox, Group, SegmentedControl, Select, Stack, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ConditionValue } from "@/areas/segments/ConditionValue";
import { type Condition, DEEPEST, type Draft, newCondition, newSet, type RuleSet, type Terms, valueForm } from "@/areas/segments/rules";
import { ConfirmButton } from "@/kit/ConfirmButton";

interface SetProps {
  set: RuleSet;
  terms: Terms;
  change: (set: RuleSet) => void;
  remove?: () => void;
  depth?: number;
}

/** Rules of which all or any hold, as deep as `DEEPEST`; fields and operators are those that the API tells of. */
export function RuleBuilder({ set, terms, change, remove, depth = 1 }: SetProps) {
  const { t } = useTranslation();
  const put = (at: number, rule: Draft | null) =>
    change({ ...set, rules: set.rules.flatMap((one, place) => (place === at ? (rule ? [rule] : []) : [one])) });
  const add = (rule: Draft) => change({ ...set, rules: [...set.rules, rule] });
  const first = terms.fields.find((field) => field.name === "city") ?? terms.fields[0];
  if (!first) return null;
  return (
    <Card withBorder padding="sm" role="group" aria-label={t("segments.set", { level: depth })}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <SegmentedControl
              size="xs"
              data={[
                { value: "all", label: t("segments.all") },
                { value: "any", label: t("segments.any") },
              ]}
              value={set.holds}
              onChange={(holds) => change({ ...set, holds: holds as RuleSet["holds"] })}
              aria-label={t("segments.holds")}
            />
            <Switch size="sm" label={t("segments.opposite")} checked={set.isOpposite} onChange={(event) => change({ ...set, isOpposite: event.currentTarget.checked })} />
          </Group>
          {remove && (
            <ConfirmButton
              size="compact-sm" label={t("segments.removeSet")}
              question={t("segments.removeSetAsk", { count: countOf(set) })} act={async () => remove()}
            />
          )}
        </Group>
        {set.rules.length === 0 && <Text size="sm">{t("segments.noRules")}</Text>}
        {set.rules.map((rule, at) =>
          rule.kind === "set" ? (
            <RuleBuilder key={rule.key} set={rule} terms={terms} depth={depth + 1} change={(changed) => put(at, changed)} remove={() => put(at, null)} />
          ) : (
            <ConditionRow key={rule.key} condition={rule} terms={terms} change={(changed) => put(at, changed)} remove={() => put(at, null)} />
          ),
        )}
        <Group gap="xs">
          <Button size="compact-sm" variant="light" onClick={() => add(newCondition(first))}>
            {t("segments.addCondition")}
          </Button>
          {depth < DEEPEST && (
            <Button size="compact-sm" variant="default" onClick={() => add(newSet([newCondition(first)], set.holds === "all" ? "any" : "all"))}>
              {t("segments.addSet")}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}

/** How many conditions there are in it, however deep. */
function countOf({ rules }: RuleSet): number {
  return rules.reduce((sum, rule) => sum + (rule.kind === "set" ? countOf(rule) : 1), 0);
}

interface ConditionProps {
  condition: Condition;
  terms: Terms;
  change: (condition: Condition) => void;
  remove: () => void;
}

const BIRTHDAY = ["anniversary_in_days", "anniversary_within_days", "anniversary_in_months"] as const;
const isOfBirthday = (op: string): op is (typeof BIRTHDAY)[number] => BIRTHDAY.some((one) => one === op);

function ConditionRow({ condition, terms, change, remove }: ConditionProps) {
  const { t, i18n } = useTranslation();
  const field = terms.fields.find((one) => one.name === condition.field);
  const { accents: _accents, value: _value, ...bare } = condition;
  const form = valueForm(terms, condition);
  // A value stays where the other operator takes one of the same form.
  const setOp = (op: string) => change(valueForm(terms, { ...condition, op }) === form ? { ...condition, op } : { ...bare, op });
  const setField = (name: string) => {
    const other = terms.fields.find((one) => one.name === name);
    if (other) change({ ...bare, field: name, op: other.operators[0]?.op ?? "" });
  };
  const fields = terms.fields.map((one) => ({ value: one.name, label: one.label })).sort((one, other) => one.label.localeCompare(other.label, i18n.language));
  // Nobody is born in the days to come: whoever looks for birthdays would find nobody by it.
  const operators = (field?.operators ?? [])
    .filter(({ op }) => condition.field !== "birth_date" || op !== "next_days" || op === condition.op)
    .map(({ op, label }) => ({ value: op, label: condition.field === "birth_date" && isOfBirthday(op) ? t(`segments.birthday.${op}`) : label }));
  const readsText = field?.type === "text" && form !== "none";
  return (
    <Group gap="xs" align="flex-start" role="group" aria-label={t("segments.condition")}>
      <Select size="sm" flex="1 1 150px" aria-label={t("segments.field")} data={fields} value={condition.field} onChange={(name) => name && setField(name)} searchable allowDeselect={false} />
      <Select size="sm" flex="1 1 150px" aria-label={t("segments.operator")} data={operators} value={condition.op} onChange={(op) => op && setOp(op)} allowDeselect={false} />
      <ConditionValue form={form} value={condition.value} change={(value) => change({ ...condition, value })} />
      {readsText && (
        <Checkbox size="sm" mt={8} label={t("segments.plainLetters")} checked={condition.accents === false} onChange={(event) => change({ ...condition, accents: event.currentTarget.checked ? false : undefined })} />
      )}
      <Button size="compact-sm" mt={5} variant="default" onClick={remove} aria-label={t("segments.removeCondition", { field: field?.label ?? condition.field })}>
        ×
      </Button>
    </Group>
  );
}
