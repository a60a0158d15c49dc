import { Button, Card, Group, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notify } from "@/kit/notify";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, use, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { nameOf } from "@/areas/contacts/names";
import { RuleBuilder } from "@/areas/segments/RuleBuilder";
import { draftOf, isComplete, newSet, type Rule, ruleOf, type RuleSet, type Terms } from "@/areas/segments/rules";
import { useAllowed } from "@/areas/session/me";
import { EditContext } from "@/kit/ChangedMeanwhile";
import { Edited } from "@/kit/Edited";
import { LinkButton } from "@/kit/LinkButton";
import { Page } from "@/kit/Page";
import { Answered, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";
import { useEditing } from "@/kit/useEditing";

type Segment = Schemas["Segment"];
const FIRST = 5;

export function NewSegment() {
  return <WithTerms segment={null} />;
}

export function SegmentPage() {
  const { segmentId } = useParams({ strict: false }) as { segmentId: string };
  const segment = queries.useQuery("get", "/v1/segments/{segment_id}", { params: { path: { segment_id: segmentId } } });
  return <Edited key={segmentId} of={segment}>{(found) => <WithTerms segment={found} />}</Edited>;
}

/** Fields and operators that rules may have are the API's to tell, the account's own fields among them. */
function WithTerms({ segment }: { segment: Segment | null }) {
  const terms = queries.useQuery("get", "/v1/segments/schema");
  return <Answered of={terms}>{(found) => <Editor segment={segment} terms={found} />}</Answered>;
}

function Editor({ segment, terms }: { segment: Segment | null; terms: Terms }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const mayWrite = useAllowed("contacts.write");
  const { keep } = use(EditContext);
  const [set, setSet] = useState<RuleSet>(() => (segment ? draftOf(segment.rules) : newSet()));
  const isWhole = isComplete(set, terms);
  const [isTried, setTried] = useState(false);
  const { form, save, submit } = useEditing({
    initialValues: { name: segment?.name ?? "", description: segment?.description ?? "" },
    send: (texts, header) => {
      const body = { ...texts, rules: ruleOf(set) };
      const params = { path: { segment_id: segment?.id ?? "" }, header };
      return bodyOf(segment ? api.PATCH("/v1/segments/{segment_id}", { params, body }) : api.POST("/v1/segments", { body }));
    },
    onSaved: async (saved) => {
      notify(t("act.saved"));
      if (!segment) await navigate({ to: `/app/segments/${saved.id}` });
    },
  });
  const change = (rules: RuleSet) => {
    keep();
    setSet(rules);
  };
  const unfinished = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
  };
  return (
    <Page
      title={segment?.name ?? t("segments.new")}
      parent={{ to: "/app/segments", label: t("segments.title") }}
      actions={
        segment && (
          <>
            <LinkButton to={`/app/segments/${segment.id}/contacts`} variant="default">
              {t("segments.toContacts")}
            </LinkButton>
            <LinkButton to="/app/campaigns/new" search={{ segment: segment.id }} variant="default">
              {t("segments.toCampaign")}
            </LinkButton>
          </>
        )
      }
    >
      <form onSubmit={isWhole ? submit : unfinished}>
        <Stack>
          <ProblemAlert error={save.error} />
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TextInput label={t("segments.name")} required {...form.getInputProps("name")} />
            <TextInput label={t("groups.description")} {...form.getInputProps("description")} />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            <RuleBuilder set={set} terms={terms} change={change} />
            <Fitting rules={ruleOf(set)} isWhole={isWhole} />
          </SimpleGrid>
          {mayWrite && (
            <Group>
              <Button type="submit" loading={save.isPending}>
                {t("act.save")}
              </Button>
              {/* It is there before it says anything, or it is not read out by all readers. */}
              <Text role="status" size="sm" c="var(--mantine-color-error)">
                {isTried && !isWhole && t("segments.notWhole")}
              </Text>
            </Group>
          )}
        </Stack>
      </form>
    </Page>
  );
}

/** How many fit the rules as they stand, and the first of them; asked when the writer rests. */
function Fitting({ rules, isWhole }: { rules: Rule; isWhole: boolean }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const [settled] = useDebouncedValue(JSON.stringify(rules), 400);
  const isAsked = isWhole && settled === JSON.stringify(rules);
  const body = { rules: JSON.parse(settled) as Rule };
  const look = { enabled: isAsked, placeholderData: keepPreviousData, retry: false } as const;
  const count = useQuery({ queryKey: ["segment-count", settled], queryFn: () => bodyOf(api.POST("/v1/segments/count", { body })), ...look });
  const first = useQuery({
    queryKey: ["segment-first", settled],
    queryFn: () => bodyOf(api.POST("/v1/contacts/search", { body: { ...body, limit: FIRST } as never })),
    ...look,
  });
  return (
    <Card withBorder component="section" aria-live="polite" style={{ alignSelf: "start" }}>
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t("segments.fitting")}
        </Title>
        {!isWhole ? (
          <Text>{t("segments.unfinished")}</Text>
        ) : (
          <Answered of={count}>
            {(found) => (
              <>
                <Text fz={36} fw={700} lh={1} style={{ opacity: count.isPlaceholderData ? 0.6 : 1 }}>
                  {number(found.count)}
                </Text>
                <Text>{t("segments.people", { count: found.count })}</Text>
                {first.data?.items.map((contact) => (
                  <Text key={contact.id} size="sm">
                    {nameOf(contact)}
                  </Text>
                ))}
              </>
            )}
          </Answered>
        )}
      </Stack>
    </Card>
  );
}
