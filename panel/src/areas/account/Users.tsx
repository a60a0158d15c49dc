import { Button, Group, Modal, MultiSelect, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { Permissions } from "@/areas/account/Permissions";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { type Column, DataTable } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { EditedOrNew, fresh } from "@/kit/Edited";
import { notify } from "@/kit/notify";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useEditing } from "@/kit/useEditing";

type User = Schemas["User"];

export function Users() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const [edited, setEdited] = useState<User | "new" | null>(null);
  const users = queries.useQuery("get", "/v1/users", { params: { query: { limit: 50, cursor: search.cursor } } });
  return (
    <AccountFrame tab="users" actions={<Button onClick={() => setEdited("new")}>{t("users.new")}</Button>}>
      {edited && <EditUser user={edited === "new" ? null : edited} close={() => setEdited(null)} />}
      <Answered of={users}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <Stack>
            <Rows items={items} edit={setEdited} />
            <Pager cursor={search.cursor} next={next_cursor} total={total} isEstimate={total_is_estimate} />
          </Stack>
        )}
      </Answered>
    </AccountFrame>
  );
}

function Rows({ items, edit }: { items: User[]; edit: (user: User) => void }) {
  const { t } = useTranslation();
  const columns: Column<User>[] = [
    { name: "login", header: t("login.login"), cell: (user) => <Text fw={600}>{user.login}</Text> },
    { name: "name", header: t("users.name"), cell: (user) => user.name, isOptional: true },
    { name: "email", header: t("contacts.email"), cell: (user) => user.email },
    { name: "state", header: t("campaigns.state"), cell: (user) => <StateBadge state={user.state} /> },
    { name: "second", header: t("users.secondFactor"), cell: (user) => t(user.second_factor ? "senders.yes" : "senders.no") },
    { name: "acts", header: t("act.acts"), cell: (user) => (user.is_owner ? t("users.owner") : <Acts user={user} edit={() => edit(user)} />) },
  ];
  return <DataTable label={t("account.tabs.users")} columns={columns} rows={items} keyOf={(user) => user.id} />;
}

/** Who is invited and has not come yet can be mailed once more, or the invitation withdrawn: then its link leads nowhere. */
function Acts({ user, edit }: { user: User; edit: () => void }) {
  const { t } = useTranslation();
  const { login, email } = user;
  const params = { path: { user_id: user.id } };
  const isInvited = user.state === "invited";
  const invite = async () => {
    await api.POST("/v1/users/{user_id}/invitation", { params });
    notify(t("users.invited", { email }));
  };
  return (
    <Group gap="xs" wrap="nowrap">
      <Button size="xs" variant="default" onClick={edit} aria-label={t("users.rightsOf", { login })}>
        {t("users.rights")}
      </Button>
      {isInvited && <ConfirmButton size="xs" label={t("users.inviteAgain")} question={t("users.inviteAgainAsk", { email })} act={invite} />}
      <DeleteButton
        size="xs" label={t(isInvited ? "users.withdraw" : "act.delete")}
        of={user}
        look={() => bodyOf(api.GET("/v1/users/{user_id}", { params }))}
        question={() => t(isInvited ? "users.withdrawAsk" : "users.deleteAsk", { login })}
        remove={(header) => api.DELETE("/v1/users/{user_id}", { params: { ...params, header } })}
      />
    </Group>
  );
}

function EditUser({ user, close }: { user: User | null; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/users/{user_id}", { params: { path: { user_id: user?.id ?? "" } } }, fresh(user));
  return (
    <Modal opened onClose={close} size="lg" title={user ? t("users.rightsOf", { login: user.login }) : t("users.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <EditedOrNew isNew={!user} of={opened}>
        {(found) => <Form user={found} close={close} />}
      </EditedOrNew>
    </Modal>
  );
}

function Form({ user, close }: { user: User | null; close: () => void }) {
  const { t } = useTranslation();
  const roles = queries.useQuery("get", "/v1/roles", { params: { query: { limit: 1000 } } });
  const { form, save, submit } = useEditing({
    initialValues: { login: "", email: "", name: "", permissions: user?.permissions ?? [], roles: user?.roles ?? [] },
    send: (values, header) => {
      if (!user) return bodyOf(api.POST("/v1/users", { body: values }));
      const { permissions, roles } = values;
      return bodyOf(api.PUT("/v1/users/{user_id}/permissions", { params: { path: { user_id: user.id }, header }, body: { permissions, roles } }));
    },
    onSaved: close,
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        {!user && (
          <>
            <Text>{t("users.invite")}</Text>
            <TextInput label={t("login.login")} description={t("register.loginHint")} required {...form.getInputProps("login")} />
            <TextInput label={t("contacts.email")} type="email" required {...form.getInputProps("email")} />
            <TextInput label={t("users.name")} {...form.getInputProps("name")} />
          </>
        )}
        {(roles.data?.items.length ?? 0) > 0 && (
          <MultiSelect label={t("account.tabs.roles")} data={roles.data?.items.map((role) => ({ value: role.id, label: role.name })) ?? []} {...form.getInputProps("roles")} />
        )}
        <Permissions label={t("users.rights")} {...{ value: form.values.permissions, change: (names) => form.setFieldValue("permissions", names) }} />
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}
