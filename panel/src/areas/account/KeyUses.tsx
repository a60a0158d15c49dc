import { Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/kit/DataTable";
import { Answered, Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Use = Schemas["ApiKeyUses"]["items"][number];

/** From which addresses a key was used, and when from each for the last time. */
export function KeyUses({ of: key, close }: { of: Schemas["ApiKey"]; close: () => void }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const title = t("keys.usesNamed", { name: key.name });
  const uses = queries.useQuery("get", "/v1/api-keys/{api_key_id}/uses", { params: { path: { api_key_id: key.id } } });
  const columns: Column<Use>[] = [
    { name: "address", header: t("keys.address"), cell: (use) => <Text fw={600}>{use.address}</Text> },
    { name: "last", header: t("keys.used"), cell: (use) => time(use.last_at) },
  ];
  return (
    <Modal opened onClose={close} size="lg" title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Answered of={uses}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t("keys.noUses")}>{t("keys.noUsesHint")}</Empty>
          ) : (
            <Stack>
              <Text size="sm">{t("keys.usesHint")}</Text>
              <DataTable label={title} columns={columns} rows={items} keyOf={(use) => use.address} />
            </Stack>
          )
        }
      </Answered>
    </Modal>
  );
}
