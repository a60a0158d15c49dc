import { Button, Card, SimpleGrid, Stack, Switch, TagsInput, Text, Title, Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { Edited } from "@/kit/Edited";
import { notify } from "@/kit/notify";
import { ProblemAlert } from "@/kit/States";
import { useEditing } from "@/kit/useEditing";

const TRUSTED_DAYS = ["0", "1", "7", "30"];

/** Rules for everybody in the account: from which addresses it may be used, and with which second factor. */
export function Rules() {
  const rules = queries.useQuery("get", "/v1/account/ip-rules");
  const security = queries.useQuery("get", "/v1/account/security");
  return (
    <AccountFrame tab="rules">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Edited of={rules}>{(found) => <Addresses rules={found} />}</Edited>
        <Edited of={security}>{(found) => <SecondFactor settings={found} />}</Edited>
      </SimpleGrid>
    </AccountFrame>
  );
}

function Addresses({ rules }: { rules: Schemas["IpRules"] }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: { panel: rules.panel ?? [], api: rules.api ?? [] },
    send: (body, header) => bodyOf(api.PUT("/v1/account/ip-rules", { params: { header }, body })),
    onSaved: () => notify(t("act.saved")),
  });
  return (
    <Card withBorder component="section">
      <form onSubmit={submit}>
        <Stack>
          <Title order={2} size="h4">
            {t("rules.addresses")}
          </Title>
          <Text>{t("rules.addressesHint")}</Text>
          <ProblemAlert error={save.error} />
          <TagsInput label={t("rules.panel")} placeholder="192.0.2.0/24" acceptValueOnBlur {...form.getInputProps("panel")} />
          <TagsInput label={t("rules.api")} placeholder="2001:db8::/48" acceptValueOnBlur {...form.getInputProps("api")} />
          <Button type="submit" loading={save.isPending} style={{ alignSelf: "flex-start" }}>
            {t("act.save")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}

function SecondFactor({ settings }: { settings: Schemas["SecuritySettings"] }) {
  const { t } = useTranslation();
  const { form, save, submit } = useEditing({
    initialValues: { required: settings.second_factor_required ?? false, days: String(settings.trusted_device_days ?? 0) },
    send: ({ required, days }, header) =>
      bodyOf(api.PUT("/v1/account/security", { params: { header }, body: { second_factor_required: required, trusted_device_days: Number(days) } as never })),
    onSaved: () => notify(t("act.saved")),
    names: { second_factor_required: "required", trusted_device_days: "days" },
  });
  return (
    <Card withBorder component="section">
      <form onSubmit={submit}>
        <Stack>
          <Title order={2} size="h4">
            {t("security.second")}
          </Title>
          <ProblemAlert error={save.error} />
          <Switch label={t("rules.required")} description={t("rules.requiredHint")} {...form.getInputProps("required", { type: "checkbox" })} />
          <Select label={t("rules.trusted")} data={TRUSTED_DAYS.map((days) => ({ value: days, label: t("rules.days", { count: Number(days) }) }))} allowDeselect={false} {...form.getInputProps("days")} />
          <Button type="submit" loading={save.isPending} style={{ alignSelf: "flex-start" }}>
            {t("act.save")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
