import "@mantine/dates/styles.css";
import { Group, MultiSelect, NumberInput, Select, TagsInput, TextInput } from "@mantine/core";
import { DateInput } from "@mantine/dates";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { CHANNELS, useChannelName } from "@/kit/channel";
import { dayForm } from "@/kit/formats";

interface ValueProps {
  /** As the API's description of operators names it. */
  form: string;
  value: unknown;
  change: (value: unknown) => void;
}

const EVERY = { params: { query: { limit: 1000 } } };
const look = { size: "sm", flex: "1 1 200px" } as const;

/** What a condition compares with, in the form that its operator takes. */
export function ConditionValue({ form, value, change }: ValueProps) {
  const { t } = useTranslation();
  const label = { "aria-label": t("segments.value") };
  const several = Array.isArray(value) ? value.map(String) : [];
  switch (form) {
    case "none":
      return null;
    case "text":
      return <TextInput {...look} {...label} value={String(value ?? "")} onChange={(event) => change(event.currentTarget.value)} />;
    case "text_list":
      return <TagsInput {...look} {...label} placeholder={t("segments.several")} value={several} onChange={change} acceptValueOnBlur />;
    case "number_list":
      return <TagsInput {...look} {...label} placeholder={t("segments.several")} value={several} onChange={(words) => change(words.map(Number).filter(Number.isFinite))} acceptValueOnBlur />;
    case "number":
      return <NumberInput {...look} {...label} value={(value as number | undefined) ?? ""} onChange={change} />;
    case "days":
      return <NumberInput {...look} {...label} min={0} max={36_500} allowDecimal={false} suffix={` ${t("segments.days")}`} value={(value as number | undefined) ?? ""} onChange={change} />;
    case "months":
      return <NumberInput {...look} {...label} min={0} max={11} allowDecimal={false} suffix={` ${t("segments.months")}`} value={(value as number | undefined) ?? ""} onChange={change} />;
    case "month_list":
      return <Months value={several} change={change} />;
    case "date":
      return <Day label={t("segments.value")} value={value} change={change} />;
    case "boolean":
      return <YesOrNo value={value} change={change} />;
    case "group_ids":
      return <Groups value={Array.isArray(value) ? several : value ? [String(value)] : []} change={change} />;
    case "channels":
      return <Channels value={several} change={change} />;
    case "engagement":
      return <Engagement value={(value ?? {}) as Engaged} change={change} />;
    case "number_pair":
    case "date_pair":
      return <Pair form={form} value={Array.isArray(value) ? value : []} change={change} />;
    default:
      return <TextInput {...look} {...label} value={String(value ?? "")} onChange={(event) => change(event.currentTarget.value)} />;
  }
}

function Day({ label, value, change }: { label: string; value: unknown; change: (day: string | undefined) => void }) {
  const { i18n } = useTranslation();
  return (
    <DateInput
      {...look}
      aria-label={label}
      {...dayForm(i18n.language)}
      value={(value as string | undefined) ?? null}
      onChange={(day) => change(day?.slice(0, 10))}
    />
  );
}

function Pair({ form, value: [from, to], change }: { form: string; value: unknown[]; change: (pair: unknown[]) => void }) {
  const { t } = useTranslation();
  const [least, most] = [t("segments.from"), t("segments.to")];
  if (form === "date_pair") {
    return (
      <Group gap="xs" flex="1 1 260px">
        <Day label={least} value={from} change={(day) => change([day, to])} />
        <Day label={most} value={to} change={(day) => change([from, day])} />
      </Group>
    );
  }
  return (
    <Group gap="xs" flex="1 1 260px">
      <NumberInput {...look} flex="1 1 90px" aria-label={least} placeholder={least} value={(from as number | undefined) ?? ""} onChange={(number) => change([number, to])} />
      <NumberInput {...look} flex="1 1 90px" aria-label={most} placeholder={most} value={(to as number | undefined) ?? ""} onChange={(number) => change([from, number])} />
    </Group>
  );
}

