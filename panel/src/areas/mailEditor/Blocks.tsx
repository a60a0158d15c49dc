import { SimpleGrid, Text, Title, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { BLOCKS, type BlockName, type Component, type Editor } from "@/areas/mailEditor/grapes";
import { addBlock } from "@/areas/mailEditor/moves";

const SIGNS: Record<BlockName, string> = { text: "¶", button: "▭", image: "▣", oneColumn: "▯", twoColumns: "▯▯", divider: "—", spacer: "↕" };

/** What can be put into the mail: dragged to its place, or pressed to stand behind what is chosen. */
export function Blocks({ editor, selected }: { editor: Editor; selected: Component | null }) {
  const { t } = useTranslation();
  return (
    <section aria-label={t("dragDrop.blocks")}>
      <Title order={2} size="h5">
        {t("dragDrop.blocks")}
      </Title>
      <Text size="sm" mb="xs">
        {t("dragDrop.blocksHint")}
      </Text>
      <SimpleGrid cols={{ base: 4, lg: 2 }} spacing={6}>
        {BLOCKS.map((name) => (
          <UnstyledButton
            key={name}
            draggable
            onDragStart={(event) => {
              const block = editor.Blocks.get(name);
              event.dataTransfer.setData("text", name);
              if (block) editor.Blocks.__startDrag(block, event.nativeEvent);
            }}
            onDragEnd={() => editor.Blocks.__endDrag()}
            onClick={() => addBlock(editor, name, selected)}
            p={6}
            ta="center"
            style={{ border: "1px solid var(--mantine-color-default-border)", borderRadius: 8, cursor: "grab" }}
          >
            <Text fz={18} lh={1.2} aria-hidden>
              {SIGNS[name]}
            </Text>
            <Text size="xs">{t(`dragDrop.block.${name}`)}</Text>
          </UnstyledButton>
        ))}
      </SimpleGrid>
    </section>
  );
}
