import { Alert, Button, Card, Code, Group, Image, PasswordInput, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { CODES_FILE, RecoveryCodes } from "@/areas/account/RecoveryCodes";
import { useMe } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Secret } from "@/kit/Secret";
import { Answered, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

/** One's own password, second factor and sessions. */
export function Security() {
  const me = useMe();
  // Shown once: they stay until somebody has said that they are kept, whatever is asked for again meanwhile.
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <AccountFrame tab="security">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {me.second_factor && !codes ? <TurnOff /> : <TurnOn codes={codes} show={setCodes} />}
        <Password />
        <Sessions />
      </SimpleGrid>
    </AccountFrame>
  );
}

function TurnOn({ codes, show }: { codes: string[] | null; show: (codes: string[] | null) => void }) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const begin = useMutation({ mutationFn: () => bodyOf(api.POST("/v1/me/totp", {})) });
  const confirm = useMutation({
    mutationFn: () => bodyOf(api.POST("/v1/me/totp/confirm", { body: { code: code.replaceAll(" ", "") } })),
    onSuccess: ({ recovery_codes }) => show(recovery_codes),
  });
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("security.second")}
        </Title>
        <ProblemAlert error={begin.error ?? confirm.error} />
        {codes ? (
          <Secret title={t("security.codes")} text={codes.join("\n")} filename={CODES_FILE} closing={t("security.codesKept")} close={() => show(null)} />
        ) : begin.data ? (
          <>
            <Text>{t("security.scan")}</Text>
            <Image src={`data:image/svg+xml;utf8,${encodeURIComponent(begin.data.qr_svg)}`} alt={t("security.qr")} w={200} bg="white" p="xs" />
            <Text size="sm">
              {t("security.secret")} <Code>{begin.data.secret}</Code>
            </Text>
            <TextInput label={t("login.code")} value={code} onChange={(event) => setCode(event.currentTarget.value)} autoComplete="one-time-code" inputMode="numeric" />
            <Button onClick={() => confirm.mutate()} loading={confirm.isPending}>
              {t("security.confirm")}
            </Button>
          </>
        ) : (
          <>
            <Text>{t("security.secondHint")}</Text>
            <Button onClick={() => begin.mutate()} loading={begin.isPending} style={{ alignSelf: "flex-start" }}>
              {t("security.turnOn")}
            </Button>
          </>
        )}
      </Stack>
    </Card>
  );
}

function TurnOff() {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const off = async () => {
    await api.DELETE("/v1/me/totp", { body: { code: code.replaceAll(" ", "") } });
    await askedAgain();
  };
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("security.second")}
        </Title>
        <Text>{t("security.isOn")}</Text>
        <TextInput label={t("login.code")} value={code} onChange={(event) => setCode(event.currentTarget.value)} autoComplete="one-time-code" />
        <Group>
          <ConfirmButton label={t("security.turnOff")} question={t("security.turnOffAsk")} act={off} disabled={!code} />
          <RecoveryCodes />
        </Group>
      </Stack>
    </Card>
  );
}

function Password() {
  const { t } = useTranslation();
  const form = useForm({ initialValues: { old_password: "", new_password: "" } });
  const change = queries.useMutation("put", "/v1/me/password", {
    onSuccess: () => form.reset(),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const look = { required: true, visibilityToggleButtonProps: { "aria-label": t("login.showPassword"), tabIndex: 0 } };
  return (
    <Card withBorder component="section">
      <form onSubmit={form.onSubmit((body) => change.mutate({ body }))}>
        <Stack>
          <Title order={2} size="h4">
            {t("security.password")}
          </Title>
          <ProblemAlert error={change.error} />
          {change.isSuccess && (
            <Alert color="teal" role="status">
              {t("security.passwordChanged")}
            </Alert>
          )}
          <PasswordInput label={t("security.oldPassword")} autoComplete="current-password" {...look} {...form.getInputProps("old_password")} />
          <PasswordInput label={t("security.newPassword")} description={t("register.passwordHint")} autoComplete="new-password" {...look} {...form.getInputProps("new_password")} />
          <Button type="submit" loading={change.isPending} style={{ alignSelf: "flex-start" }}>
            {t("security.changePassword")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}

function Sessions() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const sessions = queries.useQuery("get", "/v1/sessions", { params: { query: { limit: 100 } } });
  const end = async (sessionId: string) => {
    await api.DELETE("/v1/sessions/{session_id}", { params: { path: { session_id: sessionId } } });
    await askedAgain();
  };
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("security.sessions")}
        </Title>
        <Answered of={sessions}>
          {({ items }) =>
            items.map((one) => (
              <Group key={one.id} justify="space-between" wrap="nowrap">
                <div style={{ minWidth: 0, overflowWrap: "anywhere" }}>
                  <Text fw={600}>{one.device ?? t("security.someDevice")}</Text>
                  <Text size="sm">
                    {one.address} · {time(one.last_used_at)}
                  </Text>
                </div>
                {one.current ? (
                  <Text size="sm" flex="none">
                    {t("security.thisOne")}
                  </Text>
                ) : (
                  <ConfirmButton size="xs" flex="none" label={t("security.end")} question={t("security.endAsk", { device: one.device ?? "" })} act={() => end(one.id)} />
                )}
              </Group>
            ))
          }
        </Answered>
      </Stack>
    </Card>
  );
}
