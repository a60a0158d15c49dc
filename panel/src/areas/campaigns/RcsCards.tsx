import { Button, Card, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { CARD_SUGGESTIONS_MAX, CARDS_MAX, CARDS_MIN, newCard, type RcsForm } from "@/areas/campaigns/rcsForm";
import { RcsSuggestions } from "@/areas/campaigns/RcsSuggestions";
import { ConfirmButton } from "@/kit/ConfirmButton";

/** One card, or several side by side. */
export function RcsCards({ form }: { form: UseFormReturnType<RcsForm> }) {
  const { t } = useTranslation();
  const { cards, kind } = form.values;
  const shown = kind === "carousel" ? cards : cards.slice(0, 1);
  return (
    <Stack>
      {shown.map((card, place) => (
        <Card key={place} withBorder component="fieldset">
          <Stack gap="xs">
            <Group justify="space-between">
              <Text fw={600} component="legend">
                {t("rcs.card", { number: place + 1 })}
              </Text>
              {kind === "carousel" && cards.length > CARDS_MIN && (
                <ConfirmButton
                  size="compact-xs" label={t("act.delete")} aria-label={t("rcs.removeCard", { number: place + 1 })}
                  question={t("rcs.removeCardAsk", { number: place + 1 })} act={async () => form.removeListItem("cards", place)}
                />
              )}
            </Group>
            <TextInput label={t("rcs.picture")} placeholder="https://" {...form.getInputProps(`cards.${place}.picture`)} />
            <TextInput label={t("rcs.title")} {...form.getInputProps(`cards.${place}.title`)} />
            <Textarea label={t("rcs.description")} autosize minRows={2} {...form.getInputProps(`cards.${place}.description`)} />
            <RcsSuggestions form={form} path={`cards.${place}.suggestions`} value={card.suggestions} most={CARD_SUGGESTIONS_MAX} />
          </Stack>
        </Card>
      ))}
      {kind === "carousel" && cards.length < CARDS_MAX && (
        <Button size="compact-sm" variant="light" style={{ alignSelf: "flex-start" }} onClick={() => form.insertListItem("cards", newCard())}>
          {t("rcs.addCard")}
        </Button>
      )}
    </Stack>
  );
}
