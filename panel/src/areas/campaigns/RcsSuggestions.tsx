import { Button, Card, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { newSuggestion, type RcsForm, type Suggestion, TAPS } from "@/areas/campaigns/rcsForm";

interface RcsSuggestionsProps {
  form: UseFormReturnType<RcsForm>;
  /** Where in the form they are: `suggestions`, or `cards.1.suggestions`. */
  path: string;
  value: Suggestion[];
  most: number;
}

/** The buttons below a message or a card: an answer, or what the phone does. */
export function RcsSuggestions({ form, path, value, most }: RcsSuggestionsProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      {value.map((one, place) => (
        <Card key={place} withBorder padding="xs">
          <RcsSuggestion form={form} path={`${path}.${place}`} value={one} remove={() => form.removeListItem(path, place)} />
        </Card>
      ))}
      {value.length < most && (
        <Button size="compact-sm" variant="light" style={{ alignSelf: "flex-start" }} onClick={() => form.insertListItem(path, newSuggestion())}>
          {t("rcs.addButton")}
        </Button>
      )}
    </Stack>
  );
}

function RcsSuggestion({ form, path, value, remove }: { form: RcsSuggestionsProps["form"]; path: string; value: Suggestion; remove: () => void }) {
  const { t } = useTranslation();
  const isWrittenHere = TAPS.some((tap) => tap === value.type);
  return (
    <Stack gap="xs">
      <Group gap="xs" align="flex-start">
        {isWrittenHere ? (
          <Select
            label={t("rcs.tap")}
            data={TAPS.map((tap) => ({ value: tap, label: t(`rcs.taps.${tap}`) }))}
            allowDeselect={false}
            flex="1 1 140px"
            {...form.getInputProps(`${path}.type`)}
          />
        ) : (
          <Text size="sm" flex="1 1 140px">
            {t("rcs.otherTap")}
          </Text>
        )}
        <TextInput label={t("rcs.buttonText")} flex="1 1 140px" {...form.getInputProps(`${path}.text`)} value={value.text} />
      </Group>
      {value.type === "url" && <TextInput label={t("rcs.buttonUrl")} placeholder="https://" {...form.getInputProps(`${path}.url`)} value={value.url ?? ""} />}
      {value.type === "dial" && <TextInput label={t("rcs.buttonPhone")} placeholder="+48" {...form.getInputProps(`${path}.phone`)} value={value.phone ?? ""} />}
      <Button size="compact-xs" variant="default" style={{ alignSelf: "flex-end" }} onClick={remove} aria-label={t("rcs.removeButtonNamed", { name: value.text })}>
        {t("act.delete")}
      </Button>
    </Stack>
  );
}
