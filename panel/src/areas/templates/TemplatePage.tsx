import { Button, Card, Group, Radio, SimpleGrid, Stack, Text, TextInput, Textarea } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { notify } from "@/kit/notify";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import type { EmailContent } from "@/areas/campaigns/draft";
import { MailEditor } from "@/areas/campaigns/MailEditor";
import { MailCheck } from "@/areas/campaigns/MailCheck";
import { MailPreview } from "@/areas/campaigns/MailPreview";
import { PhonePreview } from "@/areas/campaigns/PhonePreview";
import { SmsParts } from "@/areas/campaigns/SmsParts";
import { FolderField } from "@/areas/templates/FolderActs";
import { Versions } from "@/areas/templates/Versions";
import { useCopy } from "@/areas/templates/useCopy";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Page } from "@/kit/Page";
import { Answered, ProblemAlert } from "@/kit/States";

type Template = Schemas["Template"];

export function NewTemplate() {
  return <Editor template={null} />;
}

export function TemplatePage() {
  const { templateId } = useParams({ strict: false }) as { templateId: string };
  const template = queries.useQuery("get", "/v1/templates/{template_id}", { params: { path: { template_id: templateId } } });
  return <Answered of={template}>{(found) => <Editor key={`${found.id}${found.version}`} template={found} />}</Answered>;
}

function valuesOf(template: Template | null) {
  const { subject = "", preheader = "", html = "", mjml = "", text = "" } = (template?.content ?? {}) as EmailContent;
  const own = { name: template?.name ?? "", folder: template?.folder ?? "", channel: (template?.channel ?? "email") as string };
  return { ...own, subject: subject ?? "", preheader: preheader ?? "", html: html ?? "", mjml: mjml ?? "", text: text ?? "" };
}

/** A template's source beside what it looks like; a ready-made one is looked at, and copied to be changed. */
function Editor({ template }: { template: Template | null }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const known = useQueryClient();
  const isOwn = template?.kind !== "ready_made";
  const before = (template?.content ?? {}) as EmailContent;
  const form = useForm({
    initialValues: valuesOf(template),
  });
  const { name, folder, channel, subject, preheader, html, mjml, text } = form.values;
  const { html: _html, mjml: _mjml, text: _text, ...rest } = before;
  const mail: EmailContent = { ...rest, subject, preheader, ...(mjml ? { mjml } : { html }) };
  const content = channel === "sms" ? { text } : mail;
  const save = useMutation({
    mutationFn: () =>
      bodyOf(
        template
          ? api.PATCH("/v1/templates/{template_id}", { params: { path: { template_id: template.id } }, body: { name, folder: folder.trim(), content, version: template.version } })
          : api.POST("/v1/templates", { body: { name, folder: folder.trim(), channel: channel as "sms" | "email", content } }),
      ),
    onSuccess: async (saved) => {
      notify(t("act.saved"));
      await known.invalidateQueries();
      if (!template) await navigate({ to: `/app/templates/${saved.id}` });
    },
    onError: (error) => form.setErrors(fieldErrors(error, { "content.html": "html", "content.mjml": "mjml", "content.subject": "subject", "content.text": "text" })),
  });
  return (
    <Page
      title={template?.name ?? t("templates.new")}
      parent={{ to: "/app/templates", label: t("templates.title") }}
      actions={template && (isOwn ? <Remove template={template} /> : <Duplicate template={template} />)}
    >
      <form onSubmit={form.onSubmit(() => save.mutate())}>
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

function Fields({ form, isNew, isOwn }: { form: UseFormReturnType<ReturnType<typeof valuesOf>>; isNew: boolean; isOwn: boolean }) {
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

function Remove({ template }: { template: Template }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const known = useQueryClient();
  const remove = async () => {
    await api.DELETE("/v1/templates/{template_id}", { params: { path: { template_id: template.id } } });
    await known.invalidateQueries();
    await navigate({ to: "/app/templates" });
  };
  return <ConfirmButton label={t("act.delete")} question={t("templates.deleteAsk", { name: template.name })} act={remove} />;
}

function Duplicate({ template }: { template: Template }) {
  const { t } = useTranslation();
  const copy = useCopy();
  return (
    <>
      <ProblemAlert error={copy.error} />
      <Button loading={copy.isPending} onClick={() => copy.mutate(template.id)}>
        {t("act.duplicate")}
      </Button>
    </>
  );
}
