import { Card, Group, Select, SimpleGrid, Stack, TextInput, Title } from "@mantine/core";
import { useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { type EmailContent, PartContext, useSaveDraft } from "@/areas/campaigns/draft";
import { FromTemplate } from "@/areas/campaigns/FromTemplate";
import { MailEditor } from "@/areas/campaigns/MailEditor";
import { MailCheck } from "@/areas/campaigns/MailCheck";
import { MailPreview } from "@/areas/campaigns/MailPreview";
import { TestSend } from "@/areas/campaigns/TestSend";
import { ProblemAlert } from "@/kit/States";
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
    form.setValues({ html: "", mjml: "", ...found });
    setBegun(begun + 1);
  };
  const content = contentOf(before, values);
  // The page is the campaign's, whatever its steps are.
  const options = isPart || values.page === (campaign.options.unsubscribe_page_id ?? null) ? {} : { options: { ...campaign.options, unsubscribe_page_id: values.page } };
  const keep = () => save.keep({ sender: senderOf(values), content, ...options });
  const submit = form.onSubmit(async () => {
    try {
      await keep();
      goTo("when");
    } catch (error) {
      form.setErrors(fieldErrors(error, NAMES));
    }
  });
  return (
    <form onSubmit={submit}>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.what")}
            </Title>
            <ProblemAlert error={save.error} />
            <TextInput label={t("wizard.fromEmail")} description={<Domains />} type="email" {...form.getInputProps("from_email")} />
            <TextInput label={t("wizard.fromName")} {...form.getInputProps("from_name")} />
            <TextInput label={t("wizard.replyTo")} type="email" {...form.getInputProps("reply_to")} />
            <TextInput label={t("wizard.subject")} description={t("wizard.subjectHint", { count: values.subject.length })} {...form.getInputProps("subject")} />
            <TextInput label={t("wizard.preheader")} description={t("wizard.preheaderHint")} {...form.getInputProps("preheader")} />
            {!isPart && <UnsubscribePage input={form.getInputProps("page")} />}
            <FromTemplate take={begin} />
          </Stack>
        </Card>
        <TestSend campaign={campaign} keep={keep} />
      </SimpleGrid>
      <Card withBorder my="md">
        <MailEditor key={begun} html={values.html} mjml={values.mjml} change={(source) => form.setValues(source)} error={form.errors.html ?? form.errors.mjml} />
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

const NAMES = {
  "sender.from_email": "from_email", "sender.from_name": "from_name", "sender.reply_to": "reply_to",
  "options.unsubscribe_page_id": "page", "content.subject": "subject", "content.preheader": "preheader", "content.html": "html", "content.mjml": "mjml",
};

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

function Domains() {
  const { t } = useTranslation();
  const domains = queries.useQuery("get", "/v1/sender-domains", { params: { query: { limit: 100 } } });
  const addresses = queries.useQuery("get", "/v1/sender-addresses", { params: { query: { limit: 100 } } });
  const ready = [
    ...(domains.data?.items.filter((one) => one.state === "verified").map((one) => one.domain) ?? []),
    ...(addresses.data?.items.filter((one) => one.state === "verified").map((one) => one.email) ?? []),
  ];
  return ready.length > 0 ? t("wizard.domains", { domains: ready.join(", ") }) : t("wizard.noDomain");
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
