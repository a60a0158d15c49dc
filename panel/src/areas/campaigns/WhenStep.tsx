import "@mantine/dates/styles.css";
import { Alert, Anchor, Button, Card, Group, NumberInput, Radio, SimpleGrid, Stack, Title } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import type { UseFormReturnType } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { AbTest } from "@/areas/campaigns/AbTest";
import { AudienceCount } from "@/areas/campaigns/AudienceCount";
import type { StepProps } from "@/areas/campaigns/CampaignWizard";
import { type Lack, missingOf, useSaveDraft } from "@/areas/campaigns/draft";
import { MailSender } from "@/areas/campaigns/MailSender";
import { SendQuestion } from "@/areas/campaigns/SendQuestion";
import { Summary } from "@/areas/campaigns/Summary";
import { momentForm } from "@/kit/formats";
import { ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";
import { useEditForm } from "@/kit/useEditing";

interface Values {
  when: string;
  at: string | null;
  throttle: number | string;
  test: StepProps["campaign"]["ab_test"];
}

/** The moment, and once more what will happen; the button at the end asks once, and sends. */
export function WhenStep({ campaign, goTo }: StepProps) {
  const { t } = useTranslation();
  const save = useSaveDraft(campaign.id);
  const form = useEditForm<Values>({
    initialValues: { when: "now", at: null, throttle: campaign.options.throttle_per_hour ?? "", test: campaign.ab_test },
    validate: { at: (at, { when }) => (when === "later" && !at ? t("when.atWanted") : null) },
  });
  const [asked, setAsked] = useState<Values | null>(null);
  const missing = missingOf(campaign);
  const lacks = [...missing.who, ...missing.what];
  const keep = async ({ throttle, test }: Pick<Values, "throttle" | "test">) => {
    const limit = throttle === "" ? null : Number(throttle);
    const options = limit === (campaign.options.throttle_per_hour ?? null) ? {} : { options: { ...campaign.options, throttle_per_hour: limit } };
    const tested = test === campaign.ab_test ? {} : { ab_test: test };
    if (Object.keys({ ...options, ...tested }).length > 0) await save.keep({ ...options, ...tested });
  };
  const schedule = useMutation({
    mutationFn: async (values: Values) => {
      await keep(values);
      // Without an offset: the API takes it for the account's own clock.
      const local = momentOf(values)?.replace(" ", "T").slice(0, 16);
      await api.POST("/v1/campaigns/{campaign_id}/schedule", {
        params: { path: { campaign_id: campaign.id }, header: { "Idempotency-Key": crypto.randomUUID() } },
        body: local ? { at: local } : {},
      });
    },
    onSuccess: askedAgain,
    // What was refused is said on the page, where it is put right.
    onSettled: () => setAsked(null),
  });
  return (
    <form onSubmit={form.onSubmit(setAsked)}>
      {asked && <SendQuestion campaign={campaign} at={momentOf(asked)} close={() => setAsked(null)} isRunning={schedule.isPending} confirm={() => schedule.mutate(asked)} />}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.when")}
            </Title>
            <Moment form={form} />
            <NumberInput label={t("when.throttle")} description={t("when.throttleHint")} min={60} max={200_000} allowDecimal={false} {...form.getInputProps("throttle")} />
            <Lacks lacks={lacks} goTo={goTo} />
            {campaign.channel === "email" && !campaign.steps && <MailSender email={(campaign.sender as Schemas["EmailSender"] | null)?.from_email ?? ""} />}
            <ProblemAlert error={schedule.error ?? save.error} />
            <Group>
              <Button variant="default" onClick={() => void keep(form.values).then(() => goTo("what"), () => undefined)}>
                {t("wizard.back")}
              </Button>
              <Button type="submit" disabled={lacks.length > 0}>
                {t(form.values.when === "now" ? "when.send" : "when.schedule")}
              </Button>
            </Group>
          </Stack>
        </Card>
        <Stack>
          {!campaign.steps && <AbTest campaign={campaign} value={form.values.test} change={(test) => form.setFieldValue("test", test)} />}
          <AudienceCount channel={campaign.channel} audience={campaign.audience} />
          <Summary campaign={campaign} />
        </Stack>
      </SimpleGrid>
    </form>
  );
}

/** By the account's clock; null for at once. */
const momentOf = ({ when, at }: Values) => (when === "later" ? at : null);

function Moment({ form }: { form: UseFormReturnType<Values> }) {
  const { t, i18n } = useTranslation();
  const { timeZone } = useFormats();
  return (
    <>
      <Radio.Group label={t("when.label")} {...form.getInputProps("when")}>
        <Stack gap="xs" mt="xs">
          <Radio value="now" label={t("when.now")} />
          <Radio value="later" label={t("when.later")} />
        </Stack>
      </Radio.Group>
      {form.values.when === "later" && (
        <DateTimePicker
          label={t("when.at")}
          description={t("when.zone", { zone: timeZone })}
          {...momentForm(i18n.language)}
          {...form.getInputProps("at")}
        />
      )}
    </>
  );
}

/** What has to be done before the campaign may go, each with the way to where it is done. */
function Lacks({ lacks, goTo }: { lacks: Lack[]; goTo: StepProps["goTo"] }) {
  const { t } = useTranslation();
  if (lacks.length === 0) return null;
  return (
    <Alert color="orange" variant="light" title={t("when.lacks")}>
      {lacks.map((one) => (
        <Anchor key={one} component="button" type="button" display="block" mih={24} size="sm" underline="always" onClick={() => goTo(one === "audience" ? "who" : "what", one)}>
          {t(`wizard.lacks.${one}`)}
        </Anchor>
      ))}
    </Alert>
  );
}
