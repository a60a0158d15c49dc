import { Alert, Button, Card, Checkbox, Group, Select, Stack, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, type Schemas } from "@/api/client";
import { CONSENTED, type Consented } from "@/areas/contacts/ContactFields";
import { FileDrop } from "@/areas/contacts/FileDrop";
import { type ColumnField, ImportColumns } from "@/areas/contacts/ImportColumns";
import { ImportRows } from "@/areas/contacts/ImportRows";
import { Page } from "@/kit/Page";
import { ProblemAlert } from "@/kit/States";

type Preview = Schemas["ImportPreview"];
type MergeBy = "phone" | "email" | "external_id";
type DateOrder = Preview["columns"][number]["date_order"];
const DATE_ORDERS = ["dmy", "mdy"] as const;
/** Such a date is read in one way alone. */
const YEAR_FIRST = /^\s*\d{4}/;

async function uploaded(file: File): Promise<Preview> {
  const form = new FormData();
  form.set("file", file);
  return bodyOf(api.POST("/v1/imports/preview", { body: form as never, bodySerializer: (body) => body as never }));
}

/** What every column is, by its number as the API counts them in a mapping: from 1. */
function mappingOf(columns: Preview["columns"]): Record<string, ColumnField> {
  return Object.fromEntries(columns.map(({ column, field }) => [`#${column + 1}`, field]));
}

/** Step by step: a file, what its columns are, and whom it belongs to; then the import runs and has a page of its own. */
export function ImportWizard() {
  const { t } = useTranslation();
  const [preview, setPreview] = useState<Preview | null>(null);
  const upload = useMutation({ mutationFn: uploaded, onSuccess: setPreview });
  return (
    <Page title={t("imports.new")} parent={{ to: "/app/imports", label: t("imports.title") }} lead={t("imports.lead")}>
      <ProblemAlert error={upload.error} />
      {preview ? (
        <Settings key={preview.upload_id} first={preview} another={() => setPreview(null)} />
      ) : (
        <FileDrop take={(file) => upload.mutate(file)} isBusy={upload.isPending} />
      )}
    </Page>
  );
}

function Settings({ first, another }: { first: Preview; another: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [preview, setPreview] = useState(first);
  const hasPhones = preview.columns.some((column) => column.field === "phone");
  const hasConsents = preview.columns.some((column) => column.field?.includes("_consent"));
  const [chosen, setChosen] = useState<Chosen>({ group: first.filename.replace(/\..*$/, ""), consent: [], mergeBy: hasPhones ? "phone" : "email", dates: null });
  const options = { date_order: chosen.dates, merge_by: chosen.mergeBy, consent: chosen.consent, group_name: chosen.group.trim() || null };

  const map = useMutation({
    mutationFn: ({ mapping, dates = chosen.dates }: { mapping: Record<string, ColumnField>; dates?: DateOrder }) =>
      bodyOf(api.POST("/v1/imports/preview", { body: { upload_id: first.upload_id, mapping, options: { ...options, date_order: dates } } as never })),
    onSuccess: setPreview,
  });
  const start = useMutation({
    mutationFn: () => {
      const mapping = mappingOf(preview.columns);
      return bodyOf(api.POST("/v1/imports", { body: { upload_id: preview.upload_id, mapping, options } as never }));
    },
    onSuccess: (job) => void navigate({ to: `/app/imports/${job.id}` }),
  });
  const change = (column: number, field: ColumnField) =>
    map.mutate({ mapping: mappingOf(preview.columns.map((one) => (one.column === column ? { ...one, field } : one))) });
  const reorder = (dates: DateOrder) => {
    setChosen({ ...chosen, dates });
    map.mutate({ mapping: mappingOf(preview.columns), dates });
  };

  return (
    <Stack>
      <Card withBorder component="section">
        <Stack>
          <Title order={2} size="h4">
            {t("imports.columns", { file: preview.filename })}
          </Title>
          <ProblemAlert error={map.error} />
          <ImportColumns columns={preview.columns} change={change} isBusy={map.isPending} />
          <DatesRead columns={preview.columns} change={reorder} isBusy={map.isPending} />
        </Stack>
      </Card>
      <Card withBorder component="section">
        <Stack>
          <Title order={2} size="h4">
            {t("imports.rows")}
          </Title>
          <ImportRows preview={preview} />
        </Stack>
      </Card>
      <Card withBorder component="section">
        <Stack>
          <Title order={2} size="h4">
            {t("imports.settings")}
          </Title>
          <Whose hasConsents={hasConsents} options={chosen} change={(part) => setChosen({ ...chosen, ...part })} />
          {chosen.consent.length === 0 && !hasConsents && (
            <Alert color="orange" variant="light">
              {t("imports.noConsent")}
            </Alert>
          )}
          <ProblemAlert error={start.error} />
          <Group>
            {preview.rows.length > 0 && (
              <Button onClick={() => start.mutate()} loading={start.isPending}>
                {t("imports.start")}
              </Button>
            )}
            <Button variant="default" onClick={another}>
              {t("imports.another")}
            </Button>
          </Group>
        </Stack>
      </Card>
    </Stack>
  );
}

interface DatesReadProps {
  columns: Preview["columns"];
  change: (order: DateOrder) => void;
  isBusy: boolean;
}

/** In which order dates are read, where there are some that could be read in another. */
function DatesRead({ columns, change, isBusy }: DatesReadProps) {
  const { t } = useTranslation();
  const order = columns.find((one) => one.date_order && one.samples.some((date) => !YEAR_FIRST.test(date)))?.date_order;
  if (!order) return null;
  return (
    <Select
      label={t("imports.dates")}
      description={t("imports.datesHint")}
      data={DATE_ORDERS.map((one) => ({ value: one, label: t(`imports.dateOrders.${one}`) }))}
      value={order}
      onChange={(one) => one && change(one as DateOrder)}
      allowDeselect={false}
      disabled={isBusy}
      maw={480}
    />
  );
}

interface Chosen {
  group: string;
  consent: Consented[];
  mergeBy: MergeBy;
  /** Null: as the file itself tells. */
  dates: DateOrder;
}

/** Which group they come into, what they have agreed to, and by what they are known. */
function Whose({ options: { group, consent, mergeBy }, hasConsents, change }: { options: Chosen; hasConsents: boolean; change: (part: Partial<Chosen>) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <TextInput label={t("imports.group")} description={t("imports.groupHint")} value={group} onChange={(event) => change({ group: event.currentTarget.value })} maw={480} />
      <Checkbox.Group value={consent} onChange={(channels) => change({ consent: channels as Consented[] })} label={t("imports.consent")} description={t(hasConsents ? "imports.consentOfRest" : "imports.consentHint")}>
        <Group mt="xs">
          {CONSENTED.map((channel) => (
            <Checkbox key={channel} value={channel} label={t(`channel.${channel}`)} />
          ))}
        </Group>
      </Checkbox.Group>
      <Select
        label={t("imports.mergeBy")}
        description={t("imports.mergeByHint")}
        data={[
          { value: "phone", label: t("contacts.phone") },
          { value: "email", label: t("contacts.email") },
          { value: "external_id", label: t("contacts.externalId") },
        ]}
        value={mergeBy}
        onChange={(by) => by && change({ mergeBy: by as MergeBy })}
        allowDeselect={false}
        maw={480}
      />
    </>
  );
}
