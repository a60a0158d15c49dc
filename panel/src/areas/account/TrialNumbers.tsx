import { Button, Card, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { AccountFrame } from "@/areas/account/AccountFrame";
import { Ask } from "@/areas/senders/Ask";
import { useAllowed, useMe } from "@/areas/session/me";
import { ConfirmButton } from "@/kit/ConfirmButton";
import { ListOf } from "@/kit/ListOf";
import { useListSearch } from "@/kit/search";
import { Empty, ProblemAlert } from "@/kit/States";
import { asTyped } from "@/kit/phone";
import { useFormats } from "@/kit/times";

type TrialNumber = Schemas["TrialNumber"];
/** Numbers are written in groups, and with the brackets of a prefix; the API takes digits. */
const add = (phone: string) => api.POST("/v1/trial-numbers", { body: { phone: asTyped(phone) } });

/** Where an account on trial may send SMS: phones whose owner has told the code. */
export function TrialNumbers() {
  const { t } = useTranslation();
  const { account_state } = useMe();
  const { search } = useListSearch();
  const { day } = useFormats();
  const mayWrite = useAllowed("account.write");
  const numbers = queries.useQuery("get", "/v1/trial-numbers", { params: { query: { limit: 50, cursor: search.cursor } } });
  return (
    <AccountFrame tab="trial">
      <Stack>
        <Text maw="70ch">{t(account_state === "trial" ? "trial.lead" : "trial.over")}</Text>
        {mayWrite && account_state === "trial" && (
          <Card withBorder>
            <Ask fields={[{ name: "phone", label: t("trial.phone"), hint: t("trial.phoneHint") }]} button={t("trial.add")} send={({ phone = "" }) => add(phone)} />
          </Card>
        )}
        <ListOf
          label={t("account.tabs.trial")}
          of={numbers}
          keyOf={(one) => one.id}
          empty={<Empty title={t("trial.none")} />}
          columns={[
            { name: "phone", header: t("trial.phone"), cell: (one) => <Text fw={600}>{one.phone}</Text> },
            { name: "state", header: t("campaigns.state"), cell: (one) => (one.confirmed_at ? t("trial.confirmed", { day: day(one.confirmed_at) }) : <Code number={one} />) },
            { name: "acts", header: t("act.acts"), cell: (one) => mayWrite && <Remove number={one} /> },
          ]}
        />
      </Stack>
    </AccountFrame>
  );
}

/** The code that has come by SMS. */
function Code({ number }: { number: TrialNumber }) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const confirm = useMutation({
    mutationFn: () => api.POST("/v1/trial-numbers/{trial_number_id}/confirmation", { params: { path: { trial_number_id: number.id } }, body: { code: code.trim() } }),
    onSuccess: askedAgain,
  });
  const again = useMutation({ mutationFn: () => add(number.phone), onSuccess: askedAgain });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    confirm.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap={4}>
        <Group gap="xs" align="flex-end">
          <TextInput size="xs" w={130} label={t("trial.code")} aria-label={t("trial.codeFor", { phone: number.phone })} value={code} onChange={(event) => setCode(event.currentTarget.value)} inputMode="numeric" autoComplete="one-time-code" error={fieldErrors(confirm.error).code} />
          <Button type="submit" size="xs" disabled={!code.trim()} loading={confirm.isPending}>
            {t("trial.confirm")}
          </Button>
          <Button size="xs" variant="default" onClick={() => again.mutate()} loading={again.isPending}>
            {t("trial.again")}
          </Button>
        </Group>
        <Text size="sm">{t("trial.waits")}</Text>
        <ProblemAlert error={confirm.error ?? again.error} />
      </Stack>
    </form>
  );
}

function Remove({ number }: { number: TrialNumber }) {
  const { t } = useTranslation();
  const remove = async () => {
    await api.DELETE("/v1/trial-numbers/{trial_number_id}", { params: { path: { trial_number_id: number.id } } });
    await askedAgain();
  };
  return <ConfirmButton size="xs" label={t("act.delete")} question={t("trial.deleteAsk", { phone: number.phone })} act={remove} />;
}
