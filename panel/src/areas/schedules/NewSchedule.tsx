import { Button, Group, Modal, MultiSelect, Radio, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, bodyOf } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { useUsers } from "@/areas/schedules/useUsers";
import { useMe } from "@/areas/session/me";
import { capital } from "@/kit/formats";
import { ProblemAlert } from "@/kit/States";

const KINDS = ["weekly", "monthly", "campaign"] as const;
const MOST_USERS = 20;

/** When a report comes, and to whom: to whoever asks, where nobody else may be chosen. */
export function NewSchedule({ close }: { close: () => void }) {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const { maySee, users, error } = useUsers();
  const form = useForm({ initialValues: { kind: KINDS[0] as (typeof KINDS)[number], user_ids: [me.id] } });
  const make = useMutation({
    mutationFn: (body: typeof form.values) => bodyOf(api.POST("/v1/report-schedules", { body })),
    onSuccess: async () => {
      await askedAgain();
      close();
    },
    onError: (problem) => form.setErrors(fieldErrors(problem)),
  });
  const reachable = users.filter((one) => one.id === me.id || (one.state === "active" && one.email_confirmed));
  return (
    <Modal opened onClose={close} title={t("schedules.new")} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
        <Stack>
          <ProblemAlert error={make.error ?? error} />
          <Radio.Group label={t("schedules.kind")} {...form.getInputProps("kind")}>
            <Stack mt="xs" gap="xs">
              {KINDS.map((kind) => (
                <Radio key={kind} value={kind} label={capital(t(`schedules.kinds.${kind}`), i18n.language)} description={t(`schedules.whens.${kind}`)} />
              ))}
            </Stack>
          </Radio.Group>
          {maySee ? (
            <MultiSelect
              label={t("schedules.users")} description={t("schedules.usersHint")} required searchable maxValues={MOST_USERS}
              data={reachable.map((one) => ({ value: one.id, label: one.login }))} {...form.getInputProps("user_ids")}
            />
          ) : (
            <Text size="sm">{t("schedules.toYou", { email: me.email })}</Text>
          )}
          {!me.email_confirmed && <Text size="sm">{t("schedules.unconfirmed")}</Text>}
          <Group>
            <Button type="submit" loading={make.isPending} disabled={form.values.user_ids.length === 0}>
              {t("act.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
