import { Alert, Anchor, Card, Group, List, Progress, Stack, Text } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain, useAskingAgainWhen } from "@/api/freshness";
import { useAllowed } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Answered } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Combination = Schemas["Combination"];
const LIVE_MS = 1_000;
/** While it is not known how many there will be. */
const BEGUN = 5;

/** How the making of new groups goes, and what came of it; the address can be left and come back to. */
export function CombinationPage() {
  const { t } = useTranslation();
  const { combinationId } = useParams({ strict: false }) as { combinationId: string };
  const params = { path: { combination_id: combinationId } };
  const job = queries.useQuery("get", "/v1/groups/combine/{combination_id}", { params }, { refetchInterval: ({ state }) => (state.data?.finished_at ? false : LIVE_MS) });
  return (
    <Page title={t("combine.page")} lead={job.data && t(`combine.operations.${job.data.operation}`, { defaultValue: "" })} parent={{ to: "/app/groups", label: t("groups.title") }}>
      <Answered of={job}>{(found) => <Whole job={found} />}</Answered>
    </Page>
  );
}

function Whole({ job }: { job: Combination }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const mayWrite = useAllowed("contacts.write");
  const isOver = job.finished_at !== null;
  useAskingAgainWhen(isOver);
  const cancel = async () => {
    await api.POST("/v1/groups/combine/{combination_id}/cancel", { params: { path: { combination_id: job.id } } });
    await askedAgain();
  };
  return (
    <Card withBorder maw={760}>
      <Stack gap="xs" aria-live="polite">
        <Group justify="space-between">
          <StateBadge state={job.state} />
          {!isOver && mayWrite && <ConfirmButton size="xs" label={t("combine.cancel")} question={t("combine.cancelAsk")} act={cancel} />}
        </Group>
        {!isOver && (
          <>
            <Progress value={job.total ? (100 * job.done) / job.total : BEGUN} animated aria-label={t("combine.progress")} />
            <Text>{job.total === null ? t("combine.counting") : t("combine.doneOf", { done: number(job.done), total: number(job.total) })}</Text>
          </>
        )}
        {job.error && <Alert color="red">{job.error.detail}</Alert>}
        {job.state === "cancelled" && <Text>{t("combine.cancelled")}</Text>}
        {job.state === "done" && <Made groups={job.items} />}
      </Stack>
    </Card>
  );
}

/** The new groups, each with who is in it and a way on. */
function Made({ groups }: { groups: Combination["items"] }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  if (groups.length === 0) return <Text>{t("combine.gone")}</Text>;
  return (
    <List spacing="xs">
      {groups.map(({ id, name, contacts }) => (
        <List.Item key={id}>
          <Group gap="sm">
            <Anchor component={Link} to="/app/contacts" search={{ group: id } as never} style={{ overflowWrap: "anywhere" }}>
              {name}
            </Anchor>
            <Text size="sm">{t("combine.contacts", { count: contacts, number: number(contacts) })}</Text>
            <LinkButton to="/app/campaigns/new" search={{ group: id }} size="xs" variant="default" aria-label={t("combine.toCampaignNamed", { name })}>
              {t("combine.toCampaign")}
            </LinkButton>
          </Group>
        </List.Item>
      ))}
    </List>
  );
}
