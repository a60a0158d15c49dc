import { Alert, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { queries, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/kit/DataTable";
import { Answered, Empty } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Found = Schemas["SmppBinds"];
type Bind = Found["items"][number];
type Account = Schemas["SmppAccount"];

const EVERY_FIVE_SECONDS = 5_000;

/** Who is bound as an SMPP account now, how that goes, and why the last one who tried was turned away. */
export function Binds({ of: account, close }: { of: Account; close: () => void }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const params = { path: { smpp_account_id: account.id } };
  const binds = queries.useQuery("get", "/v1/smpp-accounts/{smpp_account_id}/binds", { params }, { refetchInterval: EVERY_FIVE_SECONDS });
  const title = t("partners.binds.named", { name: account.name });
  return (
    <Modal opened onClose={close} size="xl" title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      <Answered of={binds}>
        {({ items, last_refused }) => (
          <Stack>
            {last_refused && <Refused last={last_refused} />}
            {account.waiting > 0 && <Text>{t("partners.binds.waiting", { count: account.waiting, number: number(account.waiting) })}</Text>}
            {items.length === 0 ? (
              <Empty title={t("partners.binds.none")}>{t("partners.binds.noneHint", { login: account.system_id })}</Empty>
            ) : (
              <Rows title={title} items={items} window={account.window} />
            )}
            <Text size="sm">{t("partners.binds.kept")}</Text>
          </Stack>
        )}
      </Answered>
    </Modal>
  );
}

function Rows({ title, items, window }: { title: string; items: Bind[]; window: number }) {
  const { t } = useTranslation();
  const { number, time } = useFormats();
  const columns: Column<Bind>[] = [
    { name: "who", header: t("partners.binds.who"), cell: (one) => <Lines of={[t(`partners.binds.kinds.${one.kind}`), one.tls ? `${one.address} · TLS` : one.address]} /> },
    { name: "since", header: t("partners.binds.since"), cell: (one) => time(one.bound_at) },
    {
      name: "messages",
      header: t("partners.binds.messages"),
      cell: (one) => <Lines of={(["accepted", "refused", "delivered"] as const).map((name) => t(`partners.binds.${name}`, { number: number(one[name]) }))} />,
    },
    {
      name: "open",
      header: t("partners.binds.open"),
      cell: (one) => (
        <Lines of={[t("partners.binds.ofWindow", { number: number(one.unanswered), window: number(window) }), t("partners.binds.ofOurs", { number: number(one.unacknowledged) })]} />
      ),
    },
    {
      name: "error",
      header: t("partners.binds.error"),
      cell: (one) => (one.last_error ? <Lines of={[one.last_error, one.last_error_at ? time(one.last_error_at) : ""]} /> : t("partners.binds.noError")),
    },
  ];
  return <DataTable label={title} columns={columns} rows={items} keyOf={(one) => one.id} />;
}

function Lines({ of: lines }: { of: string[] }) {
  return (
    <div>
      {lines.map((line) => (
        <Text key={line} size="sm" style={{ overflowWrap: "anywhere" }}>
          {line}
        </Text>
      ))}
    </div>
  );
}

/** The peer is not told why; whoever asks on its behalf is. */
function Refused({ last }: { last: NonNullable<Found["last_refused"]> }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  return (
    <Alert color="orange" variant="light" title={t("partners.binds.refusedAt", { time: time(last.at), address: last.address })}>
      {t(`partners.binds.reasons.${last.reason}`)}
    </Alert>
  );
}
