import { Box, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Component, Editor } from "@/areas/mailEditor/grapes";
import { outlineOf } from "@/areas/mailEditor/moves";

/** The mail's parts as a list: what is pressed here is chosen in the mail. */
export function Outline({ editor, selected }: { editor: Editor; selected: Component | null }) {
  const { t } = useTranslation();
  return (
    <section aria-label={t("dragDrop.outline")}>
      <Title order={2} size="h5">
        {t("dragDrop.outline")}
      </Title>
      {/* It can be reached by the keyboard, for all that is in it can. */}
      <Box mah={280} style={{ overflowY: "auto", overflowX: "hidden" }}>
        <Stack gap={2}>
          {outlineOf(editor).map(({ part, tag, depth, words }) => (
            <UnstyledButton
              key={part.cid}
              onClick={() => editor.select(part, { scroll: true })}
              aria-pressed={part === selected}
              px={6}
              py={2}
              ml={depth * 10}
              bg={part === selected ? "var(--mantine-color-sea-light)" : undefined}
              style={{ borderRadius: 6 }}
            >
              <Text size="sm" truncate>
                {t(`dragDrop.part.${tag}`)}
                {words && `: ${words}`}
              </Text>
            </UnstyledButton>
          ))}
        </Stack>
      </Box>
    </section>
  );
}
