import { Alert, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { Ask } from "@/areas/senders/Ask";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { notify } from "@/kit/notify";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, ProblemAlert } from "@/kit/States";
import { StateBadge } from "@/kit/StateBadge";

/** Single addresses that mails come from, where the domain itself is not authorised. */
export function SenderAddresses() {
  const { t } = useTranslation();
  const { search } = useListSearch();
  const addresses = queries.useQuery("get", "/v1/sender-addresses", { params: { query: { limit: 50, cursor: search.cursor } } });
  return (
    <Card withBorder component="section">
      <Stack>
        <Title order={2} size="h4">
          {t("senders.addresses")}
        </Title>
        <Text>{t("senders.addressesHint")}</Text>
        <Answered of={addresses}>
          {({ items, next_cursor }) => (
            <>
              {items.length === 0 ? <Text>{t("senders.noAddresses")}</Text> : items.map((one) => <Address key={one.id} address={one} />)}
              <Pager cursor={search.cursor} next={next_cursor} />
            </>
          )}
        </Answered>
        <Ask
          fields={[
            { name: "email", label: t("senders.address"), hint: t("senders.addressHint") },
            { name: "name", label: t("senders.addressName"), hint: t("senders.addressNameHint"), isOptional: true },
          ]}
          button={t("senders.add")}
          send={({ email = "", name }) => api.POST("/v1/sender-addresses", { body: { email, name } })}
        />
      </Stack>
    </Card>
  );
}

/** One address, with what is to be said of its domain; the code that was mailed there proves it. */
function Address({ address }: { address: Schemas["SenderAddress"] }) {
  const { t } = useTranslation();
  const { id, email, name, state, warning, is_of_trial } = address;
  const params = { path: { address_id: id } };
  const again = useMutation({
    mutationFn: () => api.POST("/v1/sender-addresses/{address_id}/code", { params }),
    onSuccess: ({ data }) => data?.state === "pending" && notify(t("senders.codeSentTo", { email })),
    onSettled: askedAgain,
  });
  const remove = async () => {
    await api.DELETE("/v1/sender-addresses/{address_id}", { params });
    await askedAgain();
  };
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <div>
            <Text fw={600} style={{ overflowWrap: "anywhere" }}>
              {email}
            </Text>
            {name && <Text size="sm">{name}</Text>}
          </div>
          <Group gap="xs">
            <StateBadge state={state} />
            {state === "pending" && (
              <Button size="xs" variant="default" loading={again.isPending} onClick={() => again.mutate()} aria-label={t("senders.codeAgainTo", { email })}>
                {t("senders.codeAgain")}
              </Button>
            )}
            {!is_of_trial && <ConfirmButton size="xs" label={t("act.delete")} question={t("senders.deleteAsk", { domain: email })} act={remove} />}
          </Group>
        </Group>
        {is_of_trial && <Text size="sm">{t("senders.ofTrial")}</Text>}
        <ProblemAlert error={again.error} />
        {warning && (
          <Alert color="orange" variant="light" role="status">
            {t(`senders.warning.${warning.code.replace("sender_address.", "")}`, { defaultValue: warning.detail })}
          </Alert>
        )}
        {state === "pending" && (
          <Ask
            fields={[{ name: "code", label: t("senders.codeTo", { email }), hint: t("senders.codeHint") }]}
            button={t("senders.confirm")}
            send={({ code = "" }) => api.POST("/v1/sender-addresses/{address_id}/confirm", { params, body: { code } })}
          />
        )}
      </Stack>
    </Card>
  );
}
