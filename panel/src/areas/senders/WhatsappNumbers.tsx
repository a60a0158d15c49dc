import { Card, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { Ask } from "@/areas/senders/Ask";
import { StateOf } from "@/areas/senders/StateOf";
import type { Column } from "@/kit/DataTable";
import { LinkButton } from "@/kit/LinkButton";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { useFormats } from "@/kit/times";

/** WhatsApp numbers; an active one leads to its templates. */
export function WhatsappNumbers() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const { search } = useListSearch();
  const numbers = queries.useQuery("get", "/v1/whatsapp/senders", { params: { query: { limit: 50, cursor: search.cursor } } });
  const columns: Column<Schemas["WhatsappSender"]>[] = [
    { name: "title", header: t("senders.shownAs"), cell: (one) => <Text fw={600}>{one.title}</Text> },
    { name: "phone", header: t("contacts.phone"), cell: (one) => one.phone },
    { name: "name", header: t("senders.inMessages"), cell: (one) => one.name },
    { name: "state", header: t("campaigns.state"), cell: (one) => <StateOf state={one.state} reason={one.reason} /> },
    { name: "since", header: t("senders.asked"), cell: (one) => day(one.created_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) =>
        one.state === "active" && (
          <LinkButton size="xs" variant="default" to={`/app/senders/whatsapp/${one.id}`} aria-label={t("senders.templatesOf", { name: one.title })}>
            {t("nav.templates")}
          </LinkButton>
        ),
      isOptional: true,
    },
  ];
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("senders.numbers")}
        </Title>
        <Text>{t("senders.numbersHint")}</Text>
        <ListOf label={t("senders.numbers")} of={numbers} columns={columns} keyOf={(one) => one.id} empty={<Text>{t("senders.noNumbers")}</Text>} />
        <Ask
          fields={[
            { name: "title", label: t("senders.shownAs"), hint: t("senders.numberTitleHint") },
            { name: "phone", label: t("contacts.phone"), hint: t("senders.phoneHint") },
            { name: "name", label: t("senders.inMessages"), hint: t("senders.nameHint") },
          ]}
          button={t("senders.request")}
          send={({ name = "", title = "", phone = "" }) => api.POST("/v1/whatsapp/senders", { body: { name, title, phone } })}
        />
      </Stack>
    </Card>
  );
}
