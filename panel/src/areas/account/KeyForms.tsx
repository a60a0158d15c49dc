import { Button, Modal, Select, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { Permissions } from "@/areas/account/Permissions";
import { Rotate } from "@/areas/account/Rotate";
import { daysFromNow } from "@/kit/days";
import { Edited, fresh } from "@/kit/Edited";
import { Secret } from "@/kit/Secret";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

type Key = Schemas["ApiKey"];

const LIVES = ["30", "90", "365", "0"];

/** The key is in the answer to its making, and never again. */
export function NewKey({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const form = useForm({ initialValues: { name: "", scopes: [] as string[], ip_list: [] as string[], days: "0" } });
  const make = useMutation({
    mutationFn: ({ days, ...body }: typeof form.values) => bodyOf(api.POST("/v1/api-keys", { body: { ...body, expires_at: daysFromNow(Number(days)) } })),
    onSuccess: askedAgain,
    onError: (error) => form.setErrors(fieldErrors(error, { expires_at: "days" })),
  });
  const lives = LIVES.map((days) => ({ value: days, label: days === "0" ? t("keys.forever") : t("rules.days", { count: Number(days) }) }));
  return (
    <KeyWindow title={t("keys.new")} made={make.data} close={close}>
      <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
        <Stack>
          <ProblemAlert error={make.error} />
          <TextInput label={t("keys.name")} required data-autofocus {...form.getInputProps("name")} />
          <Permissions label={t("keys.scopes")} withoutSessionOnly {...{ value: form.values.scopes, change: (names) => form.setFieldValue("scopes", names) }} />
          <TagsInput label={t("partners.addresses")} description={t("partners.addressesHint")} placeholder="192.0.2.0/24" acceptValueOnBlur {...form.getInputProps("ip_list")} />
          <Select label={t("keys.lives")} data={lives} allowDeselect={false} {...form.getInputProps("days")} />
          <Button type="submit" loading={make.isPending} disabled={form.values.scopes.length === 0}>
            {t("keys.make")}
          </Button>
        </Stack>
      </form>
    </KeyWindow>
  );
}

/** Of a key its name alone can be changed: what else it is, its maker has decided. */
export function RenameKey({ of: key, close }: { of: Key; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/api-keys/{api_key_id}", { params: { path: { api_key_id: key.id } } }, fresh(key));
  return (
    <KeyWindow title={t("keys.renameNamed", { name: key.name })} close={close}>
      <Edited of={opened}>{(found) => <Rename of={found} close={close} />}</Edited>
    </KeyWindow>
  );
}

function Rename({ of: key, close }: { of: Key; close: () => void }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: { name: key.name },
    send: (body, header) => bodyOf(api.PATCH("/v1/api-keys/{api_key_id}", { params: { path: { api_key_id: key.id }, header }, body })),
    onSaved: close,
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <TextInput label={t("keys.name")} required autoFocus {...form.getInputProps("name")} />
        <Text size="sm">{t("keys.renameHint")}</Text>
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}

/** A new key in the place of one, which works on for a while. */
export function RotateKey({ of: key, close }: { of: Key; close: () => void }) {
  const { t } = useTranslation();
  const params = { path: { api_key_id: key.id } };
  const rotate = async (overlap_minutes: number) => (await bodyOf(api.POST("/v1/api-keys/{api_key_id}/rotation", { params, body: { overlap_minutes } }))).key;
  return (
    <Rotate
      title={t("keys.rotateNamed", { name: key.name })} hint={t("keys.rotateHint")} overlap={t("keys.overlap")}
      button={t("keys.rotate")} once={t("keys.once")} rotate={rotate} close={close}
    />
  );
}

/** A form, and in its place the key that was made, once. */
function KeyWindow({ title, made, close, children }: { title: string; made?: { key: string }; close: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={close} size="lg" title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      {made ? <Secret title={t("keys.once")} text={made.key} close={close} /> : children}
    </Modal>
  );
}
