import { Button, Card, Group, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { bodyOfForm, CONTACT_NAMES, ContactFields, formOf, useOwnFields } from "@/areas/contacts/ContactFields";
import { notify } from "@/kit/notify";
import { ProblemAlert } from "@/kit/States";

/** What is known of a person, to be changed. */
export function ContactEdit({ contact, mayWrite }: { contact: Schemas["Contact"]; mayWrite: boolean }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const own = useOwnFields();
  const before = formOf(contact);
  const form = useForm({ initialValues: before });
  const save = queries.useMutation("patch", "/v1/contacts/{contact_id}", {
    onSuccess: async () => {
      notify(t("act.saved"));
      await known.invalidateQueries();
    },
    onError: (error) => form.setErrors(fieldErrors(error, CONTACT_NAMES(own))),
  });
  const submit = form.onSubmit((values) => save.mutate({ params: { path: { contact_id: contact.id } }, body: bodyOfForm(values, before, own) }));
  return (
    <Card withBorder component="section" aria-label={t("contacts.details")}>
      <form onSubmit={submit}>
        <Stack>
          <ProblemAlert error={save.error} />
          <ContactFields form={form} />
          <Group>
            <Button type="submit" disabled={!mayWrite} loading={save.isPending}>
              {t("act.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}
