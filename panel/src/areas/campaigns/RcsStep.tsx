import { Card, Select, SimpleGrid, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { lacksOf, type RcsContent, useSaveDraft } from "@/areas/campaigns/draft";
import { Mend } from "@/areas/campaigns/Mend";
import { RcsCards } from "@/areas/campaigns/RcsCards";
import { CARDS_MIN, contentOf, formOf, type Kind, KINDS, newCard, placeInForm, SUGGESTIONS_MAX } from "@/areas/campaigns/rcsForm";
import { RcsPreview } from "@/areas/campaigns/RcsPreview";
import { RcsSuggestions } from "@/areas/campaigns/RcsSuggestions";
import { StepProblems, useStep } from "@/areas/campaigns/StepProblems";
import { TestSend } from "@/areas/campaigns/TestSend";
import { useOnlyChoice } from "@/areas/campaigns/useOnlyChoice";
import { Variables } from "@/areas/campaigns/Variables";
import { useEditForm } from "@/kit/useEditing";
import { useInsertion } from "@/kit/useInsertion";

/** Where of each kind what it says begins. */
const PLACE: Record<Kind, string> = { basic: "text", single: "text", card: "cards.0.title", carousel: "cards.0.title", file: "file" };

/** An RCS message: a text, a card, cards side by side or a file, with buttons, and how a phone shows it. */
export function RcsStep({ campaign, goTo }: StepProps) {
  const { t } = useTranslation();
  const agents = queries.useQuery("get", "/v1/rcs/agents", { params: { query: { limit: 100, state: "active" } } });
  const save = useSaveDraft(campaign.id);
  const before = campaign.content as RcsContent;
  const form = useEditForm({ initialValues: formOf(campaign.sender as string | null, before) });
  const { sender, kind, text, cards, suggestions } = form.values;
  const { field, insert } = useInsertion<HTMLTextAreaElement>(text, (changed) => form.setFieldValue("text", changed));
  const content = contentOf(before, form.values);
  const body = { sender: sender || null, content };
  const { keep, keepWhole, submit, state } = useStep({ form, save, body, lacks: lacksOf({ channel: "rcs", ...body }), places: { sender: "sender", content: PLACE[kind] }, placeOf: placeInForm, goOn: () => goTo("when") });
  const choose = (chosen: Kind) => {
    form.setFieldValue("kind", chosen);
    const wanted = chosen === "carousel" ? CARDS_MIN : 1;
    if (cards.length < wanted) form.setFieldValue("cards", [...cards, ...Array.from({ length: wanted - cards.length }, newCard)]);
  };
  const names = agents.data?.items.map((one) => ({ value: one.name, label: one.title })) ?? [];
  useOnlyChoice(sender, agents.data?.items.map((one) => one.name), (only) => form.setFieldValue("sender", only));
  const hasText = kind === "basic" || kind === "single";
  return (
    <form onSubmit={submit} noValidate>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.what")}
            </Title>
            <StepProblems of={state} error={agents.error} />
            <Select label={t("rcs.agent")} data={names} allowDeselect={false} placeholder={t("wizard.senderHint")} {...form.getInputProps("sender")} />
            {agents.data && names.length === 0 && (
              <Text>
                {t("rcs.noAgent")}{" "}
                <Mend to="/app/senders" search={{ channel: "rcs" }} keep={keep}>
                  {t("nav.senders")}
                </Mend>
              </Text>
            )}
            <Select
              label={t("rcs.kind")}
              description={t(`rcs.kindHint.${kind}`)}
              data={KINDS.map((one) => ({ value: one, label: t(`rcs.kinds.${one}`) }))}
              allowDeselect={false}
              value={kind}
              onChange={(one) => one && choose(one as Kind)}
            />
            {hasText && <Textarea label={t("wizard.text")} autosize minRows={4} {...form.getInputProps("text")} {...field} />}
            {hasText && <Variables channel="rcs" insert={insert} />}
            {kind === "file" && <TextInput label={t("rcs.file")} placeholder="https://" {...form.getInputProps("file")} />}
            {(kind === "card" || kind === "carousel") && <RcsCards form={form} />}
            {kind === "single" && <RcsSuggestions form={form} path="suggestions" value={suggestions} most={SUGGESTIONS_MAX} />}
            <StepButtons back={() => goTo("who")} submit={t("wizard.next")} isBusy={save.isPending} />
          </Stack>
        </Card>
        <Stack>
          <RcsPreview agent={names.find((one) => one.value === sender)?.label ?? ""} content={content} />
          <TestSend campaign={campaign} keepWhole={keepWhole} />
        </Stack>
      </SimpleGrid>
    </form>
  );
}
