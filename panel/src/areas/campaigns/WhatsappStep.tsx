import { Alert, Card, Radio, Select, SimpleGrid, Stack, TagsInput, Text, Textarea, Title } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { lacksOf, useSaveDraft, type WhatsappContent } from "@/areas/campaigns/draft";
import { Mend } from "@/areas/campaigns/Mend";
import { StepProblems, useStep } from "@/areas/campaigns/StepProblems";
import { TestSend } from "@/areas/campaigns/TestSend";
import { useOnlyChoice } from "@/areas/campaigns/useOnlyChoice";
import { Variables } from "@/areas/campaigns/Variables";
import { BUTTONS_MAX, contentOf, formOf, placeInForm } from "@/areas/campaigns/whatsappForm";
import { WhatsappPreview } from "@/areas/campaigns/WhatsappPreview";
import { keyOf, partsOf } from "@/areas/campaigns/whatsappTemplate";
import { WhatsappValues } from "@/areas/campaigns/WhatsappValues";
import { useEditForm } from "@/kit/useEditing";
import { useInsertion } from "@/kit/useInsertion";

/** A WhatsApp message: by a template that WhatsApp has approved, or a text to those who have just written. */
export function WhatsappStep({ campaign, goTo }: StepProps) {
  const { t } = useTranslation();
  const senders = queries.useQuery("get", "/v1/whatsapp/senders", { params: { query: { limit: 100, state: "active" } } });
  const save = useSaveDraft(campaign.id);
  const before = campaign.content as WhatsappContent;
  const form = useEditForm({ initialValues: formOf(campaign.sender as string | null, before) });
  const { sender, by, template: chosen } = form.values;
  useOnlyChoice(sender, senders.data?.items.map((one) => one.name), (only) => form.setFieldValue("sender", only));
  const number = senders.data?.items.find((one) => one.name === sender);
  const params = { path: { whatsapp_sender_id: number?.id ?? "" }, query: { limit: 1000, status: "APPROVED" } };
  const templates = queries.useQuery("get", "/v1/whatsapp/senders/{whatsapp_sender_id}/templates", { params }, { enabled: Boolean(number) });
  const template = templates.data?.items.find((one) => keyOf(one) === chosen);
  const parts = template && partsOf(template);
  const content = contentOf(before, form.values, template, parts);
  const body = { sender: sender || null, content };
  // Templates are a number's: without one there is none to be chosen.
  const lacks = lacksOf({ channel: "whatsapp", ...body }).filter((one) => sender || by === "text" || one !== "content");
  const { keep, keepWhole, submit, state } = useStep({ form, save, body, lacks, places: { sender: "sender", content: by }, placeOf: placeInForm, goOn: () => goTo("when") });
  return (
    <form onSubmit={submit} noValidate>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.what")}
            </Title>
            <StepProblems of={state} error={senders.error ?? templates.error} />
            <Select
              label={t("whatsapp.number")}
              data={senders.data?.items.map((one) => ({ value: one.name, label: `${one.title} ${one.phone}` })) ?? []}
              placeholder={t("wizard.senderHint")}
              allowDeselect={false}
              {...form.getInputProps("sender")}
            />
            {senders.data?.items.length === 0 && (
              <Text>
                {t("whatsapp.noNumber")}{" "}
                <Mend to="/app/senders" search={{ channel: "whatsapp" }} keep={keep}>
                  {t("nav.senders")}
                </Mend>
              </Text>
            )}
            <Radio.Group label={t("whatsapp.by")} {...form.getInputProps("by")}>
              <Stack gap="xs" mt="xs">
                <Radio value="template" label={t("whatsapp.byTemplate")} description={t("whatsapp.byTemplateHint")} />
                <Radio value="text" label={t("whatsapp.byText")} description={t("whatsapp.byTextHint")} />
              </Stack>
            </Radio.Group>
            {by === "template" ? (
              <ByTemplate form={form} templates={templates.data?.items} parts={parts} />
            ) : (
              <ByText form={form} />
            )}
            <StepButtons back={() => goTo("who")} submit={t("wizard.next")} isBusy={save.isPending} />
          </Stack>
        </Card>
        <Stack>
          <WhatsappPreview sender={number?.title ?? ""} content={content} parts={by === "template" ? parts : undefined} />
          <TestSend campaign={campaign} keepWhole={keepWhole} />
        </Stack>
      </SimpleGrid>
    </form>
  );
}

type Form = UseFormReturnType<ReturnType<typeof formOf>>;

interface ByTemplateProps {
  form: Form;
  /** Those of the number; not known while there is none. */
  templates: Schemas["WhatsappTemplate"][] | undefined;
  parts: ReturnType<typeof partsOf> | undefined;
}

function ByTemplate({ form, templates, parts }: ByTemplateProps) {
  const { t } = useTranslation();
  return (
    <>
      <Select
        label={t("whatsapp.template")}
        data={templates?.map((one) => ({ value: keyOf(one), label: `${one.name} (${one.language})` })) ?? []}
        placeholder={t("whatsapp.templateHint")}
        searchable
        disabled={!templates}
        {...form.getInputProps("template")}
      />
      {templates?.length === 0 && <Alert color="orange">{t("whatsapp.noTemplate")}</Alert>}
      {parts && <WhatsappValues form={form} parts={parts} />}
    </>
  );
}

function ByText({ form }: { form: Form }) {
  const { t } = useTranslation();
  const { field, insert } = useInsertion<HTMLTextAreaElement>(form.values.text, (text) => form.setFieldValue("text", text));
  return (
    <>
      <Textarea label={t("wizard.text")} autosize minRows={4} {...form.getInputProps("text")} {...field} />
      <Variables channel="whatsapp" insert={insert} />
      <TagsInput label={t("whatsapp.answers")} description={t("whatsapp.answersHint")} maxTags={BUTTONS_MAX} acceptValueOnBlur {...form.getInputProps("buttons")} />
    </>
  );
}
