import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { Permissions } from "@/areas/account/Permissions";
import { Rights } from "@/areas/account/Rights";
import type { Column } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { EditedOrNew, fresh } from "@/kit/Edited";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty, ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

type Role = Schemas["Role"];

/** Named sets of rights; whoever holds a role has all of it. */
export function Roles() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const [edited, setEdited] = useState<Role | "new" | null>(null);
  const roles = queries.useQuery("get", "/v1/roles", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<Role>[] = [
    { name: "name", header: t("roles.name"), cell: (role) => <Text fw={600}>{role.name}</Text> },
    { name: "rights", header: t("users.rights"), cell: (role) => <Rights names={role.permissions} /> },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (role) => (
        <Group gap="xs" wrap="nowrap">
          <Button size="xs" variant="default" onClick={() => setEdited(role)} aria-label={t("act.editNamed", { name: role.name })}>
            {t("act.edit")}
          </Button>
          <DeleteButton
            size="xs"
            of={role}
            look={() => bodyOf(api.GET("/v1/roles/{role_id}", { params: { path: { role_id: role.id } } }))}
            question={({ name }) => t("roles.deleteAsk", { name })}
            remove={(header) => api.DELETE("/v1/roles/{role_id}", { params: { path: { role_id: role.id }, header } })}
          />
        </Group>
      ),
    },
  ];
  return (
    <AccountFrame tab="roles" actions={<Button onClick={() => setEdited("new")}>{t("roles.new")}</Button>}>
      {edited && <EditRole role={edited === "new" ? null : edited} close={() => setEdited(null)} />}
      <ListOf label={t("account.tabs.roles")} of={roles} columns={columns} keyOf={(role) => role.id} empty={<Empty title={t("roles.none")}>{t("roles.noneHint")}</Empty>} />
    </AccountFrame>
  );
}

function EditRole({ role, close }: { role: Role | null; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/roles/{role_id}", { params: { path: { role_id: role?.id ?? "" } } }, fresh(role));
  return (
    <Modal opened onClose={close} size="lg" title={role?.name ?? t("roles.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <EditedOrNew isNew={!role} of={opened}>
        {(found) => <Form role={found} close={close} />}
      </EditedOrNew>
    </Modal>
  );
}

function Form({ role, close }: { role: Role | null; close: () => void }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: { name: role?.name ?? "", permissions: role?.permissions ?? [] },
    send: (body, header) =>
      bodyOf(role ? api.PATCH("/v1/roles/{role_id}", { params: { path: { role_id: role.id }, header }, body }) : api.POST("/v1/roles", { body })),
    onSaved: close,
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <TextInput label={t("roles.name")} required autoFocus data-autofocus {...form.getInputProps("name")} />
        <Permissions label={t("users.rights")} value={form.values.permissions} change={(names) => form.setFieldValue("permissions", names)} />
        <Button type="submit" loading={save.isPending} disabled={form.values.permissions.length === 0}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}
