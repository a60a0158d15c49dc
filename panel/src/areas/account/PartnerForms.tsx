import { Button, Checkbox, Modal, NumberInput, Select, Stack, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { useAllowed } from "@/areas/session/me";
import { changesOf } from "@/kit/changes";
import { Edited, fresh } from "@/kit/Edited";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

const LANES = ["transactional", "otp"] as const;
/** How much a program may do at once: the least and the most that the API takes. */
const LIMITS = { max_binds: [1, 64], rate: [1, 10_000], window: [1, 1000] } as const;

/** A program's account, opened by its id. */
export interface EditProps {
  id: string;
  close: () => void;
}

/** How an SMPP account may bind, and what it may send. */
export function EditSmppAccount({ id, close }: EditProps) {
  const opened = queries.useQuery("get", "/v1/smpp-accounts/{smpp_account_id}", { params: { path: { smpp_account_id: id } } }, fresh({ id }));
  return (
    <EditWindow kind="smpp" close={close}>
      <Edited of={opened}>{(found) => <SmppForm account={found} close={close} />}</Edited>
    </EditWindow>
  );
}

/** From where an SMTP account may log in, how much it sends, and what is recorded of its mails. */
export function EditSmtpAccount({ id, close }: EditProps) {
  const opened = queries.useQuery("get", "/v1/smtp-accounts/{smtp_account_id}", { params: { path: { smtp_account_id: id } } }, fresh({ id }));
  return (
    <EditWindow kind="smtp" close={close}>
      <Edited of={opened}>{(found) => <SmtpForm account={found} close={close} />}</Edited>
    </EditWindow>
  );
}

function EditWindow({ kind, close, children }: { kind: "smpp" | "smtp"; close: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={close} size="lg" title={t(`partners.edit.${kind}`)} closeButtonProps={{ "aria-label": t("act.close") }}>
      {children}
    </Modal>
  );
}

function SmppForm({ account, close }: { account: Schemas["SmppAccount"]; close: () => void }) {
  const { t } = useTranslation();
  const senders = useActiveSenders();
  const { name, ip_list, senders: its, lane, max_binds, rate, window, answers, enabled } = account;
  const { form, save, submit } = useEditing({
    initialValues: { name, ip_list, senders: its, lane, max_binds, rate, window, answers, enabled, client_certificates: account.client_certificates ?? "" },
    send: ({ client_certificates: pem, ...values }, header) => {
      const body = changesOf<Schemas["SmppAccountChange"]>(account, { ...values, client_certificates: pem.trim() ? pem : null });
      return bodyOf(api.PATCH("/v1/smpp-accounts/{smpp_account_id}", { params: { path: { smpp_account_id: account.id }, header }, body }));
    },
    onSaved: close,
  });
  const lanes = LANES.map((value) => ({ value, label: t(`partners.lanes.${value}`) }));
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <Text>
          {t("login.login")}: {account.system_id}
        </Text>
        <Access form={form} isOn="enabled" />
        <TagsInput label={t("partners.senders")} description={t("partners.sendersHint")} data={senders} acceptValueOnBlur {...form.getInputProps("senders")} />
        <Select label={t("partners.lane")} data={lanes} allowDeselect={false} {...form.getInputProps("lane")} />
        {(["max_binds", "rate", "window"] as const).map((limit) => (
          <NumberInput key={limit} label={t(`partners.limits.${limit}`)} min={LIMITS[limit][0]} max={LIMITS[limit][1]} allowDecimal={false} required {...form.getInputProps(limit)} />
        ))}
        <Checkbox label={t("partners.answers")} {...form.getInputProps("answers", { type: "checkbox" })} />
        <Textarea
          label={t("partners.certificates")} description={t("partners.certificatesHint")} placeholder="-----BEGIN CERTIFICATE-----"
          autosize minRows={2} maxRows={10} spellCheck={false} {...form.getInputProps("client_certificates")}
        />
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}

function SmtpForm({ account, close }: { account: Schemas["SmtpAccount"]; close: () => void }) {
  const { t } = useTranslation();
  const { name, ip_list, messages_a_minute, is_active, tracks_clicks, tracks_opens } = account;
  const { form, save, submit } = useEditing({
    initialValues: { name, ip_list, messages_a_minute, is_active, tracks_clicks, tracks_opens },
    send: (values, header) =>
      bodyOf(api.PATCH("/v1/smtp-accounts/{smtp_account_id}", { params: { path: { smtp_account_id: account.id }, header }, body: changesOf(account, values) })),
    onSaved: close,
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <Text>
          {t("login.login")}: {account.username}
        </Text>
        <Access form={form} isOn="is_active" />
        <NumberInput label={t("partners.aMinute")} min={1} max={60_000} allowDecimal={false} required {...form.getInputProps("messages_a_minute")} />
        <Checkbox label={t("partners.tracksClicks")} {...form.getInputProps("tracks_clicks", { type: "checkbox" })} />
        <Checkbox label={t("partners.tracksOpens")} {...form.getInputProps("tracks_opens", { type: "checkbox" })} />
        <Text size="sm">{t("partners.tracksHint")}</Text>
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}

/** What both have: whether they may log in at all, what they are called, and from where they come. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function Access({ form, isOn }: { form: UseFormReturnType<any>; isOn: string }) {
  const { t } = useTranslation();
  return (
    <>
      <Checkbox label={t("partners.isOn")} description={t("partners.isOnHint")} {...form.getInputProps(isOn, { type: "checkbox" })} />
      <TextInput label={t("partners.name")} required maxLength={100} autoFocus {...form.getInputProps("name")} />
      <TagsInput label={t("partners.addresses")} description={t("partners.addressesHint")} placeholder="192.0.2.0/24" acceptValueOnBlur {...form.getInputProps("ip_list")} />
    </>
  );
}

/** Senders to choose from, as far as this person may see them; others can be written. */
function useActiveSenders(): string[] {
  const maySee = useAllowed("sms.senders");
  const senders = queries.useQuery("get", "/v1/sender-ids", { params: { query: { limit: 1000, state: "active" } } }, { enabled: maySee });
  return senders.data?.items.map((one) => one.sender) ?? [];
}
