import { Button, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { plainLetters } from "@/kit/plainLetters";
import { ProblemAlert } from "@/kit/States";

type Kind = Schemas["FieldCreate"]["type"];
const KINDS: Kind[] = ["text", "number", "boolean", "date"];
const KEY = /^[a-z][a-z0-9_]{0,49}$/;

/** A key that a field may have, made of the words that people read: `Kod rabatowy` is `kod_rabatowy`. */
export function keyOf(label: string): string {
  return plainLetters(label).replaceAll(/[^a-z0-9]+/g, "_").replaceAll(/^[_0-9]+|_+$/g, "").slice(0, 50);
}

/** Adds a field; its key follows its name until somebody writes another. */
export function NewField({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const form = useForm({
    initialValues: { label: "", key: "", type: "text" as Kind },
    validate: { key: (key) => (KEY.test(key) ? null : t("fields.keyRule")) },
  });
  const add = queries.useMutation("post", "/v1/contact-fields", {
    onSuccess: async () => {
      await askedAgain();
      close();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const name = (label: string) => form.setValues({ label, ...(form.values.key === keyOf(form.values.label) && { key: keyOf(label) }) });
  return (
    <Modal opened onClose={close} title={t("fields.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form onSubmit={form.onSubmit((body) => add.mutate({ body }))} noValidate>
        <Stack>
          <ProblemAlert error={add.error} />
          <TextInput label={t("fields.label")} required data-autofocus {...form.getInputProps("label")} onChange={(event) => name(event.currentTarget.value)} />
          <TextInput label={t("fields.key")} description={t("fields.keyHint")} required {...form.getInputProps("key")} />
          <Select label={t("fields.type")} data={KINDS.map((value) => ({ value, label: t(`fields.types.${value}`) }))} allowDeselect={false} {...form.getInputProps("type")} />
          <Button type="submit" loading={add.isPending}>
            {t("act.save")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
