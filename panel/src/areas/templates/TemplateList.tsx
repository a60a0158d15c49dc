import { Anchor, Button, Group, Select, Stack, TextInput, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useCopy } from "@/areas/templates/useCopy";
import { useChannelName } from "@/kit/channel";
import { type Column, DataTable } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Row = Schemas["TemplateSummary"];
const ALL_READY_MADE = 1000;

/** The account's own templates and those that ship with Wici, which are copied to be changed. */
export function TemplateList() {
  const { t } = useTranslation();
  const { search, change, changeSoon } = useListSearch();
  const clear = { clearable: true, clearButtonProps: { "aria-label": t("act.clear") } };
  return (
    <Page title={t("templates.title")} actions={<LinkButton to="/app/templates/new">{t("templates.new")}</LinkButton>}>
      <Group align="flex-end" role="search">
        <TextInput label={t("templates.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} flex="1 1 220px" />
        <Select
          label={t("templates.kind")}
          placeholder={t("act.all")}
          data={[
            { value: "own", label: t("templates.kinds.own") },
            { value: "ready_made", label: t("templates.kinds.ready_made") },
          ]}
          value={search.kind ?? null}
          onChange={(kind) => change({ kind: kind ?? undefined })}
          flex="1 1 140px"
          {...clear}
        />
        <Select
          label={t("campaigns.channel")}
          placeholder={t("act.all")}
          data={[
            { value: "sms", label: t("channel.sms") },
            { value: "email", label: t("channel.email") },
          ]}
          value={search.channel ?? null}
          onChange={(channel) => change({ channel: channel ?? undefined })}
          flex="1 1 140px"
          {...clear}
        />
      </Group>
      {search.kind !== "ready_made" && <Own />}
      {search.kind !== "own" && <ReadyMade />}
    </Page>
  );
}

function Own() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const query = { limit: 50, q: search.q, cursor: search.cursor, channel: search.channel as Row["channel"] | undefined };
  const own = queries.useQuery("get", "/v1/templates", { params: { query: { ...query, kind: "own" } } });
  return (
    <Part title={t("templates.kinds.own")}>
      <Answered of={own}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <>
            {items.length === 0 ? <Empty title={t("templates.none")} /> : <Rows title={t("templates.kinds.own")} rows={items} />}
            <Pager cursor={search.cursor} next={next_cursor} total={total} isEstimate={total_is_estimate} />
          </>
        )}
      </Answered>
    </Part>
  );
}

function ReadyMade() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const query = { limit: ALL_READY_MADE, q: search.q, channel: search.channel as Row["channel"] | undefined };
  const readyMade = queries.useQuery("get", "/v1/templates", { params: { query: { ...query, kind: "ready_made" } } });
  return (
    <Part title={t("templates.kinds.ready_made")}>
      <Answered of={readyMade}>
        {({ items }) => (items.length === 0 ? <Empty title={t("templates.noReadyMade")} /> : <Rows title={t("templates.kinds.ready_made")} rows={items} />)}
      </Answered>
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack component="section" gap="sm">
      <Title order={2} size="h4">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

function Rows({ title, rows }: { title: string; rows: Row[] }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { day } = useFormats();
  const copy = useCopy();
  const isReadyMade = rows[0]?.kind === "ready_made";
  const columns: Column<Row>[] = [
    {
      name: "name",
      header: t("templates.name"),
      cell: (one) => (
        <Anchor component={Link} to={`/app/templates/${one.id}`}>
          {one.name}
        </Anchor>
      ),
    },
    { name: "channel", header: t("campaigns.channel"), cell: (one) => channelName(one.channel) },
    isReadyMade
      ? { name: "language", header: t("shell.language"), cell: (one) => one.language?.toUpperCase() }
      : { name: "changed", header: t("templates.changed"), cell: (one) => day(one.updated_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <Button size="xs" variant="default" onClick={() => copy.mutate(one.id)} aria-label={t("templates.copyNamed", { name: one.name })}>
          {t("act.duplicate")}
        </Button>
      ),
    },
  ];
  return (
    <>
      <ProblemAlert error={copy.error} />
      <DataTable label={title} columns={columns} rows={rows} keyOf={(one) => one.id} />
    </>
  );
}
