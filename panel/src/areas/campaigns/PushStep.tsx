import { Card, Select, SimpleGrid, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { lacksOf, type PushContent, useSaveDraft } from "@/areas/campaigns/draft";
import { Mend } from "@/areas/campaigns/Mend";
import { PushPreview } from "@/areas/campaigns/PushPreview";
import { StepProblems, useStep } from "@/areas/campaigns/StepProblems";
import { useOnlyChoice } from "@/areas/campaigns/useOnlyChoice";
import { Variables } from "@/areas/campaigns/Variables";
import { useEditForm } from "@/kit/useEditing";
import { useInsertion } from "@/kit/useInsertion";

/** A push: title and text, a picture, where a tap leads, and how a phone shows it. */
export function PushStep({ campaign, goTo }: StepProps) {
  const { t } = useTranslation();
  const applications = queries.useQuery("get", "/v1/push/applications", { params: { query: { limit: 100 } } });
  const save = useSaveDraft(campaign.id);
  const before = campaign.content as PushContent;
  const form = useEditForm({
    initialValues: {
      sender: (campaign.sender as string | null) ?? "",
      title: before.title ?? "",
      body: before.body ?? "",
      image: before.image ?? "",
      url: before.url ?? "",
    },
  });
  const { sender, title, body, image, url } = form.values;
  const { field, insert } = useInsertion<HTMLTextAreaElement>(body, (changed) => form.setFieldValue("body", changed));
  const { image: _image, url: _url, ...rest } = before;
  const content: PushContent = { ...rest, title, body, ...(image && { image }), ...(url && { url }) };
  const draft = { sender: sender || null, content };
  const { keep, submit, state } = useStep({ form, save, body: draft, lacks: lacksOf({ channel: "push", ...draft }), places: { sender: "sender", content: "body" }, goOn: () => goTo("when") });
  const names = applications.data?.items.map((one) => one.name) ?? [];
  useOnlyChoice(sender, names, (only) => form.setFieldValue("sender", only));
  return (
    <form onSubmit={submit} noValidate>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.what")}
            </Title>
            <StepProblems of={state} error={applications.error} />
            <Select label={t("push.application")} data={names} allowDeselect={false} {...form.getInputProps("sender")} />
            {applications.data && names.length === 0 && (
              <Text>
                {t("push.noApplication")}{" "}
                <Mend to="/app/senders" search={{ channel: "push" }} keep={keep}>
                  {t("nav.senders")}
                </Mend>
              </Text>
            )}
            <TextInput label={t("push.title")} description={t("push.titleHint")} {...form.getInputProps("title")} />
            <Textarea label={t("push.body")} description={t("push.bodyHint")} autosize minRows={3} {...form.getInputProps("body")} {...field} />
            <Variables channel="push" insert={insert} />
            <TextInput label={t("push.image")} placeholder="https://" {...form.getInputProps("image")} />
            <TextInput label={t("push.url")} placeholder="https://" {...form.getInputProps("url")} />
            <StepButtons back={() => goTo("who")} submit={t("wizard.next")} isBusy={save.isPending} />
          </Stack>
        </Card>
        <PushPreview application={sender} content={content} />
      </SimpleGrid>
    </form>
  );
}
