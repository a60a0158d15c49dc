import { SegmentedControl, Stack, Text, Textarea } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Variables } from "@/areas/campaigns/Variables";
import { Loading } from "@/kit/States";
import { useInsertion } from "@/kit/useInsertion";

// Larger than all the rest of the panel: fetched by those who use it.
const DragAndDrop = lazy(() => import("@/areas/mailEditor/DragAndDrop"));

interface Source {
  html: string;
  mjml: string;
}
type Language = keyof Source;
type Way = "drag" | Language;

interface MailEditorProps extends Source {
  change: (source: Source) => void;
  error?: ReactNode;
}

const NOTHING: Source = { html: "", mjml: "" };
/** By which a form finds it, whatever it is written in. */
const PLACE = "html";

/**
 * A mail by drag and drop, or its source, MJML or HTML. A mail has one source: the other one's text is kept while the page
 * is open, so that a switch loses nothing. HTML that the API made of MJML is what a switch to HTML begins with. Drag and
 * drop writes MJML.
 */
export function MailEditor({ html, mjml, change, error }: MailEditorProps) {
  const { t } = useTranslation();
  const [way, setWay] = useState<Way>(mjml || !html ? "drag" : "html");
  const [aside, setAside] = useState(NOTHING);
  const language = way === "drag" ? "mjml" : way;
  const text = language === "mjml" ? mjml : html;
  const set = (value: string) => change({ ...NOTHING, [language]: value });
  const { field, insert } = useInsertion<HTMLTextAreaElement>(text, set);
  const switchTo = (next: Way) => {
    const wanted = next === "drag" ? "mjml" : next;
    setWay(next);
    if (wanted === language) return;
    const other = wanted === "mjml" ? mjml : html;
    setAside({ ...aside, [language]: text });
    change({ ...NOTHING, [wanted]: other || aside[wanted] });
  };
  const leftAside = language === "mjml" ? aside.html : aside.mjml;
  return (
    <Stack gap="xs">
      <SegmentedControl
        data={[
          { value: "drag", label: t("dragDrop.title") },
          { value: "html", label: "HTML" },
          { value: "mjml", label: "MJML" },
        ]}
        value={way}
        onChange={(value) => switchTo(value as Way)}
        aria-label={t("wizard.language")}
        style={{ alignSelf: "flex-start" }}
      />
      {leftAside && (
        <Text size="sm" role="status">
          {t("wizard.aside", { language: language.toUpperCase() })}
        </Text>
      )}
      {way === "drag" ? (
        <div data-path={PLACE} tabIndex={-1} role="group" aria-label={t("dragDrop.title")}>
          {error && <Text c="var(--mantine-color-error)">{error}</Text>}
          <Suspense fallback={<Loading lines={8} />}>
            <DragAndDrop mjml={mjml} change={set} />
          </Suspense>
        </div>
      ) : (
        <>
          <Textarea
            data-path={PLACE}
            label={t("wizard.source", { language: language.toUpperCase() })}
            description={t("wizard.sourceHint")}
            value={text}
            onChange={(event) => set(event.currentTarget.value)}
            error={error}
            autosize
            minRows={8}
            maxRows={24}
            spellCheck={false}
            {...field}
            styles={{ input: { fontFamily: "monospace", fontSize: 13 } }}
          />
          <Variables channel="email" insert={insert} />
        </>
      )}
    </Stack>
  );
}
