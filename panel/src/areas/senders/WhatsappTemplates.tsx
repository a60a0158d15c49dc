import { Alert, Button, Text } from "@mantine/core";
import { keepPreviousData, useMutation } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { partsOf } from "@/areas/campaigns/whatsappTemplate";
import type { Column } from "@/kit/DataTable";
import { languageName } from "@/kit/formats";
import { Filters, ListOf } from "@/kit/ListOf";
import { notify } from "@/kit/notify";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

const STATES = ["APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED"] as const;
const CATEGORIES = ["MARKETING", "UTILITY", "AUTHENTICATION"] as const;

/** The templates of one WhatsApp number, as Meta keeps them, with what it says of each. */
export function WhatsappTemplates() {
  const { t, i18n } = useTranslation();
  const { day, time } = useFormats();
  const { senderId } = useParams({ strict: false }) as { senderId: string };
  const { search } = useListSearch();
  const path = { whatsapp_sender_id: senderId };
  const numbers = queries.useQuery("get", "/v1/whatsapp/senders", { params: { query: { limit: 100 } } });
  const number = numbers.data?.items.find((one) => one.id === senderId);
  const query = { limit: 50, cursor: search.cursor, q: search.q, status: search.state };
  const templates = queries.useQuery("get", "/v1/whatsapp/senders/{whatsapp_sender_id}/templates", { params: { path, query } }, { placeholderData: keepPreviousData });
  const refresh = useMutation({
    mutationFn: () => api.POST("/v1/whatsapp/senders/{whatsapp_sender_id}/templates/refresh", { params: { path } }),
    onSuccess: async () => {
      notify(t("senders.readSoon"));
      await askedAgain();
    },
  });
  const columns: Column<Schemas["WhatsappTemplate"]>[] = [
    { name: "name", header: t("templates.name"), cell: (one) => <Text fw={600}>{one.name}</Text> },
    { name: "language", header: t("shell.language"), cell: (one) => languageName(one.language, i18n.language) },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.status.toLowerCase()} /> },
    { name: "category", header: t("templates.kind"), cell: (one) => CATEGORIES.filter((category) => category === one.category).map((category) => t(`senders.category.${category}`)) },
    {
      name: "text",
      header: t("wizard.text"),
      cell: (one) => (
        <Text size="sm" lineClamp={3} maw={420}>
          {partsOf(one).body}
        </Text>
      ),
    },
    { name: "changed", header: t("templates.changed"), cell: (one) => day(one.updated_at) },
  ];
  return (
    <Page
      title={t("senders.templatesOf", { name: number?.title ?? "WhatsApp" })}
      lead={number?.templates_at && t("senders.readAt", { time: time(number.templates_at) })}
      parent={{ to: "/app/senders", search: { channel: "whatsapp" }, label: t("senders.title") }}
      actions={
        <Button variant="default" loading={refresh.isPending} onClick={() => refresh.mutate()}>
          {t("senders.readAnew")}
        </Button>
      }
    >
      <ProblemAlert error={refresh.error} />
      {number?.templates_problem && <Alert color="orange">{number.templates_problem}</Alert>}
      <Text>{t("senders.templatesHint")}</Text>
      <Filters words={t("templates.search")} choices={[{ name: "state", label: t("campaigns.state"), options: STATES.map((one) => ({ value: one, label: t(`states.${one.toLowerCase() as Lowercase<typeof one>}`) })) }]} />
      <ListOf label={t("nav.templates")} of={templates} columns={columns} keyOf={(one) => one.id} filters={["q", "state"]} noneFits={t("templates.noneFits")} empty={<Empty title={t("senders.noTemplates")} />} />
    </Page>
  );
}
