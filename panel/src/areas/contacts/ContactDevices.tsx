import { Card, Stack, Text, Title } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { type Device, ForgetDevice, useDeviceColumns } from "@/areas/senders/devices";
import { type Column, DataTable } from "@/kit/DataTable";
import { Loading, ProblemAlert } from "@/kit/States";

/** To which devices a person's pushes go, over all applications; nothing where the account has none. */
export function ContactDevices({ contactId }: { contactId: string }) {
  const { t } = useTranslation();
  const applications = queries.useQuery("get", "/v1/push/applications", { params: { query: { limit: 50 } } });
  const nameOf = Object.fromEntries((applications.data?.items ?? []).map((one) => [one.id, one.title]));
  const asked = useQueries({
    queries: Object.keys(nameOf).map((application_id) =>
      queries.queryOptions("get", "/v1/push/applications/{application_id}/devices", { params: { path: { application_id }, query: { contact_id: contactId, limit: 100 } } }),
    ),
  });
  const devices = asked.flatMap((one) => one.data?.items ?? []);
  const columns: Column<Device>[] = [
    { name: "application", header: t("push.application"), cell: (one) => <Text fw={600}>{nameOf[one.application_id]}</Text> },
    ...useDeviceColumns(),
    { name: "acts", header: t("act.acts"), cell: (one) => <ForgetDevice device={one} application={nameOf[one.application_id] ?? ""} /> },
  ];
  if (applications.data?.items.length === 0) return null;
  return (
    <Card withBorder component="section">
      <Stack gap="sm">
        <Title order={2} size="h4">
          {t("devices.title")}
        </Title>
        <ProblemAlert error={applications.error ?? asked.find((one) => one.error)?.error} />
        {applications.isPending || asked.some((one) => one.isPending) ? (
          <Loading lines={1} />
        ) : devices.length > 0 ? (
          <DataTable label={t("devices.title")} columns={columns} rows={devices} keyOf={(one) => one.id} />
        ) : (
          asked.every((one) => one.isSuccess) && <Text>{t("devices.noneOfPerson")}</Text>
        )}
      </Stack>
    </Card>
  );
}
