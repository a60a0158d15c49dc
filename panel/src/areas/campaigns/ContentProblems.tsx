import { Alert, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";

/** What would keep a content from being sent, before anybody tries. */
export function ContentProblems({ preview }: { preview: Schemas["ContentPreview"] | undefined }) {
  const { t } = useTranslation();
  const words = [...(preview?.problems.map((one) => one.detail) ?? []), ...(preview?.previews.flatMap((one) => one.problem ?? []) ?? [])];
  if (words.length === 0) return null;
  return (
    <Alert color="orange" variant="light" title={t("preview.problems")} role="status">
      {[...new Set(words)].map((one) => (
        <Text key={one} size="sm">
          {one}
        </Text>
      ))}
    </Alert>
  );
}
