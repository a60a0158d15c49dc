import { Button, Card, Group, Radio, SimpleGrid, Stack, Text, TextInput, Textarea } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { DeleteButton } from "@/kit/DeleteButton";
import { notify } from "@/kit/notify";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import type { EmailContent } from "@/areas/campaigns/draft";
import { MailEditor } from "@/areas/campaigns/MailEditor";
import { MailCheck } from "@/areas/campaigns/MailCheck";
import { MailPreview } from "@/areas/campaigns/MailPreview";
import { PhonePreview } from "@/areas/campaigns/PhonePreview";
import { SmsParts } from "@/areas/campaigns/SmsParts";
import { FolderField } from "@/areas/templates/FolderActs";
import { Versions } from "@/areas/templates/Versions";
import { useCopy } from "@/areas/templates/useCopy";
import { useAllowed } from "@/areas/session/me";
import { Edited } from "@/kit/Edited";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

type Template = Schemas["Template"];

export function NewTemplate() {
  return <Editor template={null} />;
}

export function TemplatePage() {
  const { templateId } = useParams({ strict: false }) as { templateId: string };
  const template = queries.useQuery("get", "/v1/templates/{template_id}", { params: { path: { template_id: templateId } } });
  return <Edited key={templateId} of={template}>{(found) => <Editor key={found.version} template={found} />}</Edited>;
}

function valuesOf(template: Template | null) {
  const { subject = "", preheader = "", html = "", mjml = "", text = "" } = (template?.content ?? {}) as EmailContent;
  const own = { name: template?.name ?? "", folder: template?.folder ?? "", channel: (template?.channel ?? "email") as string };
  return { ...own, subject: subject ?? "", preheader: preheader ?? "", html: html ?? "", mjml: mjml ?? "", text: text ?? "" };
}

type Values = ReturnType<typeof valuesOf>;

/** What was written, beside what the template had before and this page does not show. */
function mailOf(before: EmailContent, { subject, preheader, html, mjml }: Values): EmailContent {
  const { html: _html, mjml: _mjml, text: _text, ...rest } = before;
  return { ...rest, subject, preheader, ...(mjml ? { mjml } : { html }) };
}

const contentOf = (before: EmailContent, values: Values) => (values.channel === "sms" ? { text: values.text } : mailOf(before, values));

/** A template's source beside what it looks like; a ready-made one is looked at, and copied to be changed. */
function Editor({ template }: { template: Template | null }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const isOwn = template?.kind !== "ready_made";
  const before = (template?.content ?? {}) as EmailContent;
  const { form, save, submit } = useEditing({
    initialValues: valuesOf(template),
    send: (values, header) => {
      const body = { name: values.name, folder: values.folder.trim(), content: contentOf(before, values) };
      if (!template) return bodyOf(api.POST("/v1/templates", { body: { ...body, channel: values.channel as "sms" | "email" } }));
      return bodyOf(api.PATCH("/v1/templates/{template_id}", { params: { path: { template_id: template.id }, header }, body }));
    },
    onSaved: async (saved) => {
      notify(t("act.saved"));
      if (!template) await navigate({ to: `/app/templates/${saved.id}` });
    },
    names: { "content.html": "html", "content.mjml": "mjml", "content.subject": "subject", "content.text": "text" },
  });
  const { channel, html, mjml, text } = form.values;
  const mail = mailOf(before, form.values);
  return (
    <Page
      title={template?.name ?? t("templates.new")}
      parent={{ to: "/app/templates", label: t("templates.title") }}
      actions={template && <Acts template={template} />}
    >
      <form onSubmit={submit}>
        <SimpleGrid cols={{ base: 1, md: channel === "email" ? 1 : 2 }}>
          <Card withBorder>
            <Stack>
              <ProblemAlert error={save.error} />
              {!isOwn && <Text>{t("templates.readOnly")}</Text>}
              <Fields form={form} isNew={!template} isOwn={isOwn} />
            </Stack>
          </Card>
          {channel !== "email" && <PhonePreview sender="" content={{ text }} />}
        </SimpleGrid>
        {channel === "email" && (
          <>
            <Card withBorder my="md">
              <MailEditor html={html} mjml={mjml} change={(source) => form.setValues(source)} error={form.errors.html ?? form.errors.mjml} />
            </Card>
            <MailPreview content={mail} />
            <MailCheck content={mail} />
          </>
        )}
        {isOwn && (
          <Button type="submit" mt="md" loading={save.isPending}>
            {t("act.save")}
          </Button>
        )}
      </form>
      {template && isOwn && <Versions template={template} />}
    </Page>
  );
}

function Fields({ form, isNew, isOwn }: { form: UseFormReturnType<Values>; isNew: boolean; isOwn: boolean }) {
  const { t } = useTranslation();
  const { channel, text } = form.values;
  return (
    <>
      <TextInput label={t("templates.name")} required {...form.getInputProps("name")} />
      {isOwn && <FolderField {...form.getInputProps("folder")} />}
      {isNew && (
        <Radio.Group label={t("campaigns.channel")} {...form.getInputProps("channel")}>
          <Group mt="xs">
            <Radio value="email" label={t("channel.email")} />
            <Radio value="sms" label={t("channel.sms")} />
          </Group>
        </Radio.Group>
      )}
      {channel === "email" ? (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <TextInput label={t("wizard.subject")} {...form.getInputProps("subject")} />
          <TextInput label={t("wizard.preheader")} {...form.getInputProps("preheader")} />
        </SimpleGrid>
      ) : (
        <>
          <Textarea label={t("wizard.text")} autosize minRows={5} {...form.getInputProps("text")} />
          <SmsParts text={text} replaceDiacritics={false} shortLinks={false} audience={{}} />
        </>
      )}
    </>
  );
}

function Acts({ template }: { template: Template }) {
  const { t } = useTranslation();
  const { id, kind, channel } = template;
  const maySend = useAllowed(`${channel}.campaigns.write`);
  return (
    <>
      {kind === "ready_made" ? <Duplicate template={template} /> : <Remove template={template} />}
      {maySend && (
        <LinkButton to="/app/campaigns/new" search={{ channel, template: id }}>
          {t("templates.toCampaign")}
        </LinkButton>
      )}
    </>
  );
}

function Remove({ template }: { template: Template }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const path = { template_id: template.id };
  return (
    <DeleteButton
      of={template}
      look={() => bodyOf(api.GET("/v1/templates/{template_id}", { params: { path } }))}
      question={({ name }) => t("templates.deleteAsk", { name })}
      remove={(header) => api.DELETE("/v1/templates/{template_id}", { params: { path, header } })}
      onGone={() => navigate({ to: "/app/templates" })}
    />
  );
}

function Duplicate({ template }: { template: Template }) {
  const { t } = useTranslation();
  const copy = useCopy();
  return (
    <>
      <ProblemAlert error={copy.error} />
      <Button variant="default" loading={copy.isPending} onClick={() => copy.mutate(template.id)}>
        {t("act.duplicate")}
      </Button>
    </>
  );
}
