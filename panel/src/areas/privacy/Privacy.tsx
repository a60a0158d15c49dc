import { Alert, Button, Card, Group, SegmentedControl, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, download, queries, type Schemas } from "@/api/client";
import { useAskingAgainWhen } from "@/api/freshness";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Page } from "@/kit/Page";
import { Answered, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";

type By = "email" | "phone" | "external_id";
type Person = Schemas["PersonQuery"];
const LIVE_MS = 1_000;
const OVER = new Set(["done", "failed"]);
const live = (state: string | undefined) => (state && OVER.has(state) ? (false as const) : LIVE_MS);

/** What the law gives a person: all that is known of them, and to be forgotten. */
export function Privacy() {
  const { t } = useTranslation();
  const [by, setBy] = useState<By>("email");
  const [value, setValue] = useState("");
  const person: Person = { [by]: value.trim() };
  const isNamed = value.trim() !== "";
  return (
    <Page title={t("privacy.title")} lead={t("privacy.lead")}>
      <Card withBorder>
        <Stack>
          <SegmentedControl
            data={(["email", "phone", "external_id"] as const).map((one) => ({ value: one, label: t(`privacy.by.${one}`) }))}
            value={by}
            onChange={(chosen) => setBy(chosen as By)}
            aria-label={t("privacy.found")}
            style={{ alignSelf: "flex-start" }}
          />
          <TextInput label={t(`privacy.by.${by}`)} value={value} onChange={(event) => setValue(event.currentTarget.value)} maw={420} />
        </Stack>
      </Card>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <PersonExport key={`export${by}${value}`} person={person} isNamed={isNamed} />
        <PersonErasure key={`erase${by}${value}`} person={person} name={value} isNamed={isNamed} />
      </SimpleGrid>
    </Page>
  );
}

interface PartProps {
  person: Person;
  isNamed: boolean;
}

function PersonExport({ person, isNamed }: PartProps) {
  const { t } = useTranslation();
  const begin = useMutation({ mutationFn: () => bodyOf(api.POST("/v1/privacy/exports", { body: person })) });
  const id = begin.data?.id ?? "";
  const state = queries.useQuery("get", "/v1/privacy/exports/{person_export_id}", { params: { path: { person_export_id: id } } }, { enabled: id !== "", refetchInterval: (query) => live(query.state.data?.state) });
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("privacy.export")}
        </Title>
        <Text>{t("privacy.exportHint")}</Text>
        <ProblemAlert error={begin.error} />
        {id === "" ? (
          <Button disabled={!isNamed} loading={begin.isPending} onClick={() => begin.mutate()} style={{ alignSelf: "flex-start" }}>
            {t("privacy.begin")}
          </Button>
        ) : (
          <Answered of={state}>
            {(found) => (
              <Group role="status">
                <StateBadge state={found.state} />
                <Text>{t("privacy.services", { done: found.done, total: found.total })}</Text>
                {found.state === "done" && <Button onClick={() => void download(`/v1/privacy/exports/${id}/file`, "person.zip")}>{t("privacy.download")}</Button>}
              </Group>
            )}
          </Answered>
        )}
      </Stack>
    </Card>
  );
}

function PersonErasure({ person, name, isNamed }: PartProps & { name: string }) {
  const { t } = useTranslation();
  const erase = useMutation({ mutationFn: () => bodyOf(api.POST("/v1/privacy/erasures", { body: { ...person, dry_run: false } })) });
  const id = erase.data?.id ?? "";
  const state = queries.useQuery("get", "/v1/privacy/erasures/{erasure_id}", { params: { path: { erasure_id: id } } }, { enabled: id !== "", refetchInterval: (query) => live(query.state.data?.state) });
  useAskingAgainWhen(OVER.has(state.data?.state ?? ""));
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("privacy.erase")}
        </Title>
        <Text>{t("privacy.eraseHint")}</Text>
        {id === "" ? (
          <ConfirmButton label={t("privacy.erase")} question={t("privacy.eraseAsk", { name })} act={() => erase.mutateAsync()} disabled={!isNamed} style={{ alignSelf: "flex-start" }} />
        ) : (
          <Answered of={state}>
            {(found) => (
              <Alert color={found.state === "failed" ? "red" : "teal"} role="status">
                <Group>
                  <StateBadge state={found.state} />
                  <Text>{t("privacy.services", { done: found.done, total: found.total })}</Text>
                </Group>
              </Alert>
            )}
          </Answered>
        )}
      </Stack>
    </Card>
  );
}
