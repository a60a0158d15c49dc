import { Card, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { Ask } from "@/areas/senders/Ask";
import { Invite } from "@/areas/senders/ViberInvitation";
import { StateOf } from "@/areas/senders/StateOf";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { useFormats } from "@/kit/times";

/** Bots: what Viber messages come from. */
export function ViberBots() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const { search } = useListSearch();
  const bots = queries.useQuery("get", "/v1/viber/bots", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<Schemas["ViberBot"]>[] = [
    { name: "title", header: t("senders.shownAs"), cell: (one) => <Text fw={600}>{one.title}</Text> },
    { name: "name", header: t("senders.inMessages"), cell: (one) => one.name },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateOf state={one.state} reason={one.reason} /> },
    { name: "since", header: t("senders.asked"), cell: (one) => day(one.created_at) },
    { name: "acts", header: t("act.acts"), cell: (one) => one.state === "active" && <Invite bot={one} /> },
  ];
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("senders.bots")}
        </Title>
        <Text>{t("senders.botsHint")}</Text>
        <ListOf label={t("senders.bots")} of={bots} columns={columns} keyOf={(one) => one.id} empty={<Text>{t("senders.noBots")}</Text>} />
        <Ask
          fields={[
            { name: "title", label: t("senders.shownAs"), hint: t("senders.botTitleHint") },
            { name: "name", label: t("senders.inMessages"), hint: t("senders.nameHint") },
          ]}
          button={t("senders.request")}
          send={({ name = "", title = "" }) => api.POST("/v1/viber/bots", { body: { name, title } })}
        />
      </Stack>
    </Card>
  );
}
