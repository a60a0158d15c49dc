import { Button, Group, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";

const FEWEST = 2;
const MOST = 20;

/** A part of a group: what it is called, and how much of the group goes into it. */
export interface Part {
  name: string;
  percent: number;
}

export const OPERATIONS = ["union", "subtract", "filter", "split"] as const;

/** What new groups are made of. */
export interface CombineForm {
  operation: (typeof OPERATIONS)[number];
  /** Those that are joined. */
  groups: string[];
  /** The one that something is made of, and those that are taken from it. */
  from: string | null;
  less: string[];
  name: string;
  parts: Part[];
}

export const newPart = (): Part => ({ name: "", percent: 50 });
export const sumOf = (parts: Part[]) => parts.reduce((sum, { percent }) => sum + (Number(percent) || 0), 0);

/** The parts that a group is split into; together they are all of it. */
export function SplitParts({ form }: { form: UseFormReturnType<CombineForm> }) {
  const { t } = useTranslation();
  const { parts } = form.values;
  const remove = (place: number) => form.removeListItem("parts", place);
  const add = () => form.insertListItem("parts", { name: "", percent: Math.max(0, 100 - sumOf(parts)) });
  return (
    <Stack gap="xs">
      {parts.map((_part, place) => (
        <Group key={place} gap="xs" align="flex-end">
          <TextInput label={t("combine.partName", { number: place + 1 })} required flex="1 1 180px" {...form.getInputProps(`parts.${place}.name`)} />
          <NumberInput label={t("combine.percent", { number: place + 1 })} required min={0} max={100} suffix="%" w={130} {...form.getInputProps(`parts.${place}.percent`)} />
          {parts.length > FEWEST && (
            <Button size="xs" variant="default" mb={2} onClick={() => remove(place)} aria-label={t("combine.removePart", { number: place + 1 })}>
              {t("act.delete")}
            </Button>
          )}
        </Group>
      ))}
      <Group gap="sm">
        {parts.length < MOST && (
          <Button size="compact-sm" variant="light" onClick={add}>
            {t("combine.addPart")}
          </Button>
        )}
        <Text size="sm" role="status">
          {t("combine.sum", { sum: sumOf(parts) })}
        </Text>
      </Group>
      {form.errors.parts && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {form.errors.parts}
        </Text>
      )}
    </Stack>
  );
}
