import { Autocomplete, type AutocompleteProps, Button, Group, Modal, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { moveFolder, moveTemplate, useFolders } from "@/areas/templates/folders";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { useListSearch } from "@/kit/search";
import { ProblemAlert } from "@/kit/States";

/** A folder's name, one that is there or a new one. */
export function FolderField(look: AutocompleteProps) {
  const { t } = useTranslation();
  const folders = useFolders();
  return (
    <Autocomplete
      label={t("templates.folder")} description={t("templates.folderHint")} placeholder={look.required ? undefined : t("templates.noFolder")}
      data={folders.map((one) => one.folder)} openOnFocus={false} maxLength={200} {...look}
    />
  );
}

/** Puts a template into another folder. */
export function MoveButton({ template }: { template: { id: string; name: string; folder: string } }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const title = t("templates.moveNamed", { name: template.name });
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpen(true)} aria-label={title}>
        {t("templates.move")}
      </Button>
      {isOpen && <FolderDialog title={title} before={template.folder} move={(folder) => moveTemplate(template.id, folder)} close={() => setOpen(false)} />}
    </>
  );
}

/** What can be done with a whole folder, those inside it included. */
export function FolderActs({ folder }: { folder: string }) {
  const { t } = useTranslation();
  const { change } = useListSearch();
  const [isOpen, setOpen] = useState(false);
  const become = async (to: string) => {
    await moveFolder(folder, to);
    change({ folder: to || undefined });
  };
  return (
    <Group gap="xs">
      <Button size="xs" variant="default" onClick={() => setOpen(true)}>
        {t("templates.renameFolder")}
      </Button>
      <ConfirmButton size="xs" label={t("templates.deleteFolder")} question={t("templates.deleteFolderAsk", { folder })} act={() => become("").then(askedAgain)} />
      {isOpen && <FolderDialog title={t("templates.renameFolder")} before={folder} isRequired move={become} close={() => setOpen(false)} />}
    </Group>
  );
}

interface FolderDialogProps {
  title: string;
  before: string;
  isRequired?: boolean;
  move: (folder: string) => Promise<unknown>;
  close: () => void;
}

function FolderDialog({ title, before, isRequired, move, close }: FolderDialogProps) {
  const { t } = useTranslation();
  const form = useForm({ initialValues: { folder: before } });
  const folder = form.values.folder.trim();
  const save = useMutation({
    mutationFn: () => move(folder),
    onSuccess: () => askedAgain().then(close),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form onSubmit={form.onSubmit(() => save.mutate())}>
        <Stack>
          <ProblemAlert error={save.error} />
          <FolderField data-autofocus required={isRequired} {...form.getInputProps("folder")} />
          <Button type="submit" loading={save.isPending} disabled={folder === before || (isRequired && !folder)}>
            {t("act.save")}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
