import { Button, Code, Group, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { NewKey, RenameKey, RotateKey } from "@/areas/account/KeyForms";
import { KeyUses } from "@/areas/account/KeyUses";
import { Rights } from "@/areas/account/Rights";
import type { Column } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Key = Schemas["ApiKey"];
/** Which window is open, and of which key. */
type Open = { form: "new" } | { form: "uses" | "rename" | "rotate"; key: Key };

export function Keys() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { search } = useListSearch();
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const keys = queries.useQuery("get", "/v1/api-keys", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<Key>[] = [
    { name: "name", header: t("keys.name"), cell: (key) => <Text fw={600}>{key.name}</Text> },
    { name: "prefix", header: t("keys.prefix"), cell: (key) => <Code>{key.prefix}…</Code> },
    { name: "scopes", header: t("keys.scopes"), cell: (key) => <Rights names={key.scopes} /> },
    { name: "addresses", header: t("partners.addresses"), cell: (key) => key.ip_list.join(", ") || t("partners.anyAddress") },
    { name: "used", header: t("keys.used"), cell: (key) => time(key.last_used_at) },
    { name: "expires", header: t("keys.expires"), cell: (key) => time(key.expires_at) },
    { name: "acts", header: t("act.acts"), cell: (key) => <Acts of={key} open={setOpen} /> },
  ];
  return (
    <AccountFrame tab="keys" actions={<Button onClick={() => setOpen({ form: "new" })}>{t("keys.new")}</Button>}>
      {open?.form === "new" && <NewKey close={close} />}
      {open?.form === "uses" && <KeyUses of={open.key} close={close} />}
      {open?.form === "rename" && <RenameKey of={open.key} close={close} />}
      {open?.form === "rotate" && <RotateKey of={open.key} close={close} />}
      <ListOf label={t("account.tabs.keys")} of={keys} columns={columns} keyOf={(key) => key.id} empty={<Empty title={t("keys.none")}>{t("keys.noneHint")}</Empty>} />
    </AccountFrame>
  );
}

function Acts({ of: key, open }: { of: Key; open: (what: Open) => void }) {
  const { t } = useTranslation();
  const { name } = key;
  return (
    <Group gap="xs">
      <Button size="xs" variant="default" aria-label={t("keys.usesNamed", { name })} onClick={() => open({ form: "uses", key })}>
        {t("keys.uses")}
      </Button>
      <Button size="xs" variant="default" aria-label={t("keys.renameNamed", { name })} onClick={() => open({ form: "rename", key })}>
        {t("keys.rename")}
      </Button>
      <Button size="xs" variant="default" aria-label={t("keys.rotateNamed", { name })} onClick={() => open({ form: "rotate", key })}>
        {t("keys.rotate")}
      </Button>
      <DeleteButton
        size="xs" label={t("keys.revoke")}
        of={key}
        look={() => bodyOf(api.GET("/v1/api-keys/{api_key_id}", { params: { path: { api_key_id: key.id } } }))}
        question={(now) => t("keys.revokeAsk", { name: now.name })}
        remove={(header) => api.DELETE("/v1/api-keys/{api_key_id}", { params: { path: { api_key_id: key.id }, header } })}
      />
    </Group>
  );
}
