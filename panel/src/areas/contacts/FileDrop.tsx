import { Card, FileButton, Button, Stack, Text } from "@mantine/core";
import { type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";

/** A place to drop a file on, with a button for those who do not drag. */
export function FileDrop({ take, isBusy }: { take: (file: File) => void; isBusy: boolean }) {
  const { t } = useTranslation();
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) take(file);
  };
  return (
    <Card
      withBorder
      padding="xl"
      onDrop={drop}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      style={{ borderStyle: "dashed", borderWidth: 2, borderColor: isOver ? "var(--mantine-color-sea-5)" : undefined }}
    >
      <Stack align="center" gap="xs">
        <Text fw={600}>{t("imports.drop")}</Text>
        <Text ta="center">{t("imports.dropHint")}</Text>
        <FileButton onChange={(file) => file && take(file)} accept=".csv,.txt,.xlsx" inputProps={{ "aria-label": t("imports.choose") }}>
          {(button) => (
            <Button {...button} loading={isBusy}>
              {t("imports.choose")}
            </Button>
          )}
        </FileButton>
      </Stack>
    </Card>
  );
}
