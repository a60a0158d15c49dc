import { Alert, Anchor, Button, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { Entrance } from "@/areas/session/Entrance";
import { ProblemAlert } from "@/kit/States";

/** Asks for the link that sets a new password; the answer never says whether the account exists. */
export function Forgotten() {
  const { t } = useTranslation();
  const ask = queries.useMutation("post", "/v1/password-resets");
  const form = useForm({ initialValues: { email: "", account_name: "" } });
  return (
    <Entrance title={t("forgotten.title")} lead={t("forgotten.lead")}>
      <form onSubmit={form.onSubmit((body) => ask.mutate({ body }))}>
        <Stack>
          <ProblemAlert error={ask.error} />
          {ask.isSuccess && (
            <Alert color="teal" role="status">
              {t("forgotten.sent")}
            </Alert>
          )}
          <TextInput label={t("register.email")} type="email" autoComplete="email" required {...form.getInputProps("email")} />
          <TextInput label={t("register.account")} autoCapitalize="none" required {...form.getInputProps("account_name")} />
          <Button type="submit" loading={ask.isPending}>
            {t("forgotten.submit")}
          </Button>
          <Anchor component={Link} to="/app/login" size="sm">
            {t("register.login")}
          </Anchor>
        </Stack>
      </form>
    </Entrance>
  );
}
