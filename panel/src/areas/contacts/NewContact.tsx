import { Button, Group, Modal, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { bodyOfForm, ContactFields, formOf } from "@/areas/contacts/ContactFields";
import { ProblemAlert } from "@/kit/States";

export default function NewContact({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const empty = formOf();
  const form = useForm({ initialValues: empty });
  const add = queries.useMutation("post", "/v1/contacts", {
    onSuccess: (contact) => void navigate({ to: `/app/contacts/${contact.id}` }),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const submit = form.onSubmit((values) => add.mutate({ body: bodyOfForm(values, empty) }));
  return (
    <Modal opened={opened} onClose={close} title={t("contacts.add")} size="lg" closeButtonProps={{ "aria-label": t("act.close") }}>
      <form onSubmit={submit}>
        <Stack>
          <ProblemAlert error={add.error} />
          <ContactFields form={form} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("act.cancel")}
            </Button>
            <Button type="submit" loading={add.isPending}>
              {t("act.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
