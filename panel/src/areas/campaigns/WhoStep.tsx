import { Card, MultiSelect, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { AudienceCount } from "@/areas/campaigns/AudienceCount";
import { StepButtons, type StepProps } from "@/areas/campaigns/CampaignWizard";
import { lacksAudience, useSaveDraft } from "@/areas/campaigns/draft";
import { StepProblems, useStep } from "@/areas/campaigns/StepProblems";
import { LinkButton } from "@/kit/LinkButton";
import { useEditForm } from "@/kit/useEditing";

/** A page of groups or segments. */
interface Found {
  items: { id: string; name: string }[];
  next_cursor?: string | null;
}

const EVERY = { params: { query: { limit: 1000 } } };

/** Groups and segments, less others; beside them how many that reaches, and why not all. */
export function WhoStep({ campaign, goTo }: StepProps) {
  const { t } = useTranslation();
  const groups = queries.useQuery("get", "/v1/groups", EVERY);
  const segments = queries.useQuery("get", "/v1/segments", EVERY);
  const save = useSaveDraft(campaign.id);
  const form = useEditForm({
    initialValues: {
      groups: campaign.audience.groups ?? [],
      segments: campaign.audience.segments ?? [],
      exclude_groups: campaign.audience.exclude_groups ?? [],
      exclude_segments: campaign.audience.exclude_segments ?? [],
    },
  });
  /** What there is, and what the draft still has though it was deleted meanwhile: it can be taken out, and nothing is sent before. */
  const choices = (found: Found | undefined, chosen: string[]) => {
    if (!found) return [];
    const there = found.items.map((one) => ({ value: one.id, label: one.name }));
    const gone = found.next_cursor ? [] : chosen.filter((id) => !found.items.some((one) => one.id === id));
    return [...there, ...gone.map((value) => ({ value, label: t("wizard.isDeleted") }))];
  };
  const audience = { ...campaign.audience, ...form.values };
  const { keep, submit, state } = useStep({ form, save, body: { audience }, lacks: lacksAudience(audience), places: { audience: "groups" }, goOn: () => goTo("what") });
  const look = { searchable: true, clearable: true, clearButtonProps: { "aria-label": t("act.clear") } };
  const hasSegments = [segments.data?.items, campaign.audience.segments, campaign.audience.exclude_segments].some((some) => some?.length);
  return (
    <form onSubmit={submit} noValidate>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <Stack>
            <Title order={2} size="h4">
              {t("wizard.who")}
            </Title>
            <StepProblems of={state} error={groups.error ?? segments.error} />
            <MultiSelect label={t("wizard.groups")} data={choices(groups.data, form.values.groups)} {...look} {...form.getInputProps("groups")} />
            {groups.data?.items.length === 0 && (
              <>
                <Text size="sm">{t("mend.noGroups")}</Text>
                <LinkButton to="/app/imports/new" variant="light" style={{ alignSelf: "flex-start" }}>
                  {t("imports.new")}
                </LinkButton>
              </>
            )}
            {hasSegments && <MultiSelect label={t("wizard.segments")} data={choices(segments.data, form.values.segments)} {...look} {...form.getInputProps("segments")} />}
            <MultiSelect label={t("wizard.exclude")} data={choices(groups.data, form.values.exclude_groups)} {...look} {...form.getInputProps("exclude_groups")} />
            {hasSegments && (
              <MultiSelect label={t("wizard.excludeSegments")} data={choices(segments.data, form.values.exclude_segments)} {...look} {...form.getInputProps("exclude_segments")} />
            )}
            <StepButtons submit={t("wizard.next")} isBusy={save.isPending} />
          </Stack>
        </Card>
        <AudienceCount channel={campaign.channel} audience={audience} keep={keep} />
      </SimpleGrid>
    </form>
  );
}
