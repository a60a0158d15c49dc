import { Button, Card, Group, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, type Schemas } from "@/api/client";
import { bodyOfForm, CONTACT_NAMES, ContactFields, formOf, useOwnFields } from "@/areas/contacts/ContactFields";
import { notify } from "@/kit/notify";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

/** What is known of a person, to be changed. */
export function ContactEdit({ contact, mayWrite }: { contact: Schemas["Contact"]; mayWrite: boolean }) {
  const { t } = useTranslation();
  const own = useOwnFields();
  const before = formOf(contact);
  const { form, save, submit } = useEditing({
    initialValues: before,
    send: (values, header) => bodyOf(api.PATCH("/v1/contacts/{contact_id}", { params: { path: { contact_id: contact.id }, header }, body: bodyOfForm(values, before, own) })),
    onSaved: () => notify(t("act.saved")),
    names: CONTACT_NAMES(own),
  });
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
