import { Alert, Anchor, Card, SimpleGrid, Stack, Text, Timeline, Title } from "@mantine/core";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { ContactDevices } from "@/areas/contacts/ContactDevices";
import { ContactEdit } from "@/areas/contacts/ContactEdit";
import { ContactGroups } from "@/areas/contacts/ContactGroups";
import { ContactHistory } from "@/areas/contacts/ContactHistory";
import { nameOf } from "@/areas/contacts/names";
import { useAllowed } from "@/areas/session/me";
import { useChannelName } from "@/kit/channel";
import { DeleteButton } from "@/kit/DeleteButton";
import { Edited } from "@/kit/Edited";
import { Page } from "@/kit/Page";
import { Answered, type Asked } from "@/kit/States";
import { useFormats } from "@/kit/times";

export function ContactPage() {
  const { contactId } = useParams({ strict: false }) as { contactId: string };
  const path = { contact_id: contactId };
  const contact = queries.useQuery("get", "/v1/contacts/{contact_id}", { params: { path } });
  return <Answered of={contact}>{(found) => <Whole key={found.id} contact={found} asked={contact} />}</Answered>;
}

type Contact = Schemas["Contact"];

function Whole({ contact, asked }: { contact: Contact; asked: Asked<Contact> }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const mayWrite = useAllowed("contacts.write");
  const maySeeDevices = useAllowed("push.senders");
  const mayReport = useAllowed("reports.read");
  const channelName = useChannelName();
  const path = { contact_id: contact.id };
  return (
    <Page
      title={nameOf(contact)}
      parent={{ to: "/app/contacts", label: t("contacts.title") }}
      actions={
        mayWrite && (
          <DeleteButton
            label={t("contacts.delete")}
            of={contact}
            look={() => bodyOf(api.GET("/v1/contacts/{contact_id}", { params: { path } }))}
            question={(now) => t("contacts.deleteAsk", { name: nameOf(now) })}
            remove={(header) => api.DELETE("/v1/contacts/{contact_id}", { params: { path, header } })}
            onGone={() => navigate({ to: "/app/contacts" })}
          />
        )
      }
    >
      {contact.archived.length > 0 && (
        <Alert color="orange" variant="light">
          {t("contacts.archivedNow", { where: contact.archived.map((one) => channelName(one.channel)).join(", ") })}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Stack>
          <Edited of={asked}>{(opened) => <ContactEdit key={opened.updated_at} contact={opened} mayWrite={mayWrite} />}</Edited>
          <ContactGroups contact={contact} mayWrite={mayWrite} />
          {maySeeDevices && <ContactDevices contactId={contact.id} />}
        </Stack>
        <Stack>
          {mayReport && <ContactHistory contact={contact} />}
          <Consents contactId={contact.id} />
        </Stack>
      </SimpleGrid>
    </Page>
  );
}

function Consents({ contactId }: { contactId: string }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  const path = { contact_id: contactId };
  const consents = queries.useQuery("get", "/v1/contacts/{contact_id}/consents", { params: { path } });
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="sm">
        {t("contacts.consents")}
      </Title>
      <Answered of={consents}>
        {({ items }) =>
          items.length === 0 ? (
            <Text>{t("contacts.noConsents")}</Text>
          ) : (
            <Timeline bulletSize={14} lineWidth={2}>
              {items.map((one, place) => (
                <Timeline.Item
                  key={`${one.channel}${one.at}${place}`}
                  title={`${channelName(one.channel)}: ${t(one.granted ? "contacts.granted" : "contacts.withdrawn")}`}
                >
                  <Text size="sm">
                    {time(one.at)}
                    {one.source && <Source of={one.source} />}
                  </Text>
                </Timeline.Item>
              ))}
            </Timeline>
          )
        }
      </Answered>
    </Card>
  );
}

/** Pages of what a consent may have come from. */
const PAGES: Record<string, string> = { import: "/app/imports", form: "/app/forms" };

/** Where a consent came from or went, with the way to it; what nobody has words for is the account's own words. */
function Source({ of }: { of: string }) {
  const { t, i18n } = useTranslation();
  const [kind = "", id = ""] = of.split(":");
  const key = kind === "archive" ? `archive.reasons.${id}` : `contacts.sources.${kind}`;
  const words = i18n.exists(key) ? t(key as "contacts.sources.import") : of;
  const page = PAGES[kind];
  return (
    <>
      {" · "}
      {page && id ? (
        <Anchor component={Link} to={`${page}/${id}`} size="sm" underline="always">
          {words}
        </Anchor>
      ) : (
        words
      )}
    </>
  );
}
