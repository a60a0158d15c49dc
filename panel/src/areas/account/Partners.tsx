import { Button, Card, Group, Modal, Stack, TagsInput, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { type ComponentType, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { Binds } from "@/areas/account/Binds";
import { BlockedAddresses } from "@/areas/account/BlockedAddresses";
import { EditSmppAccount, EditSmtpAccount, type EditProps } from "@/areas/account/PartnerForms";
import { useAllowed } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { type Column, DataTable } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { OnOff } from "@/kit/OnOff";
import { useListSearch } from "@/kit/search";
import { Secret } from "@/kit/Secret";
import { Answered, Empty, ProblemAlert } from "@/kit/States";
import type { IfMatch } from "@/kit/useEditing";

type Kind = "smpp" | "smtp";

/** A program's account at one of our ports, the same for both. */
interface Partner {
  id: string;
  name: string;
  login: string;
  addresses: string[];
  isOn: boolean;
  updated_at?: string;
}

interface Port {
  kind: Kind;
  /** What else there is to see of an account; the address names whose is looked at. */
  more: "binds" | "blocked";
  make: (body: { name: string; ip_list: string[] }) => Promise<{ login: string; password: string }>;
  rotate: (id: string) => Promise<{ login: string; password: string }>;
  look: (id: string) => Promise<Partner>;
  remove: (id: string, header: IfMatch) => Promise<unknown>;
  Edit: ComponentType<EditProps>;
}

const SMPP: Port = {
  kind: "smpp",
  more: "binds",
  make: async (body) => shown(await bodyOf(api.POST("/v1/smpp-accounts", { body }))),
  rotate: async (id) => shown(await bodyOf(api.POST("/v1/smpp-accounts/{smpp_account_id}/rotation", { params: { path: { smpp_account_id: id } } }))),
  look: async (id) => smppPartner(await bodyOf(api.GET("/v1/smpp-accounts/{smpp_account_id}", { params: { path: { smpp_account_id: id } } }))),
  remove: (id, header) => api.DELETE("/v1/smpp-accounts/{smpp_account_id}", { params: { path: { smpp_account_id: id }, header } }),
  Edit: EditSmppAccount,
};
const SMTP: Port = {
  kind: "smtp",
  more: "blocked",
  make: async (body) => shown(await bodyOf(api.POST("/v1/smtp-accounts", { body }))),
  rotate: async (id) => shown(await bodyOf(api.POST("/v1/smtp-accounts/{smtp_account_id}/rotation", { params: { path: { smtp_account_id: id } } }))),
  look: async (id) => smtpPartner(await bodyOf(api.GET("/v1/smtp-accounts/{smtp_account_id}", { params: { path: { smtp_account_id: id } } }))),
  remove: (id, header) => api.DELETE("/v1/smtp-accounts/{smtp_account_id}", { params: { path: { smtp_account_id: id }, header } }),
  Edit: EditSmtpAccount,
};

function shown(made: { password: string; system_id?: string; username?: string }) {
  return { login: made.system_id ?? made.username ?? "", password: made.password };
}

// Spread, so that which version it is goes along.
const smppPartner = (one: Schemas["SmppAccount"]): Partner => ({ ...one, login: one.system_id, addresses: one.ip_list, isOn: one.enabled });
const smtpPartner = (one: Schemas["SmtpAccount"]): Partner => ({ ...one, login: one.username, addresses: one.ip_list, isOn: one.is_active });

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
      {({ items }) => (
        <>
          <Accounts port={SMPP} items={items.map(smppPartner)} />
          <Looked at="binds" items={items}>{(one, close) => <Binds of={one} close={close} />}</Looked>
        </>
      )}
    </Answered>
  );
}

function SmtpAccounts() {
  const accounts = queries.useQuery("get", "/v1/smtp-accounts", PAGE);
  return (
    <Answered of={accounts}>
      {({ items }) => (
        <>
          <Accounts port={SMTP} items={items.map(smtpPartner)} />
          <Looked at="blocked" items={items}>{(one, close) => <BlockedAddresses of={one} close={close} />}</Looked>
        </>
      )}
    </Answered>
  );
}

/** The one of the accounts that the address names. */
function Looked<Account extends { id: string }>({ at, items, children }: { at: Port["more"]; items: Account[]; children: (one: Account, close: () => void) => ReactNode }) {
  const { search, change } = useListSearch();
  const one = items.find(({ id }) => id === search[at]);
  return one ? children(one, () => change({ [at]: undefined })) : null;
}

function Accounts({ port, items }: { port: Port; items: Partner[] }) {
  const { t } = useTranslation();
  const [isAdding, setAdding] = useState(false);
  const [edited, setEdited] = useState<string | null>(null);
  const { change } = useListSearch();
  const rotate = useMutation({ mutationFn: port.rotate });
  const columns: Column<Partner>[] = [
    { name: "name", header: t("partners.name"), cell: (one) => <Text fw={600}>{one.name}</Text> },
    { name: "login", header: t("login.login"), cell: (one) => one.login },
    { name: "addresses", header: t("partners.addresses"), cell: (one) => one.addresses.join(", ") || t("partners.anyAddress") },
    { name: "isOn", header: t("campaigns.state"), cell: (one) => <OnOff isOn={one.isOn} /> },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => change({ [port.more]: one.id })} aria-label={t(`partners.${port.more}.named`, { name: one.name })}>
            {t(`partners.${port.more}.show`)}
          </Button>
          <Button size="xs" variant="default" onClick={() => setEdited(one.id)} aria-label={t("act.editNamed", { name: one.name })}>
            {t("act.edit")}
          </Button>
          <ConfirmButton size="xs" label={t("partners.rotate")} question={t("partners.rotateAsk", { name: one.name })} act={() => rotate.mutateAsync(one.id)} />
          <DeleteButton
            size="xs"
            of={one}
            look={() => port.look(one.id)}
            question={({ name }) => t("partners.deleteAsk", { name })}
            remove={(header) => port.remove(one.id, header)}
          />
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
        {edited && <port.Edit id={edited} close={() => setEdited(null)} />}
        {rotate.data && <Secret title={t("partners.once")} text={`${rotate.data.login}\n${rotate.data.password}`} close={() => rotate.reset()} />}
        {items.length === 0 ? <Empty title={t("partners.none")}>{t(`partners.hint.${port.kind}`)}</Empty> : <DataTable label={t(`partners.${port.kind}`)} columns={columns} rows={items} keyOf={(one) => one.id} />}
      </Stack>
    </Card>
  );
}

function NewAccount({ port, close }: { port: Port; close: () => void }) {
  const { t } = useTranslation();
  const form = useForm({ initialValues: { name: "", ip_list: [] as string[] } });
  const make = useMutation({ mutationFn: port.make, onSuccess: askedAgain, onError: (error) => form.setErrors(fieldErrors(error)) });
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
