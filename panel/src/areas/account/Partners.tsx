import { Button, Card, Group, Modal, Stack, TagsInput, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { useAllowed } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { type Column, DataTable } from "@/kit/DataTable";
import { Secret } from "@/kit/Secret";
import { Answered, Empty, ProblemAlert } from "@/kit/States";

type Kind = "smpp" | "smtp";

/** A program's account at one of our ports, the same for both. */
interface Partner {
  id: string;
  name: string;
  login: string;
  addresses: string[];
}

interface Port {
  kind: Kind;
  make: (body: { name: string; ip_list: string[] }) => Promise<{ login: string; password: string }>;
  rotate: (id: string) => Promise<{ login: string; password: string }>;
  remove: (id: string) => Promise<unknown>;
}

const SMPP: Port = {
  kind: "smpp",
  make: async (body) => shown(await bodyOf(api.POST("/v1/smpp-accounts", { body }))),
  rotate: async (id) => shown(await bodyOf(api.POST("/v1/smpp-accounts/{smpp_account_id}/rotation", { params: { path: { smpp_account_id: id } } }))),
  remove: (id) => api.DELETE("/v1/smpp-accounts/{smpp_account_id}", { params: { path: { smpp_account_id: id } } }),
};
const SMTP: Port = {
  kind: "smtp",
  make: async (body) => shown(await bodyOf(api.POST("/v1/smtp-accounts", { body }))),
  rotate: async (id) => shown(await bodyOf(api.POST("/v1/smtp-accounts/{smtp_account_id}/rotation", { params: { path: { smtp_account_id: id } } }))),
  remove: (id) => api.DELETE("/v1/smtp-accounts/{smtp_account_id}", { params: { path: { smtp_account_id: id } } }),
};

function shown(made: { password: string; system_id?: string; username?: string }) {
  return { login: made.system_id ?? made.username ?? "", password: made.password };
}

const PAGE = { params: { query: { limit: 200 } } };

/** Programs that send by SMPP or SMTP instead of the API. */
export function Partners() {
  const maySms = useAllowed("sms.partners");
  const mayMail = useAllowed("email.smtp");
  return (
    <AccountFrame tab="partners">
      <Stack>
        {maySms && <SmppAccounts />}
        {mayMail && <SmtpAccounts />}
      </Stack>
    </AccountFrame>
  );
}

function SmppAccounts() {
  const accounts = queries.useQuery("get", "/v1/smpp-accounts", PAGE);
  return (
    <Answered of={accounts}>
      {({ items }) => <Accounts port={SMPP} items={items.map((one) => ({ id: one.id, name: one.name, login: one.system_id, addresses: one.ip_list }))} />}
    </Answered>
  );
}

function SmtpAccounts() {
  const accounts = queries.useQuery("get", "/v1/smtp-accounts", PAGE);
  return (
    <Answered of={accounts}>
      {({ items }) => <Accounts port={SMTP} items={items.map((one) => ({ id: one.id, name: one.name, login: one.username, addresses: one.ip_list }))} />}
    </Answered>
  );
}

function Accounts({ port, items }: { port: Port; items: Partner[] }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const rotate = useMutation({ mutationFn: port.rotate });
  const remove = async (id: string) => {
    await port.remove(id);
    await known.invalidateQueries();
  };
  const columns: Column<Partner>[] = [
    { name: "name", header: t("partners.name"), cell: (one) => <Text fw={600}>{one.name}</Text> },
    { name: "login", header: t("login.login"), cell: (one) => one.login },
    { name: "addresses", header: t("partners.addresses"), cell: (one) => one.addresses.join(", ") || t("partners.anyAddress") },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <Group gap="xs" wrap="nowrap">
          <ConfirmButton size="xs" label={t("partners.rotate")} question={t("partners.rotateAsk", { name: one.name })} act={() => rotate.mutateAsync(one.id)} />
          <ConfirmButton size="xs" label={t("act.delete")} question={t("partners.deleteAsk", { name: one.name })} act={() => remove(one.id)} />
        </Group>
      ),
    },
  ];
  return (
    <Card withBorder component="section">
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t(`partners.${port.kind}`)}
          </Title>
          <Button size="xs" onClick={() => setAdding(true)}>
            {t(`partners.new.${port.kind}`)}
          </Button>
        </Group>
        {isAdding && <NewAccount port={port} close={() => setAdding(false)} />}
        {rotate.data && <Secret title={t("partners.once")} text={`${rotate.data.login}\n${rotate.data.password}`} close={() => rotate.reset()} />}
        {items.length === 0 ? <Empty title={t("partners.none")}>{t(`partners.hint.${port.kind}`)}</Empty> : <DataTable label={t(`partners.${port.kind}`)} columns={columns} rows={items} keyOf={(one) => one.id} />}
      </Stack>
    </Card>
  );
}

function NewAccount({ port, close }: { port: Port; close: () => void }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const form = useForm({ initialValues: { name: "", ip_list: [] as string[] } });
  const make = useMutation({ mutationFn: port.make, onSuccess: () => known.invalidateQueries(), onError: (error) => form.setErrors(fieldErrors(error)) });
  return (
    <Modal opened onClose={close} title={t(`partners.new.${port.kind}`)} closeButtonProps={{ "aria-label": t("act.close") }}>
      {make.data ? (
        <Secret title={t("partners.once")} text={`${make.data.login}\n${make.data.password}`} close={close} />
      ) : (
        <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
          <Stack>
            <ProblemAlert error={make.error} />
            <TextInput label={t("partners.name")} required data-autofocus {...form.getInputProps("name")} />
            <TagsInput label={t("partners.addresses")} description={t("partners.addressesHint")} placeholder="192.0.2.0/24" acceptValueOnBlur {...form.getInputProps("ip_list")} />
            <Button type="submit" loading={make.isPending}>
              {t("act.save")}
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
