import { Button, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { EditedOrNew, fresh } from "@/kit/Edited";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

export type NamedLink = Schemas["Link"];

/** A new link, or where a known one leads; its suffix stays, for it is in messages already. */
export function EditLink({ link, close }: { link: NamedLink | null; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/links/{link_id}", { params: { path: { link_id: link?.id ?? "" } } }, fresh(link));
  return (
    <Modal opened onClose={close} title={t(link ? "links.edit" : "links.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <EditedOrNew isNew={!link} of={opened}>
        {(found) => <Form link={found} close={close} />}
      </EditedOrNew>
    </Modal>
  );
}

function Form({ link, close }: { link: NamedLink | null; close: () => void }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: { suffix: link?.suffix ?? "", target: link?.target ?? "https://", name: link?.name ?? "" },
    send: ({ suffix, target, name }, header) => {
      const body = { target, name: name.trim() || null };
      if (!link) return bodyOf(api.POST("/v1/links", { body: { ...body, suffix } }));
      return bodyOf(api.PATCH("/v1/links/{link_id}", { params: { path: { link_id: link.id }, header }, body }));
    },
    onSaved: close,
  });
  return (
    <form onSubmit={submit}>
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
  );
}
