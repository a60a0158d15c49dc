import { Anchor, Button } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { type Device, ForgetDevice, useDeviceColumns } from "@/areas/senders/devices";
import { useAllowed } from "@/areas/session/me";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Empty, NoRight } from "@/kit/States";

/** The devices of an application, or those that one person has with it. */
export function PushDevices() {
  return useAllowed("push.senders") ? <Devices /> : <NoRight permission="push.senders" />;
}

function Devices() {
  const { t } = useTranslation();
  const { applicationId } = useParams({ strict: false }) as { applicationId: string };
  const { search, change } = useListSearch();
  const path = { application_id: applicationId };
  const application = queries.useQuery("get", "/v1/push/applications/{application_id}", { params: { path } });
  const query = { limit: 50, cursor: search.cursor, contact_id: search.contact };
  const devices = queries.useQuery("get", "/v1/push/applications/{application_id}/devices", { params: { path, query } }, { placeholderData: keepPreviousData });
  const name = application.data?.title ?? t("push.application");
  const title = t("devices.of", { name });
  const columns: Column<Device>[] = [
    ...useDeviceColumns(),
    { name: "whose", header: t("devices.whose"), cell: (one) => <Whose device={one} /> },
    { name: "acts", header: t("act.acts"), cell: (one) => <ForgetDevice device={one} application={name} /> },
  ];
  return (
    <Page title={title} lead={t("devices.lead")} parent={{ to: "/app/senders", search: { channel: "push" }, label: t("senders.title") }}>
      {search.contact && (
        <Button variant="default" onClick={() => change({ contact: undefined })} style={{ alignSelf: "flex-start" }}>
          {t("devices.all")}
        </Button>
      )}
      <ListOf
        label={title} of={devices} columns={columns} keyOf={(one) => one.id}
        filters={["contact"]} noneFits={t("devices.noneFits")} empty={<Empty title={t("devices.none")}>{t("devices.noneHint")}</Empty>}
      />
    </Page>
  );
}

function Whose({ device }: { device: Device }) {
  const { t } = useTranslation();
  const maySee = useAllowed("contacts.read");
  if (!device.contact_id || !maySee) return t(device.contact_id ? "devices.somebody" : "devices.nobody");
  return (
    <Anchor component={Link} to={`/app/contacts/${device.contact_id}`} underline="always">
      {t("devices.contact")}
    </Anchor>
  );
}
