import { Alert, Button, Card, Group, Select, Stack, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { useAskingAgainWhen } from "@/api/freshness";
import { useAllowed } from "@/areas/session/me";
import { Booster } from "@/areas/reports/Booster";
import { ProblemAlert } from "@/kit/States";

const LIVE_MS = 1_000;
const SMS = ["delivered", "undelivered", "clicked", "not_clicked"] as const;
const EMAIL = [...SMS, "opened", "not_opened"] as const;

/** From a report onwards: a group of those who did or did not, or a campaign for them. */
export function FollowUps({ campaignId, channel }: { campaignId: string; channel: Schemas["Campaign"]["channel"] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const mayWrite = useAllowed("contacts.write");
  const mayDraft = useAllowed(`${channel}.campaigns.write`);
  const maySend = useAllowed(`${channel}.campaigns.send`);
  const [who, setWho] = useState<(typeof EMAIL)[number]>("clicked");
  const [name, setName] = useState("");
  const params = { path: { campaign_id: campaignId } };
  const group = useMutation({
    mutationFn: () => bodyOf(api.POST("/v1/campaigns/{campaign_id}/report/groups", { params, body: { who, name } })),
  });
  const draft = useMutation({
    mutationFn: () =>
      bodyOf(
        api.POST("/v1/campaigns/{campaign_id}/follow-up", {
          params,
          body: { who: who === "undelivered" ? "not_delivered" : who },
        }),
      ),
    onSuccess: (made) => void navigate({ to: `/app/campaigns/${made.id}` }),
  });
  if (!mayWrite && !mayDraft) return null;
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("followUp.title")}
        </Title>
        <Select
          label={t("followUp.who")}
          data={(channel === "sms" ? SMS : EMAIL).map((one) => ({ value: one, label: t(`followUp.${one}`) }))}
          value={who}
          onChange={(value) => value && setWho(value as typeof who)}
          allowDeselect={false}
          maw={420}
        />
        <Group align="flex-end">
          {mayWrite && (
            <>
              <TextInput label={t("followUp.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
              <Button variant="default" disabled={!name.trim()} loading={group.isPending} onClick={() => group.mutate()}>
                {t("followUp.group")}
              </Button>
            </>
          )}
          {maySend && <Booster campaignId={campaignId} who={who === "undelivered" ? "not_delivered" : who} />}
          {mayDraft && (
            <Button variant="default" loading={draft.isPending} onClick={() => draft.mutate()}>
              {t("followUp.campaign")}
            </Button>
          )}
        </Group>
        <ProblemAlert error={group.error ?? draft.error} />
        {group.data && <Making id={group.data.id} />}
      </Stack>
    </Card>
  );
}

/** The group on its way: it is there when everybody is in it. */
function Making({ id }: { id: string }) {
  const { t } = useTranslation();
  const job = queries.useQuery(
    "get",
    "/v1/groups/combine/{combination_id}",
    { params: { path: { combination_id: id } } },
    { refetchInterval: (query) => (query.state.data?.finished_at ? false : LIVE_MS) },
  );
  useAskingAgainWhen(Boolean(job.data?.finished_at));
  const made = job.data?.items[0];
  if (job.data?.error) return <Alert color="red">{job.data.error.detail}</Alert>;
  if (job.data?.finished_at && !made) return <Alert color="yellow">{t("followUp.notMade")}</Alert>;
  return (
    <>
      <Alert color="teal" role="status">
        {made
          ? t("followUp.made", { name: made.name, count: made.contacts })
          : t("followUp.making", { count: job.data?.done ?? 0 })}
      </Alert>
      <ProblemAlert error={job.error} />
    </>
  );
}
