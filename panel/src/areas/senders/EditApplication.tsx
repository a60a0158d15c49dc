import { Button, Checkbox, Fieldset, Modal, Stack, Text, Textarea, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { type Application, applicationChange, firebaseKeyIn, isOtherApns, type Values, valuesOf } from "@/areas/senders/applicationForm";
import { Edited, fresh } from "@/kit/Edited";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

const OF_APNS = ["team_id", "key_id", "topic"] as const;
const NAMES = { "apns.private_key": "apns_key", ...Object.fromEntries(OF_APNS.map((name) => [`apns.${name}`, name])) };

/** What people see of an application, and the keys by which its platforms are sent to. */
export function EditApplication({ of: application, close }: { of: Application; close: () => void }) {
  const { t } = useTranslation();
  const params = { path: { application_id: application.id } };
  const opened = queries.useQuery("get", "/v1/push/applications/{application_id}", { params }, fresh(application));
  return (
    <Modal opened onClose={close} size="lg" title={t("senders.editApplication")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Edited of={opened}>{(found) => <Form application={found} close={close} />}</Edited>
    </Modal>
  );
}

function Form({ application, close }: { application: Application; close: () => void }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: valuesOf(application),
    send: (values, header) => {
      const body: Schemas["ApplicationChange"] = applicationChange(application, values);
      return bodyOf(api.PATCH("/v1/push/applications/{application_id}", { params: { path: { application_id: application.id }, header }, body }));
    },
    onSaved: close,
    names: NAMES,
    validate: {
      fcm: (key, { no_fcm }) => (!no_fcm && key.trim() && !firebaseKeyIn(key) ? t("senders.noFirebaseKey") : null),
      apns_key: (key, values) => (!values.no_apns && !key.trim() && isOtherApns(application, values) ? t("senders.apnsKeyWanted") : null),
    },
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ProblemAlert error={save.error} />
        <TextInput label={t("senders.shownAs")} description={t("senders.applicationTitleHint")} required maxLength={100} autoFocus {...form.getInputProps("title")} />
        <TextInput label={t("senders.webContact")} description={t("senders.webContactHint")} type="email" {...form.getInputProps("web_contact")} />
        <Android form={form} before={application.fcm} />
        <Apple form={form} before={application.apns} />
        <Button type="submit" loading={save.isPending}>
          {t("act.save")}
        </Button>
      </Stack>
    </form>
  );
}

function Android({ form, before }: { form: UseFormReturnType<Values>; before: Application["fcm"] }) {
  const { t } = useTranslation();
  return (
    <Fieldset legend="Android">
      <Stack gap="sm">
        {before && <Text size="sm">{t("senders.firebaseProject", { project: before.project_id })}</Text>}
        {!form.values.no_fcm && (
          <Textarea
            label={t("senders.firebaseKey")} description={t(before ? "senders.firebaseKeyKept" : "senders.firebaseKeyHint")}
            autosize minRows={2} maxRows={8} spellCheck={false} autoComplete="off" {...form.getInputProps("fcm")}
          />
        )}
        {before && <Checkbox label={t("senders.noAndroid")} description={t("senders.noPlatformHint")} {...form.getInputProps("no_fcm", { type: "checkbox" })} />}
      </Stack>
    </Fieldset>
  );
}

function Apple({ form, before }: { form: UseFormReturnType<Values>; before: Application["apns"] }) {
  const { t } = useTranslation();
  return (
    <Fieldset legend="iOS">
      <Stack gap="sm">
        {!form.values.no_apns && (
          <>
            {OF_APNS.map((name) => (
              <TextInput key={name} label={t(`senders.apns.${name}`)} autoComplete="off" {...form.getInputProps(name)} />
            ))}
            <Textarea
              label={t("senders.apnsKey")} description={t(before ? "senders.apnsKeyKept" : "senders.apnsKeyHint")} placeholder="-----BEGIN PRIVATE KEY-----"
              autosize minRows={2} maxRows={8} spellCheck={false} autoComplete="off" {...form.getInputProps("apns_key")}
            />
            <Checkbox label={t("senders.sandbox")} {...form.getInputProps("sandbox", { type: "checkbox" })} />
          </>
        )}
        {before && <Checkbox label={t("senders.noApple")} description={t("senders.noPlatformHint")} {...form.getInputProps("no_apns", { type: "checkbox" })} />}
      </Stack>
    </Fieldset>
  );
}
