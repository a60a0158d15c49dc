import { Anchor, Group, Text, TextInput } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/kit/DataTable";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

const LIVE_MS = 15_000;
type Row = Schemas["InboundSms"];

/** Who wrote to the account's numbers, with the newest message of each. */
export function ConversationList() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { search, changeSoon } = useListSearch();
  const query = { limit: 50, cursor: search.cursor, q: search.q };
  const look = { placeholderData: keepPreviousData, refetchInterval: LIVE_MS };
  const conversations = queries.useQuery("get", "/v1/inbound-sms/conversations", { params: { query } }, look);
  const columns: Column<Row>[] = [
    {
      name: "from",
      header: t("conversations.from"),
      cell: (one) => (
        <Anchor component={Link} to="/app/conversations/$phone" params={{ phone: one.from } as never} search={{ number: one.to } as never}>
          {one.from}
        </Anchor>
      ),
    },
    { name: "to", header: t("conversations.to"), cell: (one) => one.to },
    {
      name: "text",
      header: t("conversations.text"),
      cell: (one) => (
        <Text size="sm" lineClamp={2} maw={420}>
          {one.text ?? t("conversations.unreadable")}
        </Text>
      ),
    },
    { name: "at", header: t("conversations.at"), cell: (one) => time(one.received_at) },
  ];
  return (
    <Page title={t("conversations.title")} lead={t("conversations.lead")}>
      <Group role="search">
        <TextInput label={t("conversations.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} flex="0 1 360px" />
      </Group>
      <Answered of={conversations}>
        {({ items, next_cursor }) => (
          <>
            {items.length === 0 ? (
              <Empty title={t("conversations.none")}>{!search.q && t("conversations.noneHint")}</Empty>
            ) : (
              <DataTable label={t("conversations.title")} columns={columns} rows={items} keyOf={(one) => one.id} />
            )}
            <Pager cursor={search.cursor} next={next_cursor} />
          </>
        )}
      </Answered>
    </Page>
  );
}
