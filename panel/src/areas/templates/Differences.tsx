import { Code, Modal, ScrollArea, Select, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { useListSearch } from "@/kit/search";
import { Answered } from "@/kit/States";

type Change = Schemas["ChangedText"];

const TEXTS = { name: "templates.name", subject: "wizard.subject", preheader: "wizard.preheader", text: "wizard.text" } as const;
/** What a line of a unified diff begins with. */
const LOOK: Record<string, { colour: string; of: "ins" | "del" }> = { "+": { colour: "teal", of: "ins" }, "-": { colour: "red", of: "del" } };

interface DifferencesProps {
  template: Schemas["Template"];
  versions: Schemas["TemplateVersionSummary"][];
}

/** What differs between a version and another one, text by text; both are in the address. */
export function Differences({ template, versions }: DifferencesProps) {
  const { t } = useTranslation();
  const { search, change } = useListSearch();
  const version = Number(search.compare);
  const to = Number(search.with) || template.version;
  const params = { path: { template_id: template.id, version }, query: { to } };
  const found = queries.useQuery("get", "/v1/templates/{template_id}/versions/{version}/changes", { params });
  const others = versions.filter((one) => one.version !== version).map((one) => ({ value: String(one.version), label: t("templates.version", { number: one.version }) }));
  return (
    <Modal
      opened size="xl" onClose={() => change({ compare: undefined, with: undefined })}
      title={t("templates.differences", { number: version })} closeButtonProps={{ "aria-label": t("act.close") }}
    >
      <Stack>
        <Select label={t("templates.comparedWith")} data={others} value={String(to)} onChange={(other) => change({ with: other ?? undefined })} allowDeselect={false} maw={260} />
        <Answered of={found}>
          {({ changes }) => (changes.length === 0 ? <Text>{t("templates.same")}</Text> : changes.map((one) => <Changed key={one.field} change={one} />))}
        </Answered>
      </Stack>
    </Modal>
  );
}

function Changed({ change: { field, lines } }: { change: Change }) {
  const { t } = useTranslation();
  const name = field in TEXTS ? t(TEXTS[field as keyof typeof TEXTS]) : field.toUpperCase();
  return (
    <section>
      <Title order={3} size="h5" mb={4}>
        {name}
      </Title>
      <ScrollArea.Autosize mah="50vh" type="auto" viewportProps={{ tabIndex: 0, role: "region", "aria-label": name }}>
        <Code block>
          {lines.map((line, place) => (
            <Line key={place} line={line} />
          ))}
        </Code>
      </ScrollArea.Autosize>
    </section>
  );
}

/** Its sign tells what it is, too, for whoever sees no colours. */
function Line({ line }: { line: string }) {
  const look = LOOK[line[0] ?? ""];
  if (!look) return <span style={{ display: "block", fontWeight: line.startsWith("@@") ? 600 : undefined }}>{line}</span>;
  const { of: Tag, colour } = look;
  return <Tag style={{ display: "block", textDecoration: "none", background: `var(--mantine-color-${colour}-light)` }}>{line}</Tag>;
}
