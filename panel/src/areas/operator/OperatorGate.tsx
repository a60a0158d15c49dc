import { Alert, Button, Container, Group, NativeSelect, PasswordInput, Stack, Tabs, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { isOperator, leaveAsOperator, logInAsOperator, onOperatorEnd } from "@/api/operator";
import { fieldErrors, refusalOf } from "@/api/refusal";
import { ProblemAlert } from "@/kit/States";
import { TimeZone } from "@/kit/times";
import { LanguageChoice } from "@/shell/LanguageChoice";
import { Logo } from "@/shell/Logo";

const TABS = ["accounts", "traffic", "senders", "agents", "whatsapp", "viber", "carriers", "routes", "ranges", "prices", "sms-traffic", "mail", "domains", "pools", "plans", "invoices", "audit"] as const;

/** The pages of those who run the platform; nobody else has the log-in that they ask for. */
export function OperatorGate() {
  const [isIn, setIn] = useState(isOperator);
  const known = useQueryClient();
  useEffect(
    () =>
      onOperatorEnd(() => {
        known.clear();
        setIn(false);
      }),
    [known],
  );
  return (
    <TimeZone value={Intl.DateTimeFormat().resolvedOptions().timeZone}>
      <Container size="xl" py="md" component="main">
        {isIn ? <OperatorPages /> : <Entrance enter={() => setIn(true)} />}
      </Container>
    </TimeZone>
  );
}

function OperatorPages() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const here = useLocation({ select: (location) => location.pathname.split("/")[3] ?? "accounts" });
  const go = (name: string | null) => void navigate({ to: `/app/operator/${name ?? "accounts"}` });
  return (
    <Stack>
      <Group justify="space-between">
        <Logo />
        <Group gap="xs">
          <LanguageChoice />
          <Button size="xs" variant="default" onClick={leaveAsOperator}>
            {t("shell.logOut")}
          </Button>
        </Group>
      </Group>
      {/* Side by side they would fill a phone's screen. */}
      <NativeSelect
        hiddenFrom="sm"
        aria-label={t("operator.title")}
        value={here}
        onChange={(event) => go(event.currentTarget.value)}
        data={TABS.map((name) => ({ value: name, label: t(`operator.tabs.${name}`) }))}
      />
      <Tabs value={here} onChange={go} activateTabWithKeyboard={false}>
        <Tabs.List mb="md" visibleFrom="sm">
          {TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`operator.tabs.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={here}>
          <Outlet />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Entrance({ enter }: { enter: () => void }) {
  const { t } = useTranslation();
  const form = useForm({ initialValues: { login: "", password: "", totp: "", new_password: "" } });
  const logIn = useMutation({
    mutationFn: ({ new_password, ...who }: typeof form.values) => logInAsOperator({ ...who, ...(new_password && { new_password }) }),
    onSuccess: enter,
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const isFirst = refusalOf(logIn.error).code.includes("new_password") || refusalOf(logIn.error).code.includes("password_change");
  const look = { visibilityToggleButtonProps: { "aria-label": t("login.showPassword") } };
  return (
    <form onSubmit={form.onSubmit((values) => logIn.mutate(values))}>
      <Stack maw={400} mx="auto" mt="xl">
        <Group justify="space-between">
          <Logo />
          <LanguageChoice />
        </Group>
        <Title order={1} size="h2">
          {t("operator.title")}
        </Title>
        <Alert color="blue" variant="light">
          {t("operator.lead")}
        </Alert>
        {isFirst ? <Alert color="orange" variant="light" role="alert">{t("operator.first")}</Alert> : <ProblemAlert error={logIn.error} />}
        <TextInput label={t("login.login")} autoComplete="username" required {...form.getInputProps("login")} />
        <PasswordInput label={t("login.password")} autoComplete="current-password" required {...look} {...form.getInputProps("password")} />
        <TextInput label={t("login.code")} autoComplete="one-time-code" inputMode="numeric" required {...form.getInputProps("totp")} />
        {isFirst && <PasswordInput label={t("security.newPassword")} description={t("register.passwordHint")} autoComplete="new-password" {...look} {...form.getInputProps("new_password")} />}
        <Button type="submit" loading={logIn.isPending}>
          {t("login.submit")}
        </Button>
      </Stack>
    </form>
  );
}
