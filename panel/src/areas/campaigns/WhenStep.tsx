import { Alert, Button, Card, Group, NumberInput, Radio, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/api/client";
import { AudienceCount } from "@/areas/campaigns/AudienceCount";
import type { StepProps } from "@/areas/campaigns/CampaignWizard";
import { missingOf, type SmsContent, useSaveDraft } from "@/areas/campaigns/draft";
import { SmsParts } from "@/areas/campaigns/SmsParts";
import { useMe } from "@/areas/session/me";
import { ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

/** The moment, and once more what will happen; the button at the end sends. */
export function WhenStep({ campaign, goTo }: StepProps) {
  const { t, i18n } = useTranslation();
  const { timeZone } = useFormats();
  const known = useQueryClient();
  const save = useSaveDraft(campaign.id);
  const form = useForm({
    initialValues: { when: "now", at: null as string | null, throttle: campaign.options.throttle_per_hour ?? ("" as number | "") },
    validate: { at: (at, { when }) => (when === "later" && !at ? t("when.atWanted") : null) },
  });
  const missing = missingOf(campaign);
  const lacks = [...missing.who, ...missing.what];
  const schedule = useMutation({
    mutationFn: async ({ when, at, throttle }: typeof form.values) => {
      const limit = throttle === "" ? null : throttle;
      if (limit !== (campaign.options.throttle_per_hour ?? null)) {
        await save.keep({ options: { ...campaign.options, throttle_per_hour: limit } });
      }
      // Without an offset: the API takes it for the account's own clock.
      const local = when === "later" && at ? at.replace(" ", "T").slice(0, 16) : null;
      await api.POST("/v1/campaigns/{campaign_id}/schedule", {
        params: { path: { campaign_id: campaign.id }, header: { "Idempotency-Key": crypto.randomUUID() } },
        body: local ? { at: local } : {},
      });
    },
    onSuccess: () => known.invalidateQueries(),
  });
  return (
    <form onSubmit={form.onSubmit((values) => schedule.mutate(values))}>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.when")}
            </Title>
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
                locale={i18n.language}
                valueFormat="DD.MM.YYYY HH:mm"
                placeholder="24.12.2026 18:00"
                {...form.getInputProps("at")}
              />
            )}
            <NumberInput label={t("when.throttle")} description={t("when.throttleHint")} min={60} max={200_000} allowDecimal={false} {...form.getInputProps("throttle")} />
            {lacks.length > 0 && (
              <Alert color="orange" variant="light" title={t("when.lacks")}>
                {lacks.map((one) => (
                  <Text key={one} size="sm">
                    {t(`wizard.lacks.${one}`)}
                  </Text>
                ))}
              </Alert>
            )}
            <ProblemAlert error={schedule.error} />
            <Group>
              <Button variant="default" onClick={() => goTo("what")}>
                {t("wizard.back")}
              </Button>
              <Button type="submit" disabled={lacks.length > 0} loading={schedule.isPending}>
                {t(form.values.when === "now" ? "when.send" : "when.schedule")}
              </Button>
            </Group>
          </Stack>
        </Card>
        <Stack>
          <AudienceCount channel={campaign.channel} audience={campaign.audience} />
          <Summary campaign={campaign} />
        </Stack>
      </SimpleGrid>
    </form>
  );
}

function Summary({ campaign }: { campaign: StepProps["campaign"] }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { quota } = useMe();
  const left = quota.find((one) => one.feature === campaign.channel);
  const sender = campaign.sender;
  const content = campaign.content as SmsContent;
  return (
    <Card withBorder component="section">
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t("when.summary")}
        </Title>
        <Text>
          {t("wizard.sender")}: {sender === null ? "–" : typeof sender === "string" ? sender : sender.from_email}
        </Text>
        {campaign.channel === "sms" ? (
          <>
            <Text style={{ whiteSpace: "pre-wrap" }}>{content.text}</Text>
            <SmsParts text={content.text ?? ""} replaceDiacritics={content.replace_diacritics ?? false} shortLinks={content.short_links ?? false} audience={campaign.audience} />
          </>
        ) : (
          <Text>
            {t("wizard.subject")}: {"subject" in campaign.content ? campaign.content.subject : "–"}
          </Text>
        )}
        <Text>
          {left?.limit == null ? t("when.noLimit") : t("when.quotaLeft", { left: number(left.remaining) })}
        </Text>
      </Stack>
    </Card>
  );
}
