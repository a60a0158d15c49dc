import { Button, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { changesOf } from "@/kit/changes";
import { daysFromNow } from "@/kit/days";
import { Edited, fresh } from "@/kit/Edited";
import { ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";
import { useEditing } from "@/kit/useEditing";

type Hosted = Schemas["File"];

/** In how many days its link ends; `0` is never. */
const LIVES = ["0", "30", "90", "365"];
const AS_IT_IS = "as it is";

/** A file's name, and when its link ends; the link itself is in messages already. */
export function EditFile({ file, close }: { file: Hosted; close: () => void }) {
  const { t } = useTranslation();
  const opened = queries.useQuery("get", "/v1/files/{file_id}", { params: { path: { file_id: file.id } } }, fresh(file));
  return (
    <Modal opened onClose={close} title={t("files.edit")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Edited of={opened}>{(found) => <Form file={found} close={close} />}</Edited>
    </Modal>
  );
}

function Form({ file, close }: { file: Hosted; close: () => void }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { form, save, submit } = useEditing({
    initialValues: { filename: file.filename, ends: file.expires_at ? AS_IT_IS : "0" },
    send: ({ filename, ends }, header) => {
      const expires_at = ends === AS_IT_IS ? file.expires_at : daysFromNow(Number(ends));
      return bodyOf(api.PATCH("/v1/files/{file_id}", { params: { path: { file_id: file.id }, header }, body: changesOf(file, { filename, expires_at }) }));
    },
    onSaved: close,
    names: { expires_at: "ends" },
  });
  const inDays = LIVES.map((days) => ({ value: days, label: days === "0" ? t("files.never") : t("files.inDays", { count: Number(days) }) }));
  const ends = file.expires_at ? [{ value: AS_IT_IS, label: time(file.expires_at) }, ...inDays] : inDays;
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <TextInput label={t("files.name")} required maxLength={200} autoFocus {...form.getInputProps("filename")} />
        <Select label={t("files.ends")} data={ends} allowDeselect={false} {...form.getInputProps("ends")} />
        <Text size="sm">{t("files.editHint")}</Text>
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}
