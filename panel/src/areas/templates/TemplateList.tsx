import { Anchor, Button, Group, Stack, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { FolderActs, MoveButton } from "@/areas/templates/FolderActs";
import { useFolders } from "@/areas/templates/folders";
import { TemplatePicture } from "@/areas/templates/TemplatePicture";
import { useCopy } from "@/areas/templates/useCopy";
import { useMe } from "@/areas/session/me";
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
/** In the address, for templates that are in no folder. */
const IN_NONE = "/";

/** The account's own templates and those that ship with Wici, which are copied to be changed. */
export function TemplateList() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { search } = useListSearch();
  const { number } = useFormats();
  const folders = useFolders();
  const mayWrite = useMayWrite();
  const named = folders.map(({ folder, templates }) => ({ value: folder, label: t("templates.folderOf", { folder, templates: number(templates) }) }));
  const byFolder: Filter = { name: "folder", label: t("templates.folder"), options: [...named, { value: IN_NONE, label: t("templates.noFolder") }], isLong: true };
  const choices: Filter[] = [
    { name: "kind", label: t("templates.kind"), options: KINDS.map((kind) => ({ value: kind, label: t(`templates.kinds.${kind}`) })) },
    { name: "channel", label: t("campaigns.channel"), options: CHANNELS.map((channel) => ({ value: channel, label: channelName(channel) })) },
    ...(folders.length > 0 ? [byFolder] : []),
  ];
  return (
    <Page title={t("templates.title")} actions={<LinkButton to="/app/templates/new">{t("templates.new")}</LinkButton>}>
      <Filters words={t("templates.search")} choices={choices} />
      {mayWrite && search.folder && search.folder !== IN_NONE && <FolderActs folder={search.folder} />}
      {search.kind !== "ready_made" && <Own />}
      {search.kind !== "own" && !search.cursor && !search.folder && <ReadyMade />}
    </Page>
  );
}

function useMayWrite(): boolean {
  return useMe().allowed.some((right) => /\.campaigns\.write$/.test(right));
}

function Own() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const folder = search.folder === IN_NONE ? "" : search.folder;
  const query = { limit: 50, q: search.q, cursor: search.cursor, channel: search.channel as Row["channel"] | undefined, folder };
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
  const mayWrite = useMayWrite();
  const picture: Column<Row> = {
    name: "picture",
    header: t("templates.picture"),
    cell: (one) => one.has_picture && <TemplatePicture templateId={one.id} version={one.version} alt={t("templates.pictureOf", { name: one.name })} width={96} />,
    isOptional: true,
  };
  const language: Column<Row> = { name: "language", header: t("shell.language"), cell: (one) => one.language?.toUpperCase() };
  const folder: Column<Row> = { name: "folder", header: t("templates.folder"), cell: (one) => one.folder, isOptional: true };
  const changed: Column<Row> = { name: "changed", header: t("templates.changed"), cell: (one) => day(one.updated_at) };
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
    picture,
    { name: "channel", header: t("campaigns.channel"), cell: (one) => channelName(one.channel) },
    ...(kind === "ready_made" ? [language] : [folder, changed]),
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <Group gap="xs" wrap="nowrap">
          <Button size="xs" variant="default" onClick={() => copy.mutate(one.id)} aria-label={t("templates.copyNamed", { name: one.name })}>
            {t("act.duplicate")}
          </Button>
          {kind === "own" && mayWrite && <MoveButton template={one} />}
        </Group>
      ),
    },
  ];
  return (
    <>
      <ProblemAlert error={copy.error} />
      <ListOf label={t(`templates.kinds.${kind}`)} of={of} columns={columns} keyOf={(one) => one.id} filters={["q", "channel", "folder"]} noneFits={t("templates.noneFits")} empty={<Empty title={empty} />} />
    </>
  );
}
