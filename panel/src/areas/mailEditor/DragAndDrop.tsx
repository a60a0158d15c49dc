import { Alert, Button, Card, Flex, Group, Stack, Title } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Blocks } from "@/areas/mailEditor/Blocks";
import { type Component, type Editor, isWhole, newMail, openEditor, sourceOf } from "@/areas/mailEditor/grapes";
import { takeApart } from "@/areas/mailEditor/mjmlSource";
import { Outline } from "@/areas/mailEditor/Outline";
import { Properties } from "@/areas/mailEditor/Properties";

interface DragAndDropProps {
  mjml: string;
  change: (mjml: string) => void;
}

const CANVAS_HEIGHT = 640;

/**
 * A mail by drag and drop. Its source stays the one truth: it is read when the editor opens, and written with every change.
 * What a new mail begins with is nobody's words: it is the mail only once something of it was changed.
 * What is dragged can be done without dragging, too: a press on a block adds it, and the outline moves it.
 */
export default function DragAndDrop({ mjml, change }: DragAndDropProps) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<Editor | null>(null);
  const [selected, setSelected] = useState<Component | null>(null);
  const [isBroken, setBroken] = useState(false);
  const [isPartly, setPartly] = useState(false);
  const [, setVersion] = useState(0);
  const [first] = useState(() => mjml || newMail({ text: t("dragDrop.sampleText"), unsubscribe: t("dragDrop.unsubscribe") }));
  const changed = useRef(change);
  useEffect(() => {
    changed.current = change;
  });
  useEffect(() => {
    const parts = takeApart(first);
    if (!parts || !place.current) return setBroken(true);
    const words = { text: t("dragDrop.sampleText"), button: t("dragDrop.sampleButton"), picture: "" };
    const made = openEditor(place.current, parts, words);
    made.on("load", () => {
      made.Canvas.getFrameEl().title = t("dragDrop.canvas");
      setPartly(!isWhole(first, sourceOf(made, parts)));
      made.UndoManager.clear();
      made.on("update", () => {
        changed.current(sourceOf(made, parts));
        setVersion((before) => before + 1);
      });
      made.on("component:selected component:deselected", () => setSelected(made.getSelected() ?? null));
      setEditor(made);
    });
    return () => made.destroy();
    // The editor is opened once, with the mail as it was then.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  if (isBroken) return <Alert color="orange">{t("dragDrop.broken")}</Alert>;
  return (
    <Stack gap="sm">
      {isPartly && <Alert color="orange">{t("dragDrop.partly")}</Alert>}
      <Flex direction={{ base: "column", lg: "row" }} gap="sm" align="stretch">
        <Stack w={{ base: "100%", lg: 180 }} flex="none">
          {editor && <Blocks editor={editor} selected={selected} />}
          {editor && <Outline editor={editor} selected={selected} />}
        </Stack>
        <Card withBorder padding={0} flex={{ base: "none", lg: 1 }} miw={0}>
          <Group p="xs" gap="xs">
            <Button size="compact-sm" variant="default" disabled={!editor?.UndoManager.hasUndo()} onClick={() => editor?.UndoManager.undo()}>
              {t("dragDrop.undo")}
            </Button>
            <Button size="compact-sm" variant="default" disabled={!editor?.UndoManager.hasRedo()} onClick={() => editor?.UndoManager.redo()}>
              {t("dragDrop.redo")}
            </Button>
          </Group>
          {/* The editor sets the height of its own place to all of what is around it. */}
          <div style={{ height: CANVAS_HEIGHT }}>
            <div ref={place} />
          </div>
        </Card>
        <Card withBorder w={{ base: "100%", lg: 260 }} flex="none" component="section" aria-label={t("dragDrop.properties")}>
          <Title order={2} size="h5" mb="xs">
            {t("dragDrop.properties")}
          </Title>
          {editor && <Properties key={selected?.cid ?? ""} editor={editor} selected={selected} />}
        </Card>
      </Flex>
    </Stack>
  );
}
