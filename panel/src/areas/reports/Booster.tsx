import { Button, Modal, NumberInput, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { Answered, ProblemAlert } from "@/kit/States";

type Who = Schemas["BoosterRequest"]["who"];
type Campaign = Schemas["Campaign"];

/** The same message once more, by itself, to those who did not: one press, then a look at when and in which words. */
export function Booster({ campaignId, who }: { campaignId: string; who: Who }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        {t("booster.title")}
      </Button>
      {isOpen && <WithCampaign campaignId={campaignId} who={who} close={() => setOpen(false)} />}
    </>
  );
}

function WithCampaign({ campaignId, who, close }: { campaignId: string; who: Who; close: () => void }) {
  const { t } = useTranslation();
  const campaign = queries.useQuery("get", "/v1/campaigns/{campaign_id}", { params: { path: { campaign_id: campaignId } } });
  return (
    <Modal opened onClose={close} title={t("booster.title")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Answered of={campaign}>{(found) => <BoosterForm campaign={found} who={who} />}</Answered>
    </Modal>
  );
}

const DAY = 24;

function BoosterForm({ campaign, who }: { campaign: Campaign; who: Who }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const content = campaign.content as Record<string, unknown>;
  const field = campaign.channel === "sms" ? "text" : campaign.channel === "email" ? "subject" : "title";
  const form = useForm({ initialValues: { hours: DAY as number | string, words: String(content[field] ?? "") } });
  const boost = useMutation({
    mutationFn: ({ hours, words }: typeof form.values) =>
      bodyOf(
        api.POST("/v1/campaigns/{campaign_id}/booster", {
          params: { path: { campaign_id: campaign.id }, header: { "Idempotency-Key": crypto.randomUUID() } },
          body: { who, after_minutes: Number(hours) * 60, channel: campaign.channel, sender: campaign.sender as string, content: { ...content, [field]: words } },
        }),
      ),
    onSuccess: (made) => void navigate({ to: `/app/campaigns/${made.id}` }),
    onError: (error) => form.setErrors(fieldErrors(error, { after_minutes: "hours", [`content.${field}`]: "words" })),
  });
  const Input = field === "text" ? Textarea : TextInput;
  return (
    <form onSubmit={form.onSubmit((values) => boost.mutate(values))}>
      <Stack>
        <Text>{t("booster.lead")}</Text>
        <ProblemAlert error={boost.error} />
        <NumberInput label={t("booster.hours")} description={t("booster.hoursHint")} min={2} max={168} allowDecimal={false} {...form.getInputProps("hours")} />
        <Input label={t(`ab.differs.${field}`)} {...form.getInputProps("words")} />
        <Button type="submit" loading={boost.isPending}>
          {t("booster.schedule")}
        </Button>
      </Stack>
    </form>
  );
}
