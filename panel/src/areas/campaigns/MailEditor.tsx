import { SegmentedControl, Stack, Textarea } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Variables } from "@/areas/campaigns/Variables";

interface Source {
  html: string;
  mjml: string;
}

interface MailEditorProps extends Source {
  change: (source: Source) => void;
  error?: ReactNode;
}

/** The source of a mail, MJML or HTML. */
export function MailEditor({ html, mjml, change, error }: MailEditorProps) {
  const { t } = useTranslation();
  const [language, setLanguage] = useState<keyof Source>(mjml ? "mjml" : "html");
  const shown = mjml ? "mjml" : html ? "html" : language;
  const text = shown === "mjml" ? mjml : html;
  const set = (value: string) => change({ html: "", mjml: "", [shown]: value });
  return (
    <Stack gap="xs">
      <SegmentedControl
        data={[
          { value: "html", label: "HTML", disabled: Boolean(mjml) },
          { value: "mjml", label: "MJML", disabled: Boolean(html) },
        ]}
        value={shown}
        onChange={(value) => setLanguage(value as keyof Source)}
        aria-label={t("wizard.language")}
        style={{ alignSelf: "flex-start" }}
      />
      <Textarea
        label={t("wizard.source", { language: shown.toUpperCase() })}
        description={t("wizard.sourceHint")}
        value={text}
        onChange={(event) => set(event.currentTarget.value)}
        error={error}
        autosize
        minRows={8}
        maxRows={24}
        spellCheck={false}
        styles={{ input: { fontFamily: "monospace", fontSize: 13 } }}
      />
      <Variables channel="email" insert={(word) => set(`${text}${word}`)} />
    </Stack>
  );
}
