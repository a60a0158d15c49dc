import { Alert, Button, Card, Group, Skeleton, Stack, Text } from "@mantine/core";
import { lazy, type ReactNode, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { refusalOf } from "@/api/refusal";
import { ChangedMeanwhile } from "@/kit/ChangedMeanwhile";
import { useRightWords } from "@/kit/rights";

// Few are asked to, and only some while after they have logged in.
const Prove = lazy(() => import("@/kit/Prove"));

/** What the API said instead of an answer, in its own words, with the number by which support finds it. */
export function ProblemAlert({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  if (!error) return null;
  const refusal = refusalOf(error);
  if (refusal.isOfOlderVersion) return <ChangedMeanwhile />;
  // What is refused of one field alone is often the whole of it.
  const fields = refusal.fields.filter((one) => one.detail !== refusal.message);
  const words = refusal.status === 0 ? t("state.offline") : refusal.message || t("state.failed");
  return (
    <Alert color="red" variant="light" role="alert" title={refusal.permission ? t("state.forbidden") : undefined}>
      <Stack gap="xs">
        <Text size="sm">{words}</Text>
        {fields.length > 0 && (
          <ul style={{ margin: 0, paddingInlineStart: "1.2em" }}>
            {fields.map((one) => (
              <li key={`${one.field}${one.code}`}>
                <Text size="sm" span>
                  {one.detail}
                </Text>
              </li>
            ))}
          </ul>
        )}
        {refusal.wantsProof && (
          <Suspense>
            <Prove />
          </Suspense>
        )}
        {refusal.permission && (
          <Text size="sm">
            <AskOwner permission={refusal.permission} />
          </Text>
        )}
        {(retry || refusal.requestId) && (
          <Group gap="sm">
            {retry && (
              <Button size="xs" variant="default" onClick={retry}>
                {t("state.retry")}
              </Button>
            )}
            {refusal.requestId && (
              <Text size="xs" style={{ overflowWrap: "anywhere" }}>
                {t("state.number", { number: refusal.requestId })}
              </Text>
            )}
          </Group>
        )}
      </Stack>
    </Alert>
  );
}

/** Where a page would be that needs a right which this person does not have. */
export function NoRight({ permission }: { permission: string }) {
  const { t } = useTranslation();
  return (
    <Empty title={t("state.forbidden")}>
      <AskOwner permission={permission} />
    </Empty>
  );
}

/** Whom to ask for a right, by what it is called where rights are given. */
export function AskOwner({ permission }: { permission: string }) {
  const { t } = useTranslation();
  const rightOf = useRightWords();
  return t("state.askOwner", { permission: rightOf(permission) ?? permission });
}

export function Loading({ lines = 4 }: { lines?: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={28} />
      ))}
    </Stack>
  );
}

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Card withBorder padding="xl">
      <Stack align="center" gap="xs">
        <Text fw={600} ta="center">
          {title}
        </Text>
        {children && (
          <Text ta="center" maw="55ch" component="div">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Card>
  );
}

export interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** One of three: the wait, the problem, or the content of what was asked for. */
export function Answered<T>({ of, children }: { of: Asked<T>; children: (data: T) => ReactNode }) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) return <ProblemAlert error={of.error} retry={() => void of.refetch()} />;
  return <Loading />;
}
