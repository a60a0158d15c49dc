import { Alert, Button, Card, Group, Progress, Stack, Table, Text, Title } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, download, queries, type Schemas } from "@/api/client";
import { askedAgain, useAskingAgainWhen } from "@/api/freshness";
import { useProblemWords } from "@/areas/contacts/problems";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Figures } from "@/kit/Figures";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Answered } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Import = Schemas["Import"];
const LIVE_MS = 1_000;
const isOver = (job: Import | undefined) => job !== undefined && !["waiting", "running"].includes(job.state);

/** How an import goes, and what came of it; the address can be left and come back to. */
export function ImportPage() {
  const { t } = useTranslation();
  const { importId } = useParams({ strict: false }) as { importId: string };
  const path = { import_id: importId };
  const job = queries.useQuery(
    "get",
    "/v1/imports/{import_id}",
    { params: { path } },
    { refetchInterval: (query) => (isOver(query.state.data) ? false : LIVE_MS) },
  );
  return (
    <Page title={job.data?.filename ?? t("imports.title")} parent={{ to: "/app/imports", label: t("imports.title") }}>
      <Answered of={job}>{(found) => <Whole job={found} />}</Answered>
    </Page>
  );
}

function Whole({ job }: { job: Import }) {
  const { t } = useTranslation();
  useAskingAgainWhen(isOver(job));
  const { number } = useFormats();
  const path = { import_id: job.id };
  const cancel = () => api.POST("/v1/imports/{import_id}/cancel", { params: { path } }).then(askedAgain);
  const outcomes = ["added", "updated", "unchanged", "merged", "rejected"] as const;
  return (
    <Stack>
      <Card withBorder>
        <Stack gap="xs" aria-live="polite">
          <Group justify="space-between">
            <StateBadge state={job.state} />
            {!isOver(job) && <ConfirmButton size="xs" label={t("imports.cancel")} question={t("imports.cancelAsk")} act={cancel} />}
          </Group>
          {!isOver(job) && (
            <>
              <Progress value={job.total ? (100 * job.done) / job.total : 5} animated aria-label={t("imports.progress")} />
              <Text>{t("imports.doneOf", { done: number(job.done), total: number(job.total) })}</Text>
            </>
          )}
          {job.error && <Alert color="red">{job.error.detail}</Alert>}
        </Stack>
      </Card>
      {isOver(job) && (
        <Figures of={outcomes.map((name) => ({ label: t(`imports.${name}`), value: number(job.counts[name]) }))} />
      )}
      <Problems job={job} />
      {job.state === "done" && (
        <Group>
          <LinkButton to="/app/campaigns/new" search={job.group_ids[0] ? { group: job.group_ids[0] } : {}}>
            {t("imports.toCampaign")}
          </LinkButton>
          <LinkButton to="/app/contacts" variant="default" search={job.group_ids[0] ? { group: job.group_ids[0] } : {}}>
            {t("imports.toContacts")}
          </LinkButton>
        </Group>
      )}
    </Stack>
  );
}

function Problems({ job }: { job: Import }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const words = useProblemWords();
  const reasons = Object.entries(job.problems as Record<string, number>);
  if (reasons.length === 0) return null;
  return (
    <Card withBorder component="section">
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t("imports.problems")}
        </Title>
        <Text size="sm">{t("imports.problemsHint")}</Text>
        <Table aria-label={t("imports.problems")} w="auto">
          <Table.Tbody>
            {reasons.map(([code, times]) => (
              <Table.Tr key={code}>
                <Table.Td ta="right" fw={600}>
                  {number(times)}
                </Table.Td>
                <Table.Td>{words(code)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Group>
          {job.rejected_file_id && (
            <Button variant="default" onClick={() => void download(`/v1/imports/${job.id}/rejected`, "rejected.csv")}>
              {t("imports.downloadRejected")}
            </Button>
          )}
          {job.warnings_file_id && (
            <Button variant="default" h="auto" mih={36} py={6} onClick={() => void download(`/v1/imports/${job.id}/warnings`, "warnings.csv")}>
              {t("imports.downloadWarnings")}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}
