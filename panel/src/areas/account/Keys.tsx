import { Button, Code, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { Permissions } from "@/areas/account/Permissions";
import { ConfirmButton } from "@/kit/ConfirmButton";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Secret } from "@/kit/Secret";
import { Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Key = Schemas["ApiKey"];

export function Keys() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const known = useQueryClient();
  const { search } = useListSearch();
  const [isAdding, setAdding] = useState(false);
  const keys = queries.useQuery("get", "/v1/api-keys", { params: { query: { limit: 50, cursor: search.cursor } } });
  const revoke = async (key: Key) => {
    await api.DELETE("/v1/api-keys/{api_key_id}", { params: { path: { api_key_id: key.id } } });
    await known.invalidateQueries();
  };
  const columns: Column<Key>[] = [
    { name: "name", header: t("keys.name"), cell: (key) => <Text fw={600}>{key.name}</Text> },
    { name: "prefix", header: t("keys.prefix"), cell: (key) => <Code>{key.prefix}…</Code> },
    { name: "scopes", header: t("keys.scopes"), cell: (key) => key.scopes.join(", ") },
    { name: "used", header: t("keys.used"), cell: (key) => time(key.last_used_at) },
    { name: "expires", header: t("keys.expires"), cell: (key) => time(key.expires_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (key) => <ConfirmButton size="xs" label={t("keys.revoke")} question={t("keys.revokeAsk", { name: key.name })} act={() => revoke(key)} />,
    },
  ];
  return (
    <AccountFrame tab="keys" actions={<Button onClick={() => setAdding(true)}>{t("keys.new")}</Button>}>
      {isAdding && <NewKey close={() => setAdding(false)} />}
      <ListOf label={t("account.tabs.keys")} of={keys} columns={columns} keyOf={(key) => key.id} empty={<Empty title={t("keys.none")}>{t("keys.noneHint")}</Empty>} />
    </AccountFrame>
  );
}

/** The key is in the answer to its making, and never again. */
function NewKey({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const form = useForm({ initialValues: { name: "", scopes: [] as string[] } });
  const make = useMutation({
    mutationFn: (body: typeof form.values) => bodyOf(api.POST("/v1/api-keys", { body })),
    onSuccess: () => known.invalidateQueries(),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <Modal opened onClose={close} size="lg" title={t("keys.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      {make.data ? (
        <Secret title={t("keys.once")} text={make.data.key} close={close} />
      ) : (
        <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
          <Stack>
            <ProblemAlert error={make.error} />
            <TextInput label={t("keys.name")} required data-autofocus {...form.getInputProps("name")} />
            <Permissions label={t("keys.scopes")} withoutSessionOnly {...{ value: form.values.scopes, change: (names) => form.setFieldValue("scopes", names) }} />
            <Group>
              <Button type="submit" loading={make.isPending} disabled={form.values.scopes.length === 0}>
                {t("keys.make")}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
