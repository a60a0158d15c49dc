import { Button, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { use } from "react";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { Differences } from "@/areas/templates/Differences";
import { TemplatePicture } from "@/areas/templates/TemplatePicture";
import { EditContext } from "@/kit/ChangedMeanwhile";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { notify } from "@/kit/notify";
import { useListSearch } from "@/kit/search";
import { Answered } from "@/kit/States";
import { useFormats } from "@/kit/times";

const WIDTH = 160;

/** What was saved of a template, newest first, each with its picture; any can be compared with another, or be the present one again. */
export function Versions({ template }: { template: Schemas["Template"] }) {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const versions = queries.useQuery("get", "/v1/templates/{template_id}/versions", { params: { path: { template_id: template.id } } });
  return (
    <Card withBorder component="section" mt="md" aria-label={t("templates.versions")}>
      <Title order={2} size="h4" mb="sm">
        {t("templates.versions")}
      </Title>
      <Answered of={versions}>
        {({ items }) => (
          <>
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
              {items.map((one) => (
                <Version key={one.version} template={template} one={one} />
              ))}
            </SimpleGrid>
            {search.compare && <Differences template={template} versions={items} />}
          </>
        )}
      </Answered>
    </Card>
  );
}

function Version({ template, one }: { template: Schemas["Template"]; one: Schemas["TemplateVersionSummary"] }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { look } = use(EditContext);
  const { change } = useListSearch();
  const name = t("templates.version", { number: one.version });
  const restore = async () => {
    await api.POST("/v1/templates/{template_id}/versions/{version}/restore", { params: { path: { template_id: template.id, version: one.version } } });
    notify(t("act.saved"));
    look();
    await askedAgain();
  };
  return (
    <Stack gap="xs">
      {one.has_picture && <TemplatePicture templateId={template.id} version={one.version} alt={t("templates.pictureOf", { name })} width={WIDTH} />}
      <Text size="sm" fw={600}>
        {name}
      </Text>
      <Text size="sm">
        {one.name} · {time(one.created_at)}
      </Text>
      {one.version !== template.version && (
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => change({ compare: String(one.version) })} aria-label={t("templates.compareNamed", { number: one.version })}>
            {t("templates.compare")}
          </Button>
          <ConfirmButton size="xs" label={t("templates.restore")} question={t("templates.restoreAsk", { number: one.version })} act={restore} />
        </Group>
      )}
    </Stack>
  );
}
