import { Button, Card, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { useAllowed } from "@/areas/session/me";
import { type Column, DataTable } from "@/kit/DataTable";
import { Answered, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Figures = Schemas["VariantFigures"];
const LIVE_MS = 5_000;

/** The versions of an A/B test side by side; while none has won, a person may choose. */
export function VariantTable({ campaign }: { campaign: Pick<Schemas["Campaign"], "id" | "channel"> }) {
  const { t } = useTranslation();
  const { number, percent } = useFormats();
  const mayChoose = useAllowed(`${campaign.channel}.campaigns.send`);
  const params = { path: { campaign_id: campaign.id } };
  const report = queries.useQuery("get", "/v1/campaigns/{campaign_id}/report/variants", { params }, { refetchInterval: LIVE_MS, retry: false });
  const choose = useMutation({
    mutationFn: (variant: string) => api.POST("/v1/campaigns/{campaign_id}/winner", { params, body: { variant } }),
    onSuccess: askedAgain,
  });
  const isOpen = report.data?.test != null && report.data.test.stage !== "decided";
  const columns: Column<Figures>[] = [
    { name: "name", header: t("ab.version"), cell: (one) => (one.name === report.data?.test?.winner ? t("ab.winner", { name: one.name }) : one.name) },
    { name: "sent", header: t("report.hours.sent"), cell: (one) => number(one.sent), isNumber: true },
    { name: "delivered", header: t("report.delivered"), cell: (one) => number(one.delivered), isNumber: true },
    { name: "opened", header: t("report.opens"), cell: (one) => number(one.opened), isNumber: true },
    { name: "clicked", header: t("report.clicks"), cell: (one) => number(one.clicked), isNumber: true },
    { name: "rate", header: t("ab.rate"), cell: (one) => percent(one.rate), isNumber: true },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) =>
        isOpen &&
        mayChoose && (
          <Button size="xs" variant="default" loading={choose.isPending} onClick={() => choose.mutate(one.name)}>
            {t("ab.choose", { name: one.name })}
          </Button>
        ),
    },
  ];
  return (
    <Card withBorder component="section">
      <Stack gap="sm">
        <Title order={2} size="h4">
          {t("ab.title")}
        </Title>
        <ProblemAlert error={choose.error} />
        <Answered of={report}>
          {({ variants, test, metric }) => (
            <>
              <Text>{test ? t(`ab.stages.${test.stage}`) : t("ab.notYet")}</Text>
              {test?.decision && <Text>{t(`ab.outcomes.${test.decision.outcome}`)}</Text>}
              <Text size="sm">{t("ab.by", { metric: t(`ab.metrics.${metric}`) })}</Text>
              <DataTable label={t("ab.title")} columns={columns} rows={variants} keyOf={(one) => one.name} />
            </>
          )}
        </Answered>
      </Stack>
    </Card>
  );
}
