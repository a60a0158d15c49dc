import { Anchor, Button, Group, Select, TextInput } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { ArchiveAddresses } from "@/areas/archive/ArchiveAddresses";
import { useAllowed } from "@/areas/session/me";
import { breakable } from "@/kit/breakable";
import { useChannelName } from "@/kit/channel";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { type Column, DataTable } from "@/kit/DataTable";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Row = Schemas["Archived"];
const REASONS: Row["reason"][] = ["unsubscribed", "stop", "hard_bounce", "complaint", "spam", "unregistered", "does_not_exist", "other"];

/** The addresses that nothing is sent to, and why. */
export function ArchiveList() {
  const { t } = useTranslation();
  const { search, change, changeSoon } = useListSearch();
  const [isAdding, setAdding] = useState(false);
  const mayArchive = useAllowed("contacts.archive");
  const query = {
    limit: 50,
    sort: "-created" as const,
    cursor: search.cursor,
    q: search.q,
    channel: search.channel as Row["channel"] | undefined,
    reason: search.reason as Row["reason"] | undefined,
  };
  const archived = queries.useQuery("get", "/v1/archive", { params: { query } }, { placeholderData: keepPreviousData });
  const clear = { clearable: true, clearButtonProps: { "aria-label": t("act.clear") } };
  const isFiltered = Boolean(search.q || search.channel || search.reason);
  return (
    <Page
      title={t("archive.title")}
      lead={t("archive.lead")}
      actions={mayArchive && <Button onClick={() => setAdding(true)}>{t("archive.add")}</Button>}
    >
      {isAdding && <ArchiveAddresses close={() => setAdding(false)} />}
      <Group align="flex-end" role="search">
        <TextInput label={t("archive.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} flex="1 1 220px" />
        <Select
          label={t("campaigns.channel")}
          placeholder={t("act.all")}
          data={(["sms", "email", "push"] as const).map((channel) => ({ value: channel, label: t(`channel.${channel}`) }))}
          value={search.channel ?? null}
          onChange={(channel) => change({ channel: channel ?? undefined })}
          flex="1 1 140px"
          {...clear}
        />
        <Select
          label={t("archive.reason")}
          placeholder={t("act.all")}
          data={REASONS.map((reason) => ({ value: reason, label: t(`archive.reasons.${reason}`) }))}
          value={search.reason ?? null}
          onChange={(reason) => change({ reason: reason ?? undefined })}
          flex="1 1 160px"
          {...clear}
        />
      </Group>
      <Answered of={archived}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <>
            {items.length === 0 ? (
              <Empty title={t(isFiltered ? "archive.nothing" : "archive.none")}>{!isFiltered && t("archive.noneHint")}</Empty>
            ) : (
              <Rows items={items} mayArchive={mayArchive} />
            )}
            <Pager cursor={search.cursor} next={next_cursor} total={total} isEstimate={total_is_estimate} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function Rows({ items, mayArchive }: { items: Row[]; mayArchive: boolean }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  const restore = async (one: Row) => {
    await api.DELETE("/v1/archive/{archive_id}", { params: { path: { archive_id: one.id } } });
    await askedAgain();
  };
  const columns: Column<Row>[] = [
    {
      name: "address",
      header: t("archive.address"),
      cell: (one) =>
        one.contact_id ? (
          <Anchor component={Link} to={`/app/contacts/${one.contact_id}`} style={{ overflowWrap: "anywhere" }}>
            {breakable(one.address)}
          </Anchor>
        ) : (
          one.address
        ),
    },
    { name: "channel", header: t("campaigns.channel"), cell: (one) => channelName(one.channel) },
    { name: "reason", header: t("archive.reason"), cell: (one) => t(`archive.reasons.${one.reason}`) },
    { name: "note", header: t("archive.note"), cell: (one) => one.note, isOptional: true },
    { name: "at", header: t("archive.at"), cell: (one) => time(one.created_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) =>
        mayArchive && (
          <ConfirmButton size="xs" label={t("archive.restore")} question={t("archive.restoreAsk", { address: one.address })} act={() => restore(one)} />
        ),
    },
  ];
  return <DataTable label={t("archive.title")} columns={columns} rows={items} keyOf={(one) => one.id} />;
}
