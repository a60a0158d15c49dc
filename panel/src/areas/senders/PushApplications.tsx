import { Button, Card, Code, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { Ask } from "@/areas/senders/Ask";
import { EditApplication } from "@/areas/senders/EditApplication";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Copy } from "@/kit/Copy";
import type { Column } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { LinkButton } from "@/kit/LinkButton";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Secret } from "@/kit/Secret";

type Application = Schemas["Application"];

/** Applications: what pushes come from. */
export function PushApplications() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const [proof, setProof] = useState("");
  const [edited, setEdited] = useState<Application | null>(null);
  const applications = queries.useQuery("get", "/v1/push/applications", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<Application>[] = [
    { name: "title", header: t("senders.shownAs"), cell: (one) => <Text fw={600}>{one.title}</Text> },
    { name: "name", header: t("senders.inMessages"), cell: (one) => one.name },
    { name: "platforms", header: t("senders.platforms"), cell: (one) => platformsOf(one).join(", ") || t("senders.noPlatform") },
    {
      name: "key",
      header: t("senders.appKey"),
      cell: (one) => (
        <Group gap={6} wrap="nowrap">
          <Code style={{ maxWidth: 160, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{one.app_key}</Code>
          <Copy text={one.app_key} />
        </Group>
      ),
    },
    { name: "acts", header: t("act.acts"), cell: (one) => <Acts application={one} show={setProof} edit={() => setEdited(one)} /> },
  ];
  const add = async ({ name = "", title = "", web_contact }: Record<string, string>) => {
    setProof((await bodyOf(api.POST("/v1/push/applications", { body: { name, title, web_contact } }))).proof_key);
  };
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("senders.applications")}
        </Title>
        <Text>{t("senders.applicationsHint")}</Text>
        {edited && <EditApplication of={edited} close={() => setEdited(null)} />}
        {proof && <Secret title={t("senders.proofOnce")} text={proof} close={() => setProof("")} />}
        <ListOf label={t("senders.applications")} of={applications} columns={columns} keyOf={(one) => one.id} empty={<Text>{t("senders.noApplications")}</Text>} />
        <Ask
          fields={[
            { name: "title", label: t("senders.shownAs"), hint: t("senders.applicationTitleHint") },
            { name: "name", label: t("senders.inMessages"), hint: t("senders.nameHint") },
            { name: "web_contact", label: t("senders.webContact"), hint: t("senders.webContactHint"), isOptional: true },
          ]}
          button={t("senders.addApplication")}
          send={add}
        />
      </Stack>
    </Card>
  );
}

function Acts({ application, show, edit }: { application: Application; show: (proof: string) => void; edit: () => void }) {
  const { t } = useTranslation();
  const params = { path: { application_id: application.id } };
  const rotate = useMutation({
    mutationFn: () => bodyOf(api.POST("/v1/push/applications/{application_id}/rotation", { params })),
    onSuccess: (made) => show(made.proof_key),
  });
  return (
    <Group gap="xs">
      <Button size="xs" variant="default" onClick={edit} aria-label={t("act.editNamed", { name: application.title })}>
        {t("act.edit")}
      </Button>
      <LinkButton to={`/app/senders/push/${application.id}`} size="xs" variant="default" aria-label={t("devices.of", { name: application.title })}>
        {t("devices.title")}
      </LinkButton>
      <ConfirmButton size="xs" label={t("senders.newProof")} question={t("senders.newProofAsk", { name: application.title })} act={() => rotate.mutateAsync()} />
      <DeleteButton
        size="xs"
        of={application}
        look={() => bodyOf(api.GET("/v1/push/applications/{application_id}", { params }))}
        question={({ title: name }) => t("senders.deleteApplicationAsk", { name })}
        remove={(header) => api.DELETE("/v1/push/applications/{application_id}", { params: { ...params, header } })}
      />
    </Group>
  );
}

function platformsOf({ fcm, apns, web_contact }: Application): string[] {
  return [...(fcm ? ["Android"] : []), ...(apns ? ["iOS"] : []), ...(web_contact ? ["Web"] : [])];
}
