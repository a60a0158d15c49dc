import { Button, Card, Group, NumberInput, Select, Stack, Switch, Text, TextInput, Textarea, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import type { Campaign } from "@/areas/campaigns/draft";

export type Test = Schemas["AbTest"];
type Variant = Test["variants"][number];
type Metric = Test["metric"];

const FEWEST = 2;
const MOST = 5;
/** What the versions of a channel differ in, and by what the better one is told. */
const BY_CHANNEL: Record<string, { field: "text" | "subject" | "title"; metrics: Metric[] }> = {
  sms: { field: "text", metrics: ["clicks", "delivered"] },
  email: { field: "subject", metrics: ["opens", "clicks", "click_to_open"] },
  push: { field: "title", metrics: ["clicks", "delivered"] },
};

interface AbTestProps {
  campaign: Campaign;
  value: Test | null;
  change: (test: Test | null) => void;
}

/** Several versions go to a part of the audience first, the better one to the rest; nothing for a channel that has no test. */
export function AbTest({ campaign, value, change }: AbTestProps) {
  const { t } = useTranslation();
  const rules = BY_CHANNEL[campaign.channel];
  if (!rules) return null;
  const own = (campaign.content as Record<string, unknown>)[rules.field];
  const begin: Test = {
    variants: [variantOf("A", rules.field, own), variantOf("B", rules.field, own)],
    share_percent: 20,
    metric: rules.metrics[0] ?? "clicks",
    wait_minutes: 240,
    if_undecided: "first",
  };
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("ab.title")}
        </Title>
        <Switch label={t("ab.on")} description={t("ab.hint")} checked={value !== null} onChange={(event) => change(event.currentTarget.checked ? begin : null)} />
        {value && (
          <>
            <Variants field={rules.field} own={own} value={value.variants} change={(variants) => change({ ...value, variants })} />
            <NumberInput label={t("ab.share")} suffix=" %" min={1} max={90} allowDecimal={false} value={value.share_percent} onChange={(share) => typeof share === "number" && change({ ...value, share_percent: share })} />
            <Select label={t("ab.metric")} data={rules.metrics.map((metric) => ({ value: metric, label: t(`ab.metrics.${metric}`) }))} value={value.metric} onChange={(metric) => metric && change({ ...value, metric: metric as Metric })} allowDeselect={false} />
            <NumberInput label={t("ab.wait")} description={t("ab.waitHint")} min={30} max={10_080} allowDecimal={false} value={value.wait_minutes} onChange={(minutes) => typeof minutes === "number" && change({ ...value, wait_minutes: minutes })} />
            <Select
              label={t("ab.undecided")}
              data={(["first", "wait"] as const).map((one) => ({ value: one, label: t(`ab.ifUndecided.${one}`) }))}
              value={value.if_undecided ?? "first"}
              onChange={(one) => one && change({ ...value, if_undecided: one as Test["if_undecided"] })}
              allowDeselect={false}
            />
          </>
        )}
      </Stack>
    </Card>
  );
}

interface VariantsProps {
  field: "text" | "subject" | "title";
  own: unknown;
  value: Variant[];
  change: (variants: Variant[]) => void;
}

function Variants({ field, own, value, change }: VariantsProps) {
  const { t } = useTranslation();
  const put = (at: number, variant: Variant) => change(value.map((one, place) => (place === at ? variant : one)));
  const Input = field === "text" ? Textarea : TextInput;
  return (
    <>
      {value.map((variant, at) => (
        <Stack key={variant.name} gap={4}>
          <Input
            label={t("ab.variant", { name: variant.name })}
            description={t(`ab.differs.${field}`)}
            value={String((variant.content as Record<string, unknown> | undefined)?.[field] ?? "")}
            onChange={(event) => put(at, variantOf(variant.name, field, event.currentTarget.value))}
          />
        </Stack>
      ))}
      <Group gap="xs">
        {value.length < MOST && (
          <Button size="compact-sm" variant="light" onClick={() => change([...value, variantOf(freeName(value), field, own)])}>
            {t("ab.add")}
          </Button>
        )}
        {value.length > FEWEST && (
          <Button size="compact-sm" variant="default" onClick={() => change(value.slice(0, -1))}>
            {t("ab.remove", { name: value.at(-1)?.name ?? "" })}
          </Button>
        )}
      </Group>
      <Text size="sm">{t("ab.same")}</Text>
    </>
  );
}

function variantOf(name: string, field: string, words: unknown): Variant {
  return { name, content: { [field]: String(words ?? "") } as Variant["content"] };
}

function freeName(taken: Variant[]): string {
  return [..."ABCDE"].find((name) => taken.every((one) => one.name !== name)) ?? "";
}
