import { Anchor, Button, Group, Select, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { useChannelName } from "@/kit/channel";
import { type Column, DataTable } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Row = Schemas["TemplateSummary"];

export function TemplateList() {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { day } = useFormats();
  const navigate = useNavigate();
  const { search, change, changeSoon } = useListSearch();
  const query = { limit: 50, q: search.q, cursor: search.cursor, channel: search.channel as Row["channel"] | undefined };
  const templates = queries.useQuery("get", "/v1/templates", { params: { query } });
  const copy = useMutation({
    mutationFn: (templateId: string) =>
      bodyOf(api.POST("/v1/templates/{template_id}/copy", { params: { path: { template_id: templateId } }, body: {} })),
    onSuccess: (made) => void navigate({ to: `/app/templates/${made.id}` }),
  });
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
    { name: "kind", header: t("templates.kind"), cell: (one) => t(`templates.${one.kind}`) },
    { name: "changed", header: t("templates.changed"), cell: (one) => day(one.updated_at) },
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
    <Page title={t("templates.title")} actions={<LinkButton to="/app/templates/new">{t("templates.new")}</LinkButton>}>
      <Group align="flex-end" role="search">
        <TextInput label={t("templates.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} flex="1 1 220px" />
        <Select
          label={t("campaigns.channel")}
          placeholder={t("act.all")}
          data={[
            { value: "sms", label: t("channel.sms") },
            { value: "email", label: t("channel.email") },
          ]}
          value={search.channel ?? null}
          onChange={(channel) => change({ channel: channel ?? undefined })}
          clearable
          clearButtonProps={{ "aria-label": t("act.clear") }}
          flex="1 1 140px"
        />
      </Group>
      <ProblemAlert error={copy.error} />
      <Answered of={templates}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <>
            {items.length === 0 ? <Empty title={t("templates.none")} /> : <DataTable label={t("templates.title")} columns={columns} rows={items} keyOf={(one) => one.id} />}
            <Pager cursor={search.cursor} next={next_cursor} total={total} isEstimate={total_is_estimate} />
          </>
        )}
      </Answered>
    </Page>
  );
}
