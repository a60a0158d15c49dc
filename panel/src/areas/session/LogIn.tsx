import { Anchor, Button, Checkbox, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { fieldErrors, refusalOf } from "@/api/refusal";
import * as session from "@/api/session";
import { Entrance } from "@/areas/session/Entrance";
import { ProblemAlert } from "@/kit/States";

const CODE_WANTED = "session.totp_required";

const BLANK = { login: "", password: "", totp: "", trust_device: false };
type Values = typeof BLANK;

/** Login and password; then the code of the second factor, where it is on. */
export function LogIn() {
  const { t } = useTranslation();
  const known = useQueryClient();
  const navigate = useNavigate();
  const { to } = useSearch({ strict: false }) as { to?: string };
  const [wantsCode, setWantsCode] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [running, setRunning] = useState(false);
  const form = useForm({ initialValues: BLANK });

  const submit = form.onSubmit(async ({ totp, ...values }) => {
    setRunning(true);
    setProblem(null);
    try {
      const me = await session.logIn({ ...values, totp: wantsCode ? totp.replaceAll(" ", "") : null, device: device() });
      known.clear();
      known.setQueryData(["me"], me);
      await navigate({ to: to?.startsWith("/app") ? to : "/app" });
    } catch (error) {
      if (refusalOf(error).code === CODE_WANTED && !wantsCode) setWantsCode(true);
      else {
        setProblem(error);
        form.setErrors(fieldErrors(error));
      }
    } finally {
      setRunning(false);
    }
  });

  return (
    <Entrance title={t("login.title")} lead={wantsCode ? t("login.codeLead") : undefined}>
      <form onSubmit={submit}>
        <Stack>
          <ProblemAlert error={problem} />
          {wantsCode ? <Code form={form} /> : <Password form={form} />}
          <Button type="submit" loading={running}>
            {t("login.submit")}
          </Button>
          <Anchor component={Link} to="/app/forgotten" size="sm">
            {t("login.forgotten")}
          </Anchor>
          <Anchor component={Link} to="/app/register" size="sm">
            {t("login.register")}
          </Anchor>
          <Anchor component={Link} to="/app/operator" size="sm">
            {t("login.operator")}
          </Anchor>
        </Stack>
      </form>
    </Entrance>
  );
}

type Form = UseFormReturnType<Values>;

function Password({ form }: { form: Form }) {
  const { t } = useTranslation();
  return (
    <>
      <TextInput label={t("login.login")} autoComplete="username" autoCapitalize="none" required {...form.getInputProps("login")} />
      <PasswordInput
        label={t("login.password")}
        autoComplete="current-password"
        required
        visibilityToggleButtonProps={{ "aria-label": t("login.showPassword"), tabIndex: 0 }}
        {...form.getInputProps("password")}
      />
    </>
  );
}

/** The second factor. */
function Code({ form }: { form: Form }) {
  const { t } = useTranslation();
  return (
    <>
      <TextInput label={t("login.code")} description={t("login.codeHint")} autoComplete="one-time-code" inputMode="text" required autoFocus {...form.getInputProps("totp")} />
      <Checkbox label={t("login.trust")} {...form.getInputProps("trust_device", { type: "checkbox" })} />
    </>
  );
}

/** What the list of sessions calls this browser: its family and system, no more. */
function device(): string {
  const agent = navigator.userAgent;
  const browser = ["Firefox", "Edg", "Chrome", "Safari"].find((name) => agent.includes(name)) ?? "Browser";
  const system = ["Windows", "Android", "iPhone", "Mac OS", "Linux"].find((name) => agent.includes(name));
  return [browser === "Edg" ? "Edge" : browser, system].filter(Boolean).join(", ");
}
