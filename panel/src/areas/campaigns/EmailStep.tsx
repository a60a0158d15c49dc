import { Card, SimpleGrid, Stack, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { type EmailContent, useSaveDraft } from "@/areas/campaigns/draft";
import { FromTemplate } from "@/areas/campaigns/FromTemplate";
import { MailEditor } from "@/areas/campaigns/MailEditor";
import { MailPreview } from "@/areas/campaigns/MailPreview";
import { TestSend } from "@/areas/campaigns/TestSend";
import { ProblemAlert } from "@/kit/States";

/** An e-mail: from whom, what it says, and how it looks on a phone and on a desk. */
export function EmailStep({ campaign, goTo }: StepProps) {
  const { t } = useTranslation();
  const save = useSaveDraft(campaign.id);
  const before = campaign.content as EmailContent;
  const sender = campaign.sender as Schemas["EmailSender"] | null;
  const form = useForm({
    initialValues: {
      from_email: sender?.from_email ?? "",
      from_name: sender?.from_name ?? "",
      reply_to: sender?.reply_to ?? "",
      subject: before.subject ?? "",
      preheader: before.preheader ?? "",
      html: before.html ?? "",
      mjml: before.mjml ?? "",
    },
  });
  const values = form.values;
  const content = contentOf(before, values);
  const keep = () => save.keep({ sender: senderOf(values), content });
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
            <FromTemplate take={(found) => form.setValues({ html: "", mjml: "", ...found })} />
            <MailEditor html={values.html} mjml={values.mjml} change={(source) => form.setValues(source)} error={form.errors.html ?? form.errors.mjml} />
            <StepButtons back={() => goTo("who")} submit={t("wizard.next")} isBusy={save.isPending} />
          </Stack>
        </Card>
        <Stack>
          <MailPreview content={content} />
          <TestSend campaign={campaign} keep={keep} />
        </Stack>
      </SimpleGrid>
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
}

const NAMES = {
  "sender.from_email": "from_email", "sender.from_name": "from_name", "sender.reply_to": "reply_to",
  "content.subject": "subject", "content.preheader": "preheader", "content.html": "html", "content.mjml": "mjml",
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
  const ready = domains.data?.items.filter((one) => one.state === "verified").map((one) => one.domain) ?? [];
  return ready.length > 0 ? t("wizard.domains", { domains: ready.join(", ") }) : t("wizard.noDomain");
}
