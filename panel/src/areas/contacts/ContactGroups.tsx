import { Alert, Button, Card, Group, Pill, Select, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { ProblemAlert } from "@/kit/States";

interface Wish {
  groupId: string;
  /** The person has left the group by themselves, and asks to be back. */
  rejoin: boolean;
}

/** Which groups a person is in, and into which else they may be put. */
export function ContactGroups({ contact, mayWrite }: { contact: Schemas["Contact"]; mayWrite: boolean }) {
  const { t } = useTranslation();
  const body = { contact_ids: [contact.id] };
  const leave = useMutation({
    mutationFn: (groupId: string) => api.DELETE("/v1/groups/{group_id}/contacts", { params: { path: { group_id: groupId } }, body }),
    onSuccess: askedAgain,
  });
  const join = useMutation({
    mutationFn: ({ groupId, rejoin }: Wish) => bodyOf(api.POST("/v1/groups/{group_id}/contacts", { params: { path: { group_id: groupId } }, body: { ...body, rejoin } })),
    onSuccess: askedAgain,
  });
  const asked = join.data?.changed === 0 ? join.variables : undefined;
  const hasLeft = asked && !asked.rejoin ? asked.groupId : null;
  return (
    <Card withBorder component="section">
      <Stack gap="sm">
        <Title order={2} size="h4">
          {t("contacts.groups")}
        </Title>
        <ProblemAlert error={leave.error ?? join.error} />
        {contact.groups.length === 0 && <Text>{t("contacts.noGroups")}</Text>}
        <Group gap="xs">
          {contact.groups.map(({ id, name }) => (
            <Pill key={id} size="lg" maw="100%" withRemoveButton={mayWrite} onRemove={() => leave.mutate(id)} removeButtonProps={{ "aria-label": t("contacts.leaveNamed", { name }), tabIndex: 0, "aria-hidden": false }}>
              {name}
            </Pill>
          ))}
        </Group>
        {hasLeft && <AskedToBeBack put={() => join.mutate({ groupId: hasLeft, rejoin: true })} />}
        {mayWrite && <Join not={contact.groups.map(({ id }) => id)} add={(groupId) => join.mutate({ groupId, rejoin: false })} isBusy={join.isPending} />}
      </Stack>
    </Card>
  );
}

/** Nobody is put back into a list that they left, unless somebody says that they asked for it. */
function AskedToBeBack({ put }: { put: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert color="orange" variant="light">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{t("contacts.hasLeft")}</Text>
        <Button variant="default" size="compact-sm" onClick={put}>
          {t("contacts.askedToBeBack")}
        </Button>
      </Stack>
    </Alert>
  );
}

function Join({ not, add, isBusy }: { not: string[]; add: (groupId: string) => void; isBusy: boolean }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  const groups = queries.useQuery("get", "/v1/groups", { params: { query: { limit: 1000 } } });
  const choices = (groups.data?.items ?? []).filter(({ id }) => !not.includes(id)).map(({ id, name }) => ({ value: id, label: name }));
  if (choices.length === 0) return null;
  const put = () => {
    if (chosen) add(chosen);
    setChosen(null);
  };
  return (
    <Group gap="xs" align="flex-end">
      <Select label={t("contacts.addToGroup")} data={choices} searchable value={chosen} onChange={setChosen} flex="1 1 180px" />
      <Button variant="default" onClick={put} disabled={!chosen} loading={isBusy}>
        {t("groups.put")}
      </Button>
    </Group>
  );
}
