import { Card, Checkbox, Select, SimpleGrid, Stack, Textarea, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { lacksOf, type SmsContent, useSaveDraft } from "@/areas/campaigns/draft";
import { NoSender } from "@/areas/campaigns/NoSender";
import { PhonePreview } from "@/areas/campaigns/PhonePreview";
import { SmsParts } from "@/areas/campaigns/SmsParts";
import { StepProblems, useStep } from "@/areas/campaigns/StepProblems";
import { TestSend } from "@/areas/campaigns/TestSend";
import { useOnlyChoice } from "@/areas/campaigns/useOnlyChoice";
import { Variables } from "@/areas/campaigns/Variables";
import { inFull } from "@/kit/phone";
import { useEditForm } from "@/kit/useEditing";
import { useInsertion } from "@/kit/useInsertion";

/** The text of an SMS, with what it takes and how a phone shows it. */
export function SmsStep({ campaign, goTo }: StepProps) {
  const { t } = useTranslation();
  const senders = queries.useQuery("get", "/v1/sender-ids", { params: { query: { limit: 1000, state: "active" } } });
  const save = useSaveDraft(campaign.id);
  const before = campaign.content as SmsContent;
  const form = useEditForm({
    initialValues: {
      sender: (campaign.sender as string | null) ?? "",
      text: before.text ?? "",
      replace_diacritics: before.replace_diacritics ?? false,
      short_links: before.short_links ?? false,
    },
  });
  const { sender, ...own } = form.values;
  const { field, insert } = useInsertion<HTMLTextAreaElement>(own.text, (text) => form.setFieldValue("text", text));
  const content: SmsContent = { ...before, ...own };
  const body = { sender: sender || null, content };
  const { keep, keepWhole, submit, state } = useStep({ form, save, body, lacks: lacksOf({ channel: "sms", ...body }), places: { sender: "sender", content: "text" }, goOn: () => goTo("when") });
  const names = senders.data?.items.map((one) => one.sender) ?? [];
  useOnlyChoice(sender, names, (only) => form.setFieldValue("sender", only));
  return (
    <form onSubmit={submit} noValidate>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.what")}
            </Title>
            <StepProblems of={state} error={senders.error} />
            <Select label={t("wizard.sender")} data={names.map((name) => ({ value: name, label: inFull(name) }))} allowDeselect={false} placeholder={t("wizard.senderHint")} {...form.getInputProps("sender")} />
            {senders.data && names.length === 0 && <NoSender keep={keep} />}
            <Textarea label={t("wizard.text")} autosize minRows={5} {...form.getInputProps("text")} {...field} />
            <SmsParts text={own.text} replaceDiacritics={own.replace_diacritics} shortLinks={own.short_links} audience={campaign.audience} />
            <Variables channel="sms" insert={insert} />
            <Checkbox label={t("wizard.plainLetters")} {...form.getInputProps("replace_diacritics", { type: "checkbox" })} />
            <Checkbox label={t("wizard.shortLinks")} description={t("wizard.shortLinksHint")} {...form.getInputProps("short_links", { type: "checkbox" })} />
            <StepButtons back={() => goTo("who")} submit={t("wizard.next")} isBusy={save.isPending} />
          </Stack>
        </Card>
        <Stack>
          <PhonePreview sender={sender} content={content} />
          <TestSend campaign={campaign} keepWhole={keepWhole} />
        </Stack>
      </SimpleGrid>
    </form>
  );
}
