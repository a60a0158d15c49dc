import { Button, CopyButton } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** Puts a text into the clipboard, and says that it did. */
export function Copy({ text }: { text: string }) {
  const { t } = useTranslation();
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button size="compact-xs" variant="default" flex="none" onClick={copy} aria-label={t("act.copyNamed", { what: text })}>
          {t(copied ? "act.copied" : "act.copy")}
        </Button>
      )}
    </CopyButton>
  );
}
