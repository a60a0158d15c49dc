import { Button, Card, SimpleGrid, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { CampaignRules } from "@/areas/account/CampaignRules";
import { Closing } from "@/areas/account/Closing";
import { FrequencyCap } from "@/areas/account/FrequencyCap";
import { useAllowed } from "@/areas/session/me";
import { useChannelName } from "@/kit/channel";
import { Edited } from "@/kit/Edited";
import { notify } from "@/kit/notify";
import { Answered, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";
import { useEditing } from "@/kit/useEditing";

const COMPANY = ["name", "address", "email", "phone", "site", "vat_number"] as const;
const ZONES = Intl.supportedValuesOf("timeZone");

export function Account() {
  const mayRead = useAllowed("account.read");
  const account = queries.useQuery("get", "/v1/account");
  return (
    <AccountFrame tab="account">
      <Answered of={account}>
        {(found) => (
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            <Edited of={account}>{(opened) => <Settings account={opened} />}</Edited>
            <Stack>
              <Usage account={found} />
              {mayRead && <FrequencyCap />}
              {mayRead && <CampaignRules />}
              <Closing account={found} />
            </Stack>
          </SimpleGrid>
        )}
      </Answered>
    </AccountFrame>
  );
}

function Settings({ account }: { account: Schemas["Account"] }) {
  const { t } = useTranslation();
  const mayWrite = useAllowed("account.write");
  const company = account.company as Record<string, string | undefined>;
  const { form, save, submit } = useEditing({
    initialValues: {
      time_zone: account.time_zone,
      ...(Object.fromEntries(COMPANY.map((name) => [name, company[name] ?? ""])) as Record<(typeof COMPANY)[number], string>),
    },
    send: ({ time_zone, ...texts }, header) => {
      const changed = Object.fromEntries(COMPANY.filter((name) => texts[name] !== (company[name] ?? "")).map((name) => [name, texts[name]]));
      return bodyOf(api.PATCH("/v1/account", { params: { header }, body: { time_zone, ...(Object.keys(changed).length > 0 && { company: changed }) } }));
    },
    onSaved: () => notify(t("act.saved")),
    names: Object.fromEntries(COMPANY.map((name) => [`company.${name}`, name])),
  });
  return (
    <Card withBorder component="section">
      <form onSubmit={submit}>
        <Stack>
          <Title order={2} size="h4">
            {t("account.company")}
          </Title>
          <ProblemAlert error={save.error} />
          {COMPANY.map((name) => (
            <TextInput key={name} label={t(`account.fields.${name}`)} {...form.getInputProps(name)} />
          ))}
          <Select label={t("account.zone")} description={t("account.zoneHint")} data={ZONES} searchable allowDeselect={false} {...form.getInputProps("time_zone")} />
          <Button type="submit" disabled={!mayWrite} loading={save.isPending} style={{ alignSelf: "flex-start" }}>
            {t("act.save")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}

function Usage({ account }: { account: Schemas["Account"] }) {
  const { t } = useTranslation();
  const channelName = useChannelName();
  const { number, day, money } = useFormats();
  const usage = queries.useQuery("get", "/v1/account/usage");
  return (
    <Card withBorder component="section">
      <Stack gap="xs">
        <Title order={2} size="h4">
          {t("home.plan", { plan: account.plan.name })}
        </Title>
        <Text>
          {money(account.plan.price)} · {t("account.period", { count: account.plan.period_days })}
        </Text>
        <Answered of={usage}>
          {({ features, contacts }) => (
            <>
              {features.map((one) => (
                <Text key={one.feature}>
                  {channelName(one.feature)}:{" "}
                  {one.limit == null
                    ? t("home.unlimited", { used: number(one.used) })
                    : t("account.used", { used: number(one.used), limit: number(one.limit), day: day(one.period_ends_at) })}
                </Text>
              ))}
              <Text>
                {t("contacts.title")}: {number(contacts.used)}
                {contacts.limit != null && ` / ${number(contacts.limit)}`}
              </Text>
            </>
          )}
        </Answered>
        <Text size="sm">{t("account.retention", { count: account.plan.retention_days })}</Text>
      </Stack>
    </Card>
  );
}
