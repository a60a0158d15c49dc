import { Button, Group, Stack, Stepper, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, bodyOf } from "@/api/client";
import { ChainStep } from "@/areas/campaigns/ChainStep";
import { WHAT } from "@/areas/campaigns/contentSteps";
import { type Campaign, missingOf, type Step, STEPS } from "@/areas/campaigns/draft";
import { WhenStep } from "@/areas/campaigns/WhenStep";
import { WhoStep } from "@/areas/campaigns/WhoStep";
import { DeleteButton } from "@/kit/DeleteButton";
import { useListSearch } from "@/kit/search";

export interface StepProps {
  campaign: Campaign;
  goTo: (step: Step) => void;
}

/** Who, what, when. The step is in the address and the draft at the API: a reload loses neither. */
export function CampaignWizard({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { search } = useListSearch();
  const isNarrow = useMediaQuery("(max-width: 48em)");
  const missing = missingOf(campaign);
  const step = STEPS.includes(search.step as Step) ? (search.step as Step) : "who";
  const goTo = (next: Step) => void navigate({ to: ".", search: { step: next } as never });
  const path = { campaign_id: campaign.id };
  const props = { campaign, goTo };
  const What = campaign.steps ? ChainStep : WHAT[campaign.channel];
  return (
    <Stack>
      <Stepper active={STEPS.indexOf(step)} onStepClick={(place) => goTo(STEPS[place] ?? "who")} size="sm" orientation={isNarrow ? "vertical" : "horizontal"}>
        {STEPS.map((name) => (
          <Stepper.Step
            key={name}
            label={t(`wizard.${name}`)}
            description={missing[name].length > 0 ? t("wizard.missing", { what: missing[name].map((one) => t(`wizard.lacks.${one}`)).join(", ") }) : t(`wizard.${name}Hint`)}
          />
        ))}
      </Stepper>
      {step === "who" && <WhoStep {...props} />}
      {step === "what" && (What ? <What {...props} /> : <Text>{t("wizard.otherChannel")}</Text>)}
      {step === "when" && <WhenStep {...props} />}
      <Group justify="flex-end">
        <DeleteButton
          size="xs" label={t("campaigns.delete")}
          of={campaign}
          look={() => bodyOf(api.GET("/v1/campaigns/{campaign_id}", { params: { path } }))}
          question={({ name }) => t("campaigns.deleteAsk", { name })}
          remove={(header) => api.DELETE("/v1/campaigns/{campaign_id}", { params: { path, header } })}
          onGone={() => navigate({ to: "/app/campaigns" })}
        />
      </Group>
    </Stack>
  );
}

/** The way on and back, the same at every step. */
export function StepButtons({ back, submit, isBusy }: { back?: () => void; submit: string; isBusy: boolean }) {
  const { t } = useTranslation();
  return (
    <Group>
      {back && (
        <Button variant="default" onClick={back}>
          {t("wizard.back")}
        </Button>
      )}
      <Button type="submit" loading={isBusy}>
        {submit}
      </Button>
    </Group>
  );
}
