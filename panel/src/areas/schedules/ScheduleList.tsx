import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { NewSchedule } from "@/areas/schedules/NewSchedule";
import { useUsers } from "@/areas/schedules/useUsers";
import { useAllowed, useMe } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";
import type { Column } from "@/kit/DataTable";
import { capital } from "@/kit/formats";
import { ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty, NoRight } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Schedule = Schemas["ReportSchedule"];

/** Reports that come by mail by themselves. */
export function ScheduleList() {
  return useAllowed("reports.read") ? <Schedules /> : <NoRight permission="reports.read" />;
}

function Schedules() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const [isAdding, setAdding] = useState(false);
  const schedules = queries.useQuery("get", "/v1/report-schedules", { params: { query: { limit: 50, cursor: search.cursor } } });
  return (
    <Page title={t("schedules.title")} lead={t("schedules.lead")} actions={<Button onClick={() => setAdding(true)}>{t("schedules.new")}</Button>}>
      {isAdding && <NewSchedule close={() => setAdding(false)} />}
      <ListOf
        label={t("schedules.title")}
        of={schedules}
        columns={useColumns()}
        keyOf={(one) => one.id}
        empty={<Empty title={t("schedules.none")}>{t("schedules.noneHint")}</Empty>}
      />
    </Page>
  );
}

function useColumns(): Column<Schedule>[] {
  const { t, i18n } = useTranslation();
  const { time, day } = useFormats();
  const namesOf = useNames();
  const end = async (one: Schedule) => {
    await api.DELETE("/v1/report-schedules/{schedule_id}", { params: { path: { schedule_id: one.id } } });
    await askedAgain();
  };
  return [
    { name: "kind", header: t("schedules.kind"), cell: (one) => <Text fw={600}>{capital(t(`schedules.kinds.${one.kind}`), i18n.language)}</Text> },
    { name: "users", header: t("schedules.users"), cell: (one) => namesOf(one.user_ids) },
    { name: "next", header: t("schedules.next"), cell: (one) => (one.next_at ? time(one.next_at) : t("schedules.afterEach")) },
    { name: "last", header: t("schedules.last"), cell: (one) => time(one.last_at) },
    { name: "created", header: t("groups.created"), cell: (one) => day(one.created_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <ConfirmButton
          size="xs"
          label={t("act.delete")}
          question={t("schedules.deleteAsk", { kind: t(`schedules.kinds.${one.kind}`), users: namesOf(one.user_ids) })}
          act={() => end(one)}
        />
      ),
    },
  ];
}

/** Who users are by their logins; of those whom this person may not see, how many. */
function useNames() {
  const { t } = useTranslation();
  const me = useMe();
  const { users } = useUsers();
  return (ids: string[]) => {
    const names = ids.flatMap((id) => users.find((one) => one.id === id)?.login ?? (id === me.id ? me.login : []));
    const others = ids.length - names.length;
    return [...names, ...(others > 0 ? [t("schedules.others", { count: others })] : [])].join(", ");
  };
}
