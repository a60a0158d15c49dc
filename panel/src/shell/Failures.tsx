import { Anchor, Center, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Refusal } from "@/api/refusal";
import { ProblemAlert } from "@/kit/States";

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Center component="main" mih="60vh" p="md">
      <Stack align="center">
        <Title order={1} size="h2">
          {t("state.noPage")}
        </Title>
        <Anchor href="/app">{t("state.toStart")}</Anchor>
      </Stack>
    </Center>
  );
}

export function Unexpected({ error }: { error: unknown }) {
  const { t } = useTranslation();
  return (
    <Center component="main" mih="60vh" p="md">
      <Stack>
        <Title order={1} size="h2">
          {t("state.failed")}
        </Title>
        {error instanceof Refusal && <ProblemAlert error={error} />}
        <Anchor href="/app">{t("state.toStart")}</Anchor>
      </Stack>
    </Center>
  );
}
