import { Button, Card, Group, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { useMe } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { ProblemAlert } from "@/kit/States";

/** The owner's wish to have the account closed, which an operator then does; until then it can be taken back. */
export function Closing({ account }: { account: Schemas["Account"] }) {
  const { t } = useTranslation();
  const { is_owner } = useMe();
  if (!is_owner || !["trial", "active", "closing"].includes(account.state)) return null;
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("closing.title")}
        </Title>
        {account.state === "closing" ? <Withdraw /> : <Ask name={account.name} />}
      </Stack>
    </Card>
  );
}

function Ask({ name }: { name: string }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState("");
  const ask = async () => {
    await api.POST("/v1/account/closure", { body: { password } });
    await askedAgain();
  };
  return (
    <>
      <Text>{t("closing.lead")}</Text>
      <PasswordInput
        label={t("login.password")}
        autoComplete="current-password"
        visibilityToggleButtonProps={{ "aria-label": t("login.showPassword"), tabIndex: 0 }}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Group>
        <ConfirmButton label={t("closing.ask")} question={t("closing.askAsk", { name })} act={ask} disabled={!password} />
      </Group>
    </>
  );
}

function Withdraw() {
  const { t } = useTranslation();
  const withdraw = useMutation({ mutationFn: () => api.DELETE("/v1/account/closure"), onSuccess: askedAgain });
  return (
    <>
      <Text>{t("closing.asked")}</Text>
      <ProblemAlert error={withdraw.error} />
      <Group>
        <Button onClick={() => withdraw.mutate()} loading={withdraw.isPending}>
          {t("closing.withdraw")}
        </Button>
      </Group>
    </>
  );
}
