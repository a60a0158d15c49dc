import { SegmentedControl, Stack, Text, Textarea } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Variables } from "@/areas/campaigns/Variables";

interface Source {
  html: string;
  mjml: string;
}
type Language = keyof Source;

interface MailEditorProps extends Source {
  change: (source: Source) => void;
  error?: ReactNode;
}

const NOTHING: Source = { html: "", mjml: "" };

/**
 * The source of a mail, MJML or HTML. A mail has one of them: the other one's text is kept while the page is open, so that
 * a switch loses nothing. HTML that the API made of MJML is what a switch to HTML begins with.
 */
export function MailEditor({ html, mjml, change, error }: MailEditorProps) {
  const { t } = useTranslation();
  const [language, setLanguage] = useState<Language>(mjml ? "mjml" : "html");
  const [aside, setAside] = useState(NOTHING);
  const shown = mjml ? "mjml" : html ? "html" : language;
  const text = shown === "mjml" ? mjml : html;
  const set = (value: string) => change({ ...NOTHING, [shown]: value });
  const switchTo = (next: Language) => {
    const other = next === "mjml" ? mjml : html;
    setAside({ ...aside, [shown]: text });
    setLanguage(next);
    change({ ...NOTHING, [next]: other || aside[next] });
  };
  const leftAside = shown === "mjml" ? aside.html : aside.mjml;
  return (
    <Stack gap="xs">
      <SegmentedControl
        data={[
          { value: "html", label: "HTML" },
          { value: "mjml", label: "MJML" },
        ]}
        value={shown}
        onChange={(value) => switchTo(value as Language)}
        aria-label={t("wizard.language")}
        style={{ alignSelf: "flex-start" }}
      />
      {leftAside && (
        <Text size="sm" role="status">
          {t("wizard.aside", { language: shown.toUpperCase() })}
        </Text>
      )}
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
