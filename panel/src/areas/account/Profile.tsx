import { Alert, Button, Card, PasswordInput, Select, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import type { Me } from "@/api/session";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { useMe } from "@/areas/session/me";
import { changesOf } from "@/kit/changes";
import { Edited } from "@/kit/Edited";
import { notify } from "@/kit/notify";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

const LANGUAGES = [
  { value: "pl", label: "Polski" },
  { value: "en", label: "English" },
];

/** One's own name, language and address; of the account's other people nothing. */
export function Profile() {
  const me = queries.useQuery("get", "/v1/me");
  return (
    <AccountFrame tab="profile">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Edited of={me}>{(opened) => <Person me={opened} />}</Edited>
        <OtherAddress />
      </SimpleGrid>
    </AccountFrame>
  );
}

function Person({ me }: { me: Me }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: { name: me.name, language: me.language as "pl" | "en" },
    send: (values, header) => bodyOf(api.PATCH("/v1/me", { params: { header }, body: changesOf(me, values) })),
    onSaved: () => notify(t("act.saved")),
  });
  return (
    <Card withBorder component="section">
      <form onSubmit={submit}>
        <Stack>
          <Title order={2} size="h4">
            {t("profile.you")}
          </Title>
          <ProblemAlert error={save.error} />
          <Text>
            {t("login.login")}: {me.login}
          </Text>
          <TextInput label={t("users.name")} autoComplete="name" maxLength={100} {...form.getInputProps("name")} />
          <Select label={t("profile.language")} description={t("profile.languageHint")} data={LANGUAGES} allowDeselect={false} {...form.getInputProps("language")} />
          <Button type="submit" loading={save.isPending} style={{ alignSelf: "flex-start" }}>
            {t("act.save")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}

/** The address changes once the link that is mailed to it is followed; to the present one that link confirms it. */
function OtherAddress() {
  const { t } = useTranslation();
  const me = useMe();
  const form = useForm({ initialValues: { email: me.email_confirmed ? "" : me.email, password: "" } });
  const ask = queries.useMutation("post", "/v1/me/email-change", {
    onSuccess: () => form.setFieldValue("password", ""),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <Card withBorder component="section">
      <form onSubmit={form.onSubmit((body) => ask.mutate({ body }))}>
        <Stack>
          <Title order={2} size="h4">
            {t("profile.email")}
          </Title>
          <Text style={{ overflowWrap: "anywhere" }}>{t(me.email_confirmed ? "profile.confirmed" : "profile.unconfirmed", { email: me.email })}</Text>
          <ProblemAlert error={ask.error} />
          {ask.isSuccess && (
            <Alert color="teal" role="status">
              {t("profile.mailed", { email: ask.variables.body.email })}
            </Alert>
          )}
          <TextInput label={t("profile.newEmail")} description={t("profile.newEmailHint")} type="email" autoComplete="email" required {...form.getInputProps("email")} />
          <PasswordInput
            label={t("security.oldPassword")} autoComplete="current-password" required
            visibilityToggleButtonProps={{ "aria-label": t("login.showPassword"), tabIndex: 0 }} {...form.getInputProps("password")}
          />
          <Button type="submit" loading={ask.isPending} style={{ alignSelf: "flex-start" }}>
            {t("profile.mailLink")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
