import { Button, Card, Group, Radio, SimpleGrid, Stack, Text, TextInput, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import type { EmailContent } from "@/areas/campaigns/draft";
import { MailEditor } from "@/areas/campaigns/MailEditor";
import { MailPreview } from "@/areas/campaigns/MailPreview";
import { PhonePreview } from "@/areas/campaigns/PhonePreview";
import { SmsParts } from "@/areas/campaigns/SmsParts";
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

/** A template's source beside what it looks like; a ready-made one is looked at, and copied to be changed. */
function Editor({ template }: { template: Template | null }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const known = useQueryClient();
  const copy = useCopy();
  const isOwn = template?.kind !== "ready_made";
  const before = (template?.content ?? {}) as EmailContent;
  const form = useForm({
    initialValues: {
      name: template?.name ?? "",
      channel: (template?.channel ?? "email") as string,
      subject: before.subject ?? "",
      preheader: before.preheader ?? "",
      html: before.html ?? "",
      mjml: before.mjml ?? "",
      text: before.text ?? "",
    },
  });
  const { name, channel, subject, preheader, html, mjml, text } = form.values;
  const { html: _html, mjml: _mjml, text: _text, ...rest } = before;
  const mail: EmailContent = { ...rest, subject, preheader, ...(mjml ? { mjml } : { html }) };
  const content = channel === "sms" ? { text } : mail;
  const save = useMutation({
    mutationFn: () =>
      bodyOf(
        template
          ? api.PATCH("/v1/templates/{template_id}", { params: { path: { template_id: template.id } }, body: { name, content, version: template.version } })
          : api.POST("/v1/templates", { body: { name, channel: channel as "sms" | "email", content } }),
      ),
    onSuccess: async (saved) => {
      notifications.show({ message: t("act.saved") });
      await known.invalidateQueries();
      if (!template) await navigate({ to: `/app/templates/${saved.id}` });
    },
    onError: (error) => form.setErrors(fieldErrors(error, { "content.html": "html", "content.mjml": "mjml", "content.subject": "subject", "content.text": "text" })),
  });
  const remove = async () => {
    if (!template) return;
    await api.DELETE("/v1/templates/{template_id}", { params: { path: { template_id: template.id } } });
    await known.invalidateQueries();
    await navigate({ to: "/app/templates" });
  };
  return (
    <Page
      title={template?.name ?? t("templates.new")}
      parent={{ to: "/app/templates", label: t("templates.title") }}
      actions={
        template &&
        (isOwn ? (
          <ConfirmButton label={t("act.delete")} question={t("templates.deleteAsk", { name: template.name })} act={remove} />
        ) : (
          <Button loading={copy.isPending} onClick={() => copy.mutate(template.id)}>
            {t("act.duplicate")}
          </Button>
        ))
      }
    >
      <form onSubmit={form.onSubmit(() => save.mutate())}>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Card withBorder>
            <Stack>
              <ProblemAlert error={save.error ?? copy.error} />
              {!isOwn && <Text>{t("templates.readOnly")}</Text>}
              <TextInput label={t("templates.name")} required {...form.getInputProps("name")} />
              {!template && (
                <Radio.Group label={t("campaigns.channel")} {...form.getInputProps("channel")}>
                  <Group mt="xs">
                    <Radio value="email" label={t("channel.email")} />
                    <Radio value="sms" label={t("channel.sms")} />
                  </Group>
                </Radio.Group>
              )}
              {channel === "email" ? (
                <>
                  <TextInput label={t("wizard.subject")} {...form.getInputProps("subject")} />
                  <TextInput label={t("wizard.preheader")} {...form.getInputProps("preheader")} />
                  <MailEditor html={html} mjml={mjml} change={(source) => form.setValues(source)} error={form.errors.html ?? form.errors.mjml} />
                </>
              ) : (
                <>
                  <Textarea label={t("wizard.text")} autosize minRows={5} {...form.getInputProps("text")} />
                  <SmsParts text={text} replaceDiacritics={false} shortLinks={false} audience={{}} />
                </>
              )}
              {isOwn && (
                <Group>
                  <Button type="submit" loading={save.isPending}>
                    {t("act.save")}
                  </Button>
                </Group>
              )}
            </Stack>
          </Card>
          {channel === "email" ? <MailPreview content={mail} /> : <PhonePreview sender="" content={{ text }} />}
        </SimpleGrid>
      </form>
    </Page>
  );
}
