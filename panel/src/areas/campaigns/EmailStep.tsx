import { Card, Group, Select, SimpleGrid, Stack, TextInput, Title } from "@mantine/core";
import { useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { type EmailContent, isWritten, lacksOf, PartContext, useSaveDraft } from "@/areas/campaigns/draft";
import { FromTemplate } from "@/areas/campaigns/FromTemplate";
import { MailEditor } from "@/areas/campaigns/MailEditor";
import { MailCheck } from "@/areas/campaigns/MailCheck";
import { MailPreview } from "@/areas/campaigns/MailPreview";
import { MailSender, ReadySenders } from "@/areas/campaigns/MailSender";
import { NoUnsubscribe } from "@/areas/campaigns/NoUnsubscribe";
import { StepProblems, useStep } from "@/areas/campaigns/StepProblems";
import { begunWith } from "@/areas/campaigns/templateContent";
import { TestSend } from "@/areas/campaigns/TestSend";
import { useEditForm } from "@/kit/useEditing";

/** An e-mail: from whom, what it says, and how it looks on a phone and on a desk. */
export function EmailStep({ campaign, goTo }: StepProps) {
  const { t } = useTranslation();
  const save = useSaveDraft(campaign.id);
  const before = campaign.content as EmailContent;
  const sender = campaign.sender as Schemas["EmailSender"] | null;
  const form = useEditForm({
    initialValues: {
      from_email: sender?.from_email ?? "",
      from_name: sender?.from_name ?? "",
      reply_to: sender?.reply_to ?? "",
      subject: before.subject ?? "",
      preheader: before.preheader ?? "",
      html: before.html ?? "",
      mjml: before.mjml ?? "",
      page: campaign.options.unsubscribe_page_id ?? null,
    },
  });
  const isPart = useContext(PartContext) !== null;
  const values = form.values;
  const [begun, setBegun] = useState(0);
  const begin = (found: Partial<Values>) => {
    form.setValues(begunWith(values, found));
    setBegun(begun + 1);
  };
  const write = ({ html, mjml }: Pick<Values, "html" | "mjml">) => {
    form.setFieldValue("html", html);
    form.setFieldValue("mjml", mjml);
  };
  const content = contentOf(before, values);
  // The page is the campaign's, whatever its steps are.
  const options = isPart || values.page === (campaign.options.unsubscribe_page_id ?? null) ? {} : { options: { ...campaign.options, unsubscribe_page_id: values.page } };
  const body = { sender: senderOf(values), content, ...options };
  const places = { sender: "from_email", subject: "subject", content: "html", link: "html" };
  const { keep, keepWhole, submit, state } = useStep({ form, save, body, lacks: lacksOf({ channel: "email", ...body }), places, placeOf, goOn: () => goTo("when") });
  return (
    <form onSubmit={submit} noValidate>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.what")}
            </Title>
            <StepProblems of={state} />
            <TextInput label={t("wizard.fromEmail")} description={<ReadySenders />} type="email" {...form.getInputProps("from_email")} />
            <MailSender email={values.from_email} keep={keep} />
            <TextInput label={t("wizard.fromName")} {...form.getInputProps("from_name")} />
            <TextInput label={t("wizard.replyTo")} type="email" {...form.getInputProps("reply_to")} />
            <TextInput label={t("wizard.subject")} description={t("wizard.subjectHint", { count: values.subject.length })} {...form.getInputProps("subject")} />
            <TextInput label={t("wizard.preheader")} description={t("wizard.preheaderHint")} {...form.getInputProps("preheader")} />
            {!isPart && <UnsubscribePage input={form.getInputProps("page")} />}
            <FromTemplate replaces={isWritten("email", content)} take={begin} />
          </Stack>
        </Card>
        <TestSend campaign={campaign} keepWhole={keepWhole} />
      </SimpleGrid>
      <Card withBorder my="md">
        <MailEditor key={begun} html={values.html} mjml={values.mjml} change={write} error={form.errors.html} />
        <NoUnsubscribe html={values.html} mjml={values.mjml} put={begin} />
      </Card>
      <MailPreview content={content} />
      <MailCheck content={content} />
      <Group mt="md">
        <StepButtons back={() => goTo("who")} submit={t("wizard.next")} isBusy={save.isPending} />
      </Group>
    </form>
  );
}

interface Values {
  from_email: string;
  from_name: string;
  reply_to: string;
  subject: string;
  preheader: string;
  html: string;
  mjml: string;
  page: string | null;
}

/** A mail has one source, whichever it is of. */
const placeOf = (field: string) => field.replace(/^(sender|content|options)\./, "").replace("unsubscribe_page_id", "page").replace("mjml", "html");

function senderOf({ from_email, from_name, reply_to }: Values): Schemas["EmailSender"] | null {
  if (!from_email) return null;
  return { from_email, ...(from_name && { from_name }), ...(reply_to && { reply_to }) };
}

/** What was written, beside what the draft had before and this page does not show. A mail is of MJML or of HTML. */
function contentOf(before: EmailContent, { subject, preheader, html, mjml }: Values): EmailContent {
  const { html: _html, mjml: _mjml, text, ...rest } = before;
  const own = { ...rest, subject, preheader };
  if (mjml) return { ...own, mjml };
  return html === before.html && text ? { ...own, html, text } : { ...own, html };
}

/** Which page the mail's unsubscribe link shows, where the account has several. */
function UnsubscribePage({ input }: { input: object }) {
  const { t } = useTranslation();
  const pages = queries.useQuery("get", "/v1/unsubscribe-pages", { params: { query: { limit: 100 } } });
  const items = pages.data?.items ?? [];
  if (items.length < 2) return null;
  const choices = items.map((one) => ({ value: one.id, label: one.is_default ? `${one.name} (${t("leaving.isDefault")})` : one.name }));
  return <Select label={t("wizard.unsubscribePage")} data={choices} placeholder={t("leaving.isDefault")} clearable {...input} />;
}
