import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { EditKeyword } from "@/areas/keywords/EditKeyword";
import { StopAnswer } from "@/areas/keywords/StopAnswer";
import { useGroups } from "@/areas/keywords/useGroups";
import { useAllowed } from "@/areas/session/me";
import type { Column } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { ListOf } from "@/kit/ListOf";
import { OnOff } from "@/kit/OnOff";
import { Page } from "@/kit/Page";
import { inFull } from "@/kit/phone";
import { useListSearch } from "@/kit/search";
import { Empty, NoRight } from "@/kit/States";

export type Keyword = Schemas["SmsKeyword"];

/** Words that people write to a number of the account's, and what each does. */
export function KeywordList() {
  return useAllowed("sms.keywords") ? <Keywords /> : <NoRight permission="sms.keywords" />;
}

function Keywords() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const [edited, setEdited] = useState<Keyword | "new" | null>(null);
  const keywords = queries.useQuery("get", "/v1/sms-keywords", { params: { query: { limit: 50, cursor: search.cursor } } });
  return (
    <Page title={t("keywords.title")} lead={t("keywords.lead")} actions={<Button onClick={() => setEdited("new")}>{t("keywords.new")}</Button>}>
      {edited && <EditKeyword keyword={edited === "new" ? null : edited} close={() => setEdited(null)} />}
      <ListOf
        label={t("keywords.title")}
        of={keywords}
        columns={useColumns(setEdited)}
        keyOf={(one) => one.id}
        empty={<Empty title={t("keywords.none")}>{t("keywords.noneHint")}</Empty>}
      />
      <StopAnswer />
    </Page>
  );
}

function useColumns(edit: (keyword: Keyword) => void): Column<Keyword>[] {
  const { t } = useTranslation();
  const { groups } = useGroups();
  return [
    { name: "keyword", header: t("keywords.keyword"), cell: (one) => <Text fw={600}>{one.keyword}</Text> },
    { name: "match", header: t("keywords.match"), cell: (one) => t(`keywords.matches.${one.match}`) },
    { name: "number", header: t("keywords.number"), cell: (one) => (one.number ? inFull(one.number) : t("keywords.anyNumber")) },
    {
      name: "answer",
      header: t("keywords.answer"),
      cell: (one) => (
        <Text size="sm" lineClamp={2} maw={320}>
          {one.answer ?? "–"}
        </Text>
      ),
    },
    { name: "group", header: t("contacts.group"), cell: (one) => (one.group_id ? (groups.find(({ value }) => value === one.group_id)?.label ?? t("keywords.someGroup")) : "–") },
    { name: "enabled", header: t("campaigns.state"), cell: (one) => <OnOff isOn={one.enabled} /> },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <Group gap="xs" wrap="nowrap">
          <Button size="xs" variant="default" onClick={() => edit(one)} aria-label={t("act.editNamed", { name: one.keyword })}>
            {t("act.edit")}
          </Button>
          <DeleteButton
            size="xs"
            of={one}
            look={() => bodyOf(api.GET("/v1/sms-keywords/{keyword_id}", { params: { path: { keyword_id: one.id } } }))}
            question={({ keyword }) => t("keywords.deleteAsk", { keyword })}
            remove={(header) => api.DELETE("/v1/sms-keywords/{keyword_id}", { params: { path: { keyword_id: one.id }, header } })}
          />
        </Group>
      ),
    },
  ];
}
