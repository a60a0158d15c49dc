import { Box, Card, Center, Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { Logo } from "@/shell/Logo";
import { LanguageChoice } from "@/shell/LanguageChoice";

/** The frame of the pages before the log-in. */
export function Entrance({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Wici`;
  }, [title]);
  return (
    <Center component="main" mih="100vh" p="md">
      <Box w="100%" maw={440}>
        <Stack>
          <Group justify="space-between">
            <Logo />
            <LanguageChoice />
          </Group>
          <Card withBorder padding="lg" shadow="sm">
            <Stack>
              <Title order={1} size="h2">
                {title}
              </Title>
              {lead && <Text>{lead}</Text>}
              {children}
            </Stack>
          </Card>
        </Stack>
      </Box>
    </Center>
  );
}
