import { Anchor, Badge, Button, Card, Group, SimpleGrid, Stack, Text, Timeline, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { fieldErrors } from "@/api/refusal";
import { bodyOfForm, ContactFields, formOf } from "@/areas/contacts/ContactFields";
import { nameOf } from "@/areas/contacts/names";
import { useAllowed } from "@/areas/session/me";
import { useChannelName } from "@/kit/channel";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { Page } from "@/kit/Page";
import { Answered, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";
import { useFormats } from "@/kit/times";

export function ContactPage() {
  const { contactId } = useParams({ strict: false }) as { contactId: string };
  const path = { contact_id: contactId };
  const contact = queries.useQuery("get", "/v1/contacts/{contact_id}", { params: { path } });
  return <Answered of={contact}>{(found) => <Whole key={found.updated_at} contact={found} />}</Answered>;
}

function Whole({ contact }: { contact: Schemas["Contact"] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const known = useQueryClient();
  const mayWrite = useAllowed("contacts.write");
  const mayReport = useAllowed("reports.read");
  const remove = async () => {
    await api.DELETE("/v1/contacts/{contact_id}", { params: { path: { contact_id: contact.id } } });
    await navigate({ to: "/app/contacts" });
    await known.invalidateQueries();
  };
  return (
    <Page
      title={nameOf(contact)}
      parent={{ to: "/app/contacts", label: t("contacts.title") }}
      actions={mayWrite && <ConfirmButton label={t("contacts.delete")} question={t("contacts.deleteAsk", { name: nameOf(contact) })} act={remove} />}
    >
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Stack>
          <Edit contact={contact} mayWrite={mayWrite} />
          <Groups ids={contact.group_ids} />
        </Stack>
        <Stack>
          {mayReport && <Messages contact={contact} />}
          <Consents contactId={contact.id} />
        </Stack>
      </SimpleGrid>
    </Page>
  );
}

function Edit({ contact, mayWrite }: { contact: Schemas["Contact"]; mayWrite: boolean }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const before = formOf(contact);
  const form = useForm({ initialValues: before });
  const save = queries.useMutation("patch", "/v1/contacts/{contact_id}", {
    onSuccess: async () => {
      notifications.show({ message: t("act.saved") });
      await known.invalidateQueries();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const submit = form.onSubmit((values) =>
    save.mutate({ params: { path: { contact_id: contact.id } }, body: bodyOfForm(values, before) }),
  );
  const custom = Object.entries(contact.fields ?? {});
  return (
    <Card withBorder component="section" aria-label={t("contacts.details")}>
      <form onSubmit={submit}>
        <Stack>
          <ProblemAlert error={save.error} />
          <ContactFields form={form} />
          {custom.map(([key, value]) => (
            <Text key={key} size="sm">
              {key}: {String(value)}
            </Text>
          ))}
          <Group>
            <Button type="submit" disabled={!mayWrite} loading={save.isPending}>
              {t("act.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function Groups({ ids }: { ids: string[] }) {
  const { t } = useTranslation();
  const groups = queries.useQuery("get", "/v1/groups", { params: { query: { limit: 1000 } } });
  const mine = groups.data?.items.filter((group) => ids.includes(group.id)) ?? [];
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="xs">
        {t("contacts.groups")}
      </Title>
      {mine.length === 0 && <Text>{t("contacts.noGroups")}</Text>}
      <Group gap="xs">
        {mine.map((group) => (
          <Badge key={group.id} variant="light" tt="none" autoContrast>
            {group.name}
          </Badge>
        ))}
      </Group>
    </Card>
  );
}

/** What the person was sent, on every channel: the log of each address, put together by time. */
function Messages({ contact }: { contact: Schemas["Contact"] }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { time } = useFormats();
  const addresses = [contact.phone, contact.email];
  const [sms, email] = addresses.map((address) => ({ address: address ?? "", limit: 20 }));
  const bySms = queries.useQuery("get", "/v1/messages", { params: { query: sms } }, { enabled: Boolean(contact.phone) });
  const byEmail = queries.useQuery("get", "/v1/messages", { params: { query: email } }, { enabled: Boolean(contact.email) });
  const messages = [...(bySms.data?.items ?? []), ...(byEmail.data?.items ?? [])].sort((a, b) =>
    b.created_at.localeCompare(a.created_at),
  );
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="sm">
        {t("contacts.history")}
      </Title>
      <ProblemAlert error={bySms.error ?? byEmail.error} />
      {messages.length === 0 && <Text>{t("contacts.noHistory")}</Text>}
      <Timeline bulletSize={14} lineWidth={2}>
        {messages.map((message) => (
          <Timeline.Item
            key={message.id}
            title={
              <Group gap="xs">
                <Anchor component={Link} to={`/app/messages/${message.id}`} size="sm">
                  {channelName(message.channel)} · {message.sender ?? "–"}
                </Anchor>
                <StateBadge state={message.state} />
              </Group>
            }
          >
            <Text size="sm">{time(message.created_at)}</Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Card>
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
                    {one.source && ` · ${one.source}`}
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
