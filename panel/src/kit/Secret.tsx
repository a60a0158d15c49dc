import { Alert, Button, Code, Group, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Copy } from "@/kit/Copy";

interface SecretProps {
  title: string;
  text: string;
  /** Where it can be kept as a file. */
  filename?: string;
  close: () => void;
  /** What closing it means, where that is more than to close it. */
  closing?: string;
}

/** What is shown once and never again: to be copied now. */
export function Secret({ title, text, filename, close, closing }: SecretProps) {
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
      {filename && (
        <Button component="a" variant="default" href={`data:text/plain;charset=utf-8,${encodeURIComponent(`${text}\n`)}`} download={filename}>
          {t("act.download")}
        </Button>
      )}
      <Button onClick={close}>{closing ?? t("act.close")}</Button>
    </Stack>
  );
}
