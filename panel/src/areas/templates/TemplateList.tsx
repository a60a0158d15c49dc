import { Anchor, Button, Stack, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { TemplatePicture } from "@/areas/templates/TemplatePicture";
import { useCopy } from "@/areas/templates/useCopy";
import { CHANNELS, useChannelName } from "@/kit/channel";
import type { Column } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { type Filter, Filters, ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { type Asked, Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Row = Schemas["TemplateSummary"];
const KINDS = ["own", "ready_made"] as const;
const ALL_READY_MADE = 1000;

/** The account's own templates and those that ship with Wici, which are copied to be changed. */
export function TemplateList() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { search } = useListSearch();
  const choices: Filter[] = [
    { name: "kind", label: t("templates.kind"), options: KINDS.map((kind) => ({ value: kind, label: t(`templates.kinds.${kind}`) })) },
    { name: "channel", label: t("campaigns.channel"), options: CHANNELS.map((channel) => ({ value: channel, label: channelName(channel) })) },
  ];
  return (
    <Page title={t("templates.title")} actions={<LinkButton to="/app/templates/new">{t("templates.new")}</LinkButton>}>
      <Filters words={t("templates.search")} choices={choices} />
      {search.kind !== "ready_made" && <Own />}
      {search.kind !== "own" && !search.cursor && <ReadyMade />}
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
      <Rows of={own} kind="own" empty={t("templates.none")} />
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
      <Rows of={readyMade} kind="ready_made" empty={t("templates.noReadyMade")} />
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

interface RowsProps {
  of: Asked<Schemas["TemplateSummaryPage"]>;
  kind: (typeof KINDS)[number];
  empty: string;
}

function Rows({ of, kind, empty }: RowsProps) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { day } = useFormats();
  const copy = useCopy();
  const hasPictures = of.data?.items.some((one) => one.has_picture) ?? false;
  const picture: Column<Row> = {
    name: "picture",
    header: t("templates.picture"),
    cell: (one) => one.has_picture && <TemplatePicture templateId={one.id} version={one.version} alt={t("templates.pictureOf", { name: one.name })} width={96} />,
  };
  const columns: Column<Row>[] = [
    ...(hasPictures ? [picture] : []),
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
    kind === "ready_made"
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
      <ListOf label={t(`templates.kinds.${kind}`)} of={of} columns={columns} keyOf={(one) => one.id} filters={["q", "channel"]} noneFits={t("templates.noneFits")} empty={<Empty title={empty} />} />
    </>
  );
}
