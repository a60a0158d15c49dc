import { Card, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { Ask } from "@/areas/senders/Ask";
import { StateOf } from "@/areas/senders/StateOf";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { useFormats } from "@/kit/times";

/** Agents: what RCS messages come from. */
export function RcsAgents() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const { search } = useListSearch();
  const agents = queries.useQuery("get", "/v1/rcs/agents", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<Schemas["Agent"]>[] = [
    { name: "title", header: t("senders.shownAs"), cell: (one) => <Text fw={600}>{one.title}</Text> },
    { name: "name", header: t("senders.inMessages"), cell: (one) => one.name },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateOf state={one.state} reason={one.reason} /> },
    { name: "since", header: t("senders.asked"), cell: (one) => day(one.created_at) },
  ];
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("senders.agents")}
        </Title>
        <Text>{t("senders.agentsHint")}</Text>
        <ListOf label={t("senders.agents")} of={agents} columns={columns} keyOf={(one) => one.id} empty={<Text>{t("senders.noAgents")}</Text>} />
        <Ask
          fields={[
            { name: "title", label: t("senders.shownAs"), hint: t("senders.agentTitleHint") },
            { name: "name", label: t("senders.inMessages"), hint: t("senders.nameHint") },
            { name: "purpose", label: t("senders.about"), hint: t("senders.aboutHint"), isOptional: true },
          ]}
          button={t("senders.request")}
          send={({ name = "", title = "", purpose }) => api.POST("/v1/rcs/agents", { body: { name, title, purpose } })}
        />
      </Stack>
    </Card>
  );
}