function YesOrNo({ value, change }: { value: unknown; change: (value: boolean) => void }) {
  const { t } = useTranslation();
  const choices = [
    { value: "true", label: t("segments.yes") },
    { value: "false", label: t("segments.no") },
  ];
  return <Select {...look} aria-label={t("segments.value")} data={choices} value={typeof value === "boolean" ? String(value) : null} onChange={(chosen) => change(chosen === "true")} allowDeselect={false} />;
}

function Months({ value, change }: { value: string[]; change: (months: number[]) => void }) {
  const { t, i18n } = useTranslation();
  const name = new Intl.DateTimeFormat(i18n.language, { month: "long", timeZone: "UTC" });
  const months = Array.from({ length: 12 }, (_, month) => ({ value: String(month + 1), label: name.format(Date.UTC(2024, month, 1)) }));
  return <MultiSelect {...look} aria-label={t("segments.value")} data={months} value={value} onChange={(chosen) => change(chosen.map(Number))} />;
}

function Groups({ value, change }: { value: string[]; change: (ids: string[]) => void }) {
  const { t } = useTranslation();
  const groups = queries.useQuery("get", "/v1/groups", EVERY);
  const choices = groups.data?.items.map((group) => ({ value: group.id, label: group.name })) ?? [];
  return <MultiSelect {...look} aria-label={t("segments.value")} data={choices} value={value} onChange={change} searchable />;
}

function Channels({ value, change }: { value: string[]; change: (channels: string[]) => void }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const channels = [...new Set([...CHANNELS, ...value])];
  return <MultiSelect {...look} aria-label={t("segments.value")} data={channels.map((one) => ({ value: one, label: channelName(one) }))} value={value} onChange={change} />;
}

interface Engaged {
  campaigns?: string[];
  channels?: string[];
  last_days?: number;
  at_least?: number;
}

/** Of which campaigns and channels, since when and how often; what is left empty does not matter. */
function Engagement({ value, change }: { value: Engaged; change: (value: Engaged | undefined) => void }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const campaigns = queries.useQuery("get", "/v1/campaigns", { params: { query: { limit: 200 } } });
  const choices = campaigns.data?.items.map((one) => ({ value: one.id, label: one.name })) ?? [];
  const set = (part: Engaged) => {
    const { campaigns, channels, last_days, at_least } = { ...value, ...part };
    const whole = { ...(campaigns?.length && { campaigns }), ...(channels?.length && { channels }), ...(typeof last_days === "number" && { last_days }), ...(typeof at_least === "number" && { at_least }) };
    change(Object.keys(whole).length ? whole : undefined);
  };
  return (
    <Group gap="xs" flex="1 1 100%">
      <MultiSelect {...look} aria-label={t("segments.campaigns")} placeholder={value.campaigns?.length ? "" : t("segments.anyCampaign")} data={choices} value={value.campaigns ?? []} onChange={(ids) => set({ campaigns: ids })} searchable />
      <MultiSelect {...look} aria-label={t("segments.channels")} placeholder={value.channels?.length ? "" : t("segments.anyChannel")} data={CHANNELS.map((one) => ({ value: one, label: channelName(one) }))} value={value.channels ?? []} onChange={(chosen) => set({ channels: chosen })} />
      <NumberInput {...look} flex="1 1 120px" aria-label={t("segments.lastDays")} placeholder={t("segments.lastDays")} min={0} allowDecimal={false} value={value.last_days ?? ""} onChange={(days) => set({ last_days: days === "" ? undefined : Number(days) })} />
      <NumberInput {...look} flex="1 1 120px" aria-label={t("segments.atLeast")} placeholder={t("segments.atLeast")} min={1} max={1000} allowDecimal={false} value={value.at_least ?? ""} onChange={(times) => set({ at_least: times === "" ? undefined : Number(times) })} />
    </Group>
  );
}
