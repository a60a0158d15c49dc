import { Button, Group, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useFormats } from "@/kit/times";

interface PagerProps {
  cursor: string | undefined;
  next: string | null;
  total?: number | null;
  isEstimate?: boolean;
}

/** Walks along a list by the API's cursors; the place is in the address, so the browser's way back works. */
export function Pager({ cursor, next, total, isEstimate }: PagerProps) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const navigate = useNavigate();
  const go = (to: string | undefined) =>
    void navigate({ to: ".", search: ((before: object) => ({ ...before, cursor: to })) as never });
  return (
    <Group justify="space-between" {...(cursor || next ? { component: "nav", "aria-label": t("pager.label") } : {})}>
      <Text size="sm">{Boolean(total) && total != null && t(isEstimate ? "pager.about" : "pager.total", { total: number(total) })}</Text>
      <Group gap="xs">
        {cursor && (
          <Button variant="default" size="xs" onClick={() => go(undefined)}>
            {t("pager.first")}
          </Button>
        )}
        {next && (
          <Button variant="default" size="xs" onClick={() => go(next)}>
            {t("pager.next")}
          </Button>
        )}
      </Group>
    </Group>
  );
}
