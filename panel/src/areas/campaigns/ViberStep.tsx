import { Button, Card, Divider, Group, Select, SimpleGrid, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { lacksOf, useSaveDraft, type ViberContent } from "@/areas/campaigns/draft";
import { Mend } from "@/areas/campaigns/Mend";
import { Bubble, Phone, PictureOf } from "@/areas/campaigns/Phone";
import { StepProblems, useStep } from "@/areas/campaigns/StepProblems";
import { TestSend } from "@/areas/campaigns/TestSend";
import { useOnlyChoice } from "@/areas/campaigns/useOnlyChoice";
import { usePreview } from "@/areas/campaigns/usePreview";
import { Variables } from "@/areas/campaigns/Variables";
import { useEditForm } from "@/kit/useEditing";
import { useInsertion } from "@/kit/useInsertion";

const BUTTONS_MAX = 6;

interface Values {
  sender: string;
  text: string;
  picture: string;
  buttons: NonNullable<ViberContent["buttons"]>;
}

const placeInForm = (field: string) => field.replace(/^content\./, "").replace(/^picture.*/, "picture");

/** A Viber message: a text, a picture, and buttons below, to those who have subscribed to the bot. */
export function ViberStep({ campaign, goTo }: StepProps) {
  const { t } = useTranslation();
  const bots = queries.useQuery("get", "/v1/viber/bots", { params: { query: { limit: 100, state: "active" } } });
  const save = useSaveDraft(campaign.id);
  const before = campaign.content as ViberContent;
  const form = useEditForm<Values>({
    initialValues: { sender: (campaign.sender as string | null) ?? "", text: before.text ?? "", picture: before.picture?.link ?? "", buttons: before.buttons ?? [] },
  });
  const { sender, text, picture, buttons } = form.values;
  const { field, insert } = useInsertion<HTMLTextAreaElement>(text, (changed) => form.setFieldValue("text", changed));
  const content: ViberContent = {
    ...(text && { text }),
    ...(picture && { picture: { ...before.picture, link: picture } }),
    ...(buttons.length > 0 && { buttons }),
  };
  const body = { sender: sender || null, content };
  const { keep, keepWhole, submit, state } = useStep({ form, save, body, lacks: lacksOf({ channel: "viber", ...body }), places: { sender: "sender", content: "text" }, placeOf: placeInForm, goOn: () => goTo("when") });
  const names = bots.data?.items.map((one) => ({ value: one.name, label: one.title })) ?? [];
  useOnlyChoice(sender, bots.data?.items.map((one) => one.name), (only) => form.setFieldValue("sender", only));
  return (
    <form onSubmit={submit} noValidate>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.what")}
            </Title>
            <StepProblems of={state} error={bots.error} />
            <Select label={t("viber.bot")} data={names} allowDeselect={false} placeholder={t("wizard.senderHint")} {...form.getInputProps("sender")} />
            {bots.data && names.length === 0 && (
              <Text>
                {t("viber.noBot")}{" "}
                <Mend to="/app/senders" search={{ channel: "viber" }} keep={keep}>
                  {t("nav.senders")}
                </Mend>
              </Text>
            )}
            <Textarea label={t("wizard.text")} autosize minRows={4} {...form.getInputProps("text")} {...field} />
            <Variables channel="viber" insert={insert} />
            <TextInput label={t("rcs.picture")} placeholder="https://" {...form.getInputProps("picture")} />
            <Buttons form={form} />
            <StepButtons back={() => goTo("who")} submit={t("wizard.next")} isBusy={save.isPending} />
          </Stack>
        </Card>
        <Stack>
          <Preview bot={names.find((one) => one.value === sender)?.label ?? ""} content={content} />
          <TestSend campaign={campaign} keepWhole={keepWhole} />
        </Stack>
      </SimpleGrid>
    </form>
  );
}

/** What can be tapped below the message. */
function Buttons({ form }: { form: UseFormReturnType<Values> }) {
  const { t } = useTranslation();
  const { buttons } = form.values;
  return (
    <>
      {buttons.map((one, place) => (
        <Group key={place} gap="xs" align="flex-end">
          <TextInput label={t("rcs.buttonText")} flex="1 1 140px" {...form.getInputProps(`buttons.${place}.text`)} />
          {one.payload === undefined && <TextInput label={t("rcs.buttonUrl")} placeholder="https://" flex="1 1 140px" {...form.getInputProps(`buttons.${place}.url`)} />}
          <Button size="xs" variant="default" onClick={() => form.removeListItem("buttons", place)} aria-label={t("rcs.removeButtonNamed", { name: one.text })}>
            {t("act.delete")}
          </Button>
        </Group>
      ))}
      {buttons.length < BUTTONS_MAX && (
        <Button size="compact-sm" variant="light" style={{ alignSelf: "flex-start" }} onClick={() => form.insertListItem("buttons", { text: "", url: "https://" })}>
          {t("rcs.addButton")}
        </Button>
      )}
    </>
  );
}

function Preview({ bot, content }: { bot: string; content: ViberContent }) {
  const { t } = useTranslation();
  const [contactId, setContactId] = useState<string | null>(null);
  const preview = usePreview("viber", content, contactId);
  const text = preview.data?.previews[0]?.rendered?.text as string | undefined;
  return (
    <Phone from={bot || t("preview.noSender")} preview={preview} contactId={contactId} chooseContact={setContactId}>
      <Bubble>
        <PictureOf address={content.picture?.link} />
        <Text style={{ whiteSpace: "pre-wrap" }}>{text ?? t("preview.nothing")}</Text>
        {content.buttons?.map((one, place) => (
          <div key={place}>
            <Divider my={6} />
            <Text ta="center" fw={600} size="sm">
              {one.text}
            </Text>
          </div>
        ))}
      </Bubble>
    </Phone>
  );
}
