import { Alert, Button, Code, Group, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Copy } from "@/kit/Copy";

/** What is shown once and never again: to be copied now. */
export function Secret({ title, text, close }: { title: string; text: string; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack>
      <Alert color="teal" role="status" title={title}>
        <Group gap="xs" align="flex-start" wrap="nowrap">
          <Code block flex={1} miw={0} style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
            {text}
          </Code>
          <Copy text={text} />
        </Group>
      </Alert>
      <Button onClick={close}>{t("act.close")}</Button>
    </Stack>
  );
}
