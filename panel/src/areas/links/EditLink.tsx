import { Button, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, bodyOf, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { ProblemAlert } from "@/kit/States";

export type NamedLink = Schemas["Link"];

/** A new link, or where a known one leads; its suffix stays, for it is in messages already. */
export function EditLink({ link, close }: { link: NamedLink | null; close: () => void }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const form = useForm({ initialValues: { suffix: link?.suffix ?? "", target: link?.target ?? "https://", name: link?.name ?? "" } });
  const save = useMutation({
    mutationFn: ({ suffix, target, name }: typeof form.values) => {
      const body = { target, name: name.trim() || null };
      return bodyOf(
        link ? api.PATCH("/v1/links/{link_id}", { params: { path: { link_id: link.id } }, body }) : api.POST("/v1/links", { body: { ...body, suffix } }),
      );
    },
    onSuccess: async () => {
      await known.invalidateQueries();
      close();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <Modal opened onClose={close} title={t(link ? "links.edit" : "links.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          <ProblemAlert error={save.error} />
          {link ? (
            <Text style={{ overflowWrap: "anywhere" }}>{link.url}</Text>
          ) : (
            <TextInput label={t("links.suffix")} description={t("links.suffixHint")} required data-autofocus {...form.getInputProps("suffix")} />
          )}
          <TextInput label={t("links.target")} type="url" required {...form.getInputProps("target")} />
          <TextInput label={t("links.name")} description={t("links.nameHint")} {...form.getInputProps("name")} />
          <Button type="submit" loading={save.isPending}>
            {t("act.save")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
