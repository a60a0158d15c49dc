import { Button, Group, Stack, Stepper, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, bodyOf } from "@/api/client";
import { ChainStep } from "@/areas/campaigns/ChainStep";
import { WHAT } from "@/areas/campaigns/contentSteps";
import { type Campaign, type Lack, missingOf, type Step, STEPS } from "@/areas/campaigns/draft";
import { WhenStep } from "@/areas/campaigns/WhenStep";
import { WhoStep } from "@/areas/campaigns/WhoStep";
import { DeleteButton } from "@/kit/DeleteButton";
import { useListSearch } from "@/kit/search";

export interface StepProps {
  campaign: Campaign;
  /** To a step, and there to what is missing. */
  goTo: (step: Step, lack?: Lack) => void;
}

/** Who, what, when. The step is in the address and the draft at the API: a reload loses neither. Who comes back to a draft is at what it lacks first. */
export function CampaignWizard({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { search } = useListSearch();
  const isNarrow = useMediaQuery("(max-width: 48em)");
  const missing = missingOf(campaign);
  const step = STEPS.find((one) => one === search.step) ?? STEPS.find((one) => missing[one].length > 0) ?? "who";
  const goTo: StepProps["goTo"] = (next, lack) => void navigate({ to: ".", search: { step: next, ...(lack && { lack }) } as never });
  const path = { campaign_id: campaign.id };
  const props = { campaign, goTo };
  const What = campaign.steps ? ChainStep : WHAT[campaign.channel];
  return (
    <Stack>
      <Stepper active={STEPS.indexOf(step)} onStepClick={(place) => goTo(STEPS[place] ?? "who")} size="sm" orientation={isNarrow ? "vertical" : "horizontal"}>
        {STEPS.map((name) => (
          <Stepper.Step
            key={name}
            // A step that was gone through and lacks something has no tick.
            {...(missing[name].length > 0 && { completedIcon: "!", color: "orange" })}
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
