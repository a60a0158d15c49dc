import { Button, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { fieldErrors } from "@/api/refusal";
import { ConfirmButton } from "@/kit/ConfirmButton";
import type { Column } from "@/kit/DataTable";
import { ListOf } from "@/kit/ListOf";
import { notify } from "@/kit/notify";
import { useListSearch } from "@/kit/search";
import { Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Blocked = Schemas["BlockedAddress"];
type Account = Schemas["SmtpAccount"];

/** To whom an SMTP account may not send, whatever its program says. */
export function BlockedAddresses({ of: account, close }: { of: Account; close: () => void }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { search } = useListSearch();
  const path = { smtp_account_id: account.id };
  const blocked = queries.useQuery("get", "/v1/smtp-accounts/{smtp_account_id}/blocked-addresses", { params: { path, query: { limit: 50, cursor: search.cursor } } });
  const unblock = async (blocked_id: string) => {
    await api.DELETE("/v1/smtp-accounts/{smtp_account_id}/blocked-addresses/{blocked_id}", { params: { path: { ...path, blocked_id } } });
    await askedAgain();
  };
  const title = t("partners.blocked.named", { name: account.name });
  const columns: Column<Blocked>[] = [
    { name: "email", header: t("partners.blocked.email"), cell: (one) => <Text style={{ overflowWrap: "anywhere" }}>{one.email}</Text> },
    { name: "at", header: t("partners.blocked.at"), cell: (one) => time(one.created_at) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (one) => (
        <ConfirmButton
          size="xs" label={t("partners.blocked.unblock")} question={t("partners.blocked.unblockAsk", { email: one.email, name: account.name })} act={() => unblock(one.id)}
        />
      ),
    },
  ];
  return (
    <Modal opened onClose={close} size="lg" title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Stack>
        <Text>{t("partners.blocked.hint")}</Text>
        <ListOf label={title} of={blocked} columns={columns} keyOf={(one) => one.id} empty={<Empty title={t("partners.blocked.none")} />} />
        <Block accountId={account.id} />
      </Stack>
    </Modal>
  );
}

function Block({ accountId }: { accountId: string }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const form = useForm({ initialValues: { emails: "" }, validate: { emails: (written) => (linesOf(written).length > 0 ? null : t("partners.blocked.wanted")) } });
  const block = useMutation({
    mutationFn: (emails: string[]) =>
      bodyOf(api.POST("/v1/smtp-accounts/{smtp_account_id}/blocked-addresses", { params: { path: { smtp_account_id: accountId } }, body: { emails } })),
    onSuccess: async ({ blocked }) => {
      notify(t("partners.blocked.added", { count: blocked, number: number(blocked) }));
      form.reset();
      await askedAgain();
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <form onSubmit={form.onSubmit(({ emails }) => block.mutate(linesOf(emails)))}>
      <Stack>
        <ProblemAlert error={block.error} />
        <Textarea label={t("partners.blocked.add")} description={t("partners.blocked.addHint")} autosize minRows={2} maxRows={10} spellCheck={false} {...form.getInputProps("emails")} />
        <Button type="submit" variant="default" loading={block.isPending} style={{ alignSelf: "flex-start" }}>
          {t("partners.blocked.add")}
        </Button>
      </Stack>
    </form>
  );
}

const linesOf = (written: string) => written.split(/[\s,;]+/).filter(Boolean);
