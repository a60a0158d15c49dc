import { Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { defaultParseSearch, Link, useSearch } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { breakable } from "@/kit/breakable";
import type { Search } from "@/kit/search";

interface PageProps {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  /** Where the page belongs, for a way back. */
  parent?: { to: string; label: string; search?: Record<string, string> };
  children: ReactNode;
}

/** A page of the panel: its one heading, which is the tab's title too, what can be done, and the content. */
export function Page({ title, lead, actions, parent, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Wici`;
  }, [title]);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-end" gap="sm">
        <div>
          <BackToDraft />
          {parent && (
            <Anchor component={Link} to={parent.to} search={parent.search as never} size="sm">
              ← {parent.label}
            </Anchor>
          )}
          <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
            {breakable(title)}
          </Title>
          {lead && (
            <Text c="dimmed" component="div" maw="70ch">
              {lead}
            </Text>
          )}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

const DRAFT = /^\/app\/campaigns\/[\w-]+(\?|$)/;

/** For who was led here from a campaign's draft, to put right what it lacks: the address says from where. */
function BackToDraft() {
  const { t } = useTranslation();
  const { back } = useSearch({ strict: false }) as Search;
  if (!back || !DRAFT.test(back)) return null;
  const [path, search = ""] = back.split("?");
  return (
    <Anchor component={Link} to={path} search={defaultParseSearch(search) as never} size="sm" display="block">
      ← {t("campaigns.backToDraft")}
    </Anchor>
  );
}
