import { Anchor, Button, Modal, Stack, Text } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useChannelName } from "@/kit/channel";
import type { Column } from "@/kit/DataTable";
import { Filters, ListOf } from "@/kit/ListOf";
import { Page } from "@/kit/Page";
import { useListSearch } from "@/kit/search";
import { Answered, Empty } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

type Form = Schemas["Form"];
type Submission = Schemas["Submission"];
const STATES = ["pending", "confirmed", "expired"] as const;

/** Who signed up by a form, and what they agreed to. */
export function FormPage() {
  const { t } = useTranslation();
  const { formId } = useParams({ strict: false }) as { formId: string };
  const form = queries.useQuery("get", "/v1/forms/{form_id}", { params: { path: { form_id: formId } } });
  return (
    <Page title={form.data?.name ?? t("submissions.title")} lead={t("submissions.lead")} parent={{ to: "/app/forms", label: t("forms.title") }}>
      <Answered of={form}>{(found) => <Submissions form={found} />}</Answered>
    </Page>
  );
}

function Submissions({ form }: { form: Form }) {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const [shown, setShown] = useState<Submission | null>(null);
  const state = STATES.find((one) => one === search.state);
  const params = { path: { form_id: form.id }, query: { limit: 50, cursor: search.cursor, state } };
  const submissions = queries.useQuery("get", "/v1/forms/{form_id}/submissions", { params });
  return (
    <>
      {shown && <Evidence form={form} of={shown} close={() => setShown(null)} />}
      <Filters choices={[{ name: "state", label: t("campaigns.state"), options: STATES.map((value) => ({ value, label: t(`submissions.states.${value}`) })) }]} />
      <ListOf
        label={t("submissions.title")}
        of={submissions}
        columns={useColumns(setShown)}
        keyOf={(one) => one.id}
        filters={["state"]}
        noneFits={t("submissions.noneFits")}
        empty={<Empty title={t("submissions.none")}>{t("submissions.noneHint")}</Empty>}
      />
    </>
  );
}

function useColumns(show: (submission: Submission) => void): Column<Submission>[] {
  const { t } = useTranslation();
  const { time } = useFormats();
  const channelName = useChannelName();
  return [
    { name: "email", header: t("contacts.email"), cell: (one) => <Person of={one} /> },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateBadge state={one.state} word={t(`submissions.states.${one.state}`)} /> },
    { name: "submitted", header: t("submissions.submitted"), cell: (one) => time(one.submitted_at) },
    { name: "confirmed", header: t("submissions.confirmed"), cell: (one) => time(one.confirmed_at) },
    { name: "granted", header: t("submissions.granted"), cell: (one) => one.granted.map(channelName).join(", ") || "–" },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <Button size="xs" variant="default" onClick={() => show(one)} aria-label={t("submissions.evidenceOf", { email: one.email })}>
          {t("submissions.evidence")}
        </Button>
      ),
    },
  ];
}

function Person({ of }: { of: Submission }) {
  if (!of.contact_id) return <Text fw={600}>{of.email}</Text>;
  return (
    <Anchor component={Link} to={`/app/contacts/${of.contact_id}`}>
      {of.email}
    </Anchor>
  );
}

/** What was written, the words that were agreed to, and when and from where. */
function Evidence({ form, of, close }: { form: Form; of: Submission; close: () => void }) {
  const { t, i18n } = useTranslation();
  const { time, number } = useFormats();
  const labelsOf = (key: string) => form.fields.find((field) => field.key === key)?.labels;
  const labelOf = (key: string) => labelsOf(key)?.[i18n.language] ?? labelsOf(key)?.[of.language] ?? key;
  const { email: _inTheTitle, ...fields } = of.fields;
  const answers = Object.entries(fields).map(([key, value]) => [labelOf(key), String(value ?? "–")]);
  const from = (at: string | null, address: string | null) => [time(at), address].filter(Boolean).join(" · ");
  const facts = [
    ...answers,
    [t("submissions.submitted"), from(of.submitted_at, of.submitted_from)],
    [t("submissions.confirmed"), from(of.confirmed_at, of.confirmed_from)],
    [t("submissions.consent", { version: number(of.consent_version) }), of.consent_text],
    [t("shell.language"), of.language.toUpperCase()],
  ];
  return (
    <Modal opened onClose={close} size="lg" title={t("submissions.evidenceOf", { email: of.email })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Stack component="dl" gap="xs" m={0}>
        {facts.map(([name, value], place) => (
          <div key={`${place}${name}`}>
            <Text component="dt" size="sm" fw={600}>
              {name}
            </Text>
            <Text component="dd" m={0} style={{ overflowWrap: "anywhere" }}>
              {value}
            </Text>
          </div>
        ))}
      </Stack>
    </Modal>
  );
}
