import { Anchor, Button, Checkbox, Group, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import * as session from "@/api/session";
import { Entrance } from "@/areas/session/Entrance";
import type { Language } from "@/i18n";
import { plainLetters } from "@/kit/plainLetters";
import { ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

const NAME = /^[a-z0-9]{5,20}$/;
const SHORTEST_PASSWORD = 12;

const BLANK = { account_name: "", login: "", email: "", password: "", accept_terms: false };

/** What is written becomes a name that may be had: `Sklep Łódź` is `skleplodz`. */
const asName = (words: string) => plainLetters(words).replaceAll(/[^a-z0-9]/g, "");

/** A new account; its owner is logged in at once. */
export function Register() {
  const { t, i18n } = useTranslation();
  const known = useQueryClient();
  const navigate = useNavigate();
  const [problem, setProblem] = useState<unknown>(null);
  const [running, setRunning] = useState(false);
  const form = useForm({
    initialValues: BLANK,
    validate: {
      account_name: (name) => (NAME.test(name) ? null : t("register.nameRule")),
      login: (login) => (NAME.test(login) ? null : t("register.nameRule")),
      email: (email) => (email.includes("@") ? null : t("register.emailRule")),
      password: (password) => (password.length >= SHORTEST_PASSWORD ? null : t("register.passwordRule")),
      accept_terms: (accepted) => (accepted ? null : t("register.termsRule")),
    },
  });

  const submit = form.onSubmit(async (values) => {
    setRunning(true);
    setProblem(null);
    try {
      await api.POST("/v1/accounts", { body: { ...values, language: i18n.language as Language } });
      const me = await session.logIn({ login: values.login, password: values.password });
      known.clear();
      known.setQueryData(["me"], me);
      await navigate({ to: "/app" });
    } catch (error) {
      setProblem(error);
      form.setErrors(fieldErrors(error));
    } finally {
      setRunning(false);
    }
  });

  return (
    <Entrance title={t("register.title")} lead={useOffer()}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <ProblemAlert error={problem} />
          <Fields form={form} />
          <Button type="submit" loading={running}>
            {t("register.submit")}
          </Button>
          <Anchor component={Link} to="/app/login" size="sm">
            {t("register.login")}
          </Anchor>
        </Stack>
      </form>
    </Entrance>
  );
}

function Fields({ form }: { form: UseFormReturnType<typeof BLANK> }) {
  const { t } = useTranslation();
  // Most log in by the name of their account: it is written there, too, until somebody writes another one.
  const nameAccount = (words: string) => form.setValues(({ account_name, login }) => ({ account_name: asName(words), login: login === account_name ? asName(words) : login }));
  return (
    <>
      <TextInput
        label={t("register.account")}
        description={t("register.accountHint")}
        autoCapitalize="none"
        autoComplete="organization"
        required
        {...form.getInputProps("account_name")}
        onChange={(event) => nameAccount(event.currentTarget.value)}
      />
      <TextInput
        label={t("login.login")}
        description={t("register.loginHint")}
        autoCapitalize="none"
        autoComplete="username"
        required
        {...form.getInputProps("login")}
        onChange={(event) => form.setFieldValue("login", asName(event.currentTarget.value))}
      />
      <TextInput label={t("register.email")} type="email" autoComplete="email" required {...form.getInputProps("email")} />
      <PasswordInput
        label={t("login.password")}
        description={t("register.passwordHint")}
        autoComplete="new-password"
        required
        visibilityToggleButtonProps={{ "aria-label": t("login.showPassword"), tabIndex: 0 }}
        {...form.getInputProps("password")}
      />
      <Checkbox label={t("register.terms")} {...form.getInputProps("accept_terms", { type: "checkbox" })} />
      <ToRead />
    </>
  );
}

/** What is agreed to, where the installation has pages of it; they open beside what was typed. */
function ToRead() {
  const { t } = useTranslation();
  const { terms_url, privacy_url } = queries.useQuery("get", "/v1/terms").data ?? {};
  const pages = [
    { url: terms_url, words: t("register.termsPage") },
    { url: privacy_url, words: t("register.privacyPage") },
  ].filter(({ url }) => url);
  if (pages.length === 0) return null;
  return (
    <Group gap="md">
      {pages.map(({ url, words }) => (
        <Anchor key={words} href={url ?? ""} target="_blank" rel="noopener" size="sm" underline="always">
          {words}
        </Anchor>
      ))}
    </Group>
  );
}

/** What is had for nothing, as the operators have set it; nothing is said until that is known. */
function useOffer(): string | undefined {
  const { t } = useTranslation();
  const { number } = useFormats();
  const plan = queries.useQuery("get", "/v1/plans").data?.items.find((one) => one.price.amount === 0);
  if (!plan?.sms || !plan.email || !plan.contacts || !plan.ends_after_days) return undefined;
  return t("register.lead", { sms: number(plan.sms), email: number(plan.email), contacts: number(plan.contacts), days: number(plan.ends_after_days) });
}
