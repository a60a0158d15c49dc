import { Alert, Button, Card, Group, List, Stack, Table, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, bodyOf, type Schemas } from "@/api/client";
import type { EmailContent } from "@/areas/campaigns/draft";
import { ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

interface Spam {
  score: number;
  threshold: number;
  is_spam: boolean;
  rules: { name: string; points: number; words: string }[];
}

/** What is to be said of a mail before it goes: faults, advice, whether its links answer, and what a spam filter thinks of it. */
export function MailCheck({ content }: { content: EmailContent }) {
  const { t } = useTranslation();
  const check = useMutation({ mutationFn: () => bodyOf(api.POST("/v1/contents/check", { body: { channel: "email", content, check_links: true } })) });
  return (
    <Card withBorder component="section" mt="md" aria-label={t("check.title")}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t("check.title")}
          </Title>
          <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
            {t("check.begin")}
          </Button>
        </Group>
        <ProblemAlert error={check.error} />
        <div aria-live="polite">{check.data && <Found of={check.data} />}</div>
      </Stack>
    </Card>
  );
}

function Found({ of }: { of: Schemas["ContentCheck"] }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { weight, spam } = of.figures as { weight?: number; spam?: Spam | null };
  const unknown = of.unknown.map(({ name, nearest }) => (nearest ? t("check.unknownNear", { name, nearest }) : t("check.unknown", { name })));
  return (
    <Stack gap="sm">
      <Words title={t("preview.problems")} colour="orange" words={[...of.problems.map((one) => one.detail), ...unknown]} />
      <Words title={t("check.advice")} colour="blue" words={of.advice.map((one) => one.detail)} />
      {weight !== undefined && <Text size="sm">{t("check.weight", { size: number(Math.ceil(weight / 1024)) })}</Text>}
      {spam && <Verdict of={spam} />}
      {of.links && of.links.length > 0 && <Links of={of.links} />}
    </Stack>
  );
}

function Words({ title, colour, words }: { title: string; colour: string; words: string[] }) {
  if (words.length === 0) return null;
  return (
    <Alert color={colour} variant="light" title={title}>
      {[...new Set(words)].map((one) => (
        <Text key={one} size="sm">
          {one}
        </Text>
      ))}
    </Alert>
  );
}

function Verdict({ of }: { of: Spam }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const costs = of.rules.filter((rule) => rule.points > 0);
  return (
    <Alert color={of.is_spam ? "red" : "green"} variant="light" title={t(of.is_spam ? "check.isSpam" : "check.isNoSpam")}>
      <Text size="sm">{t("check.points", { score: number(of.score), threshold: number(of.threshold) })}</Text>
      <List size="sm">
        {costs.map((rule) => (
          <List.Item key={rule.name}>
            {number(rule.points)}: {rule.words || rule.name}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

function Links({ of }: { of: Schemas["CheckedLink"][] }) {
  const { t } = useTranslation();
  return (
    <Table aria-label={t("check.links")}>
      <Table.Tbody>
        {of.map((link) => (
          <Table.Tr key={link.target}>
            <Table.Td style={{ overflowWrap: "anywhere" }}>{link.target}</Table.Td>
            <Table.Td>
              {t(`check.states.${link.state}`)}
              {link.status ? ` (${link.status})` : ""}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
