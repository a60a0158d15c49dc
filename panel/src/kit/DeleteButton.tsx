import { Alert, Button, type ButtonProps, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, use, useState } from "react";
import { useTranslation } from "react-i18next";
import { refusalOf } from "@/api/refusal";
import { tagOf } from "@/api/tags";
import { EditContext } from "@/kit/ChangedMeanwhile";
import { ConfirmWindow } from "@/kit/ConfirmButton";
import { Loading, ProblemAlert } from "@/kit/States";
import type { IfMatch } from "@/kit/useEditing";

interface DeleteButtonProps<T> extends ButtonProps {
  /** Where it is called otherwise than to delete. */
  label?: string;
  /** As the page shows it; one of a list is looked at anew, for a list does not say which version it shows. */
  of: T;
  look: () => Promise<T>;
  /** What will be gone, by its name. */
  question: (thing: T) => ReactNode;
  remove: (header: IfMatch) => Promise<unknown>;
  onGone?: () => unknown;
}

const changedAt = (thing: object) => (thing as { updated_at?: string }).updated_at;

/** Deletes the very version of a thing that somebody was asked about: one that was changed meanwhile is asked about again. */
export function DeleteButton<T extends object>({ of, look, question, remove, onGone, label: named, ...style }: DeleteButtonProps<T>) {
  const { t } = useTranslation();
  const { drop } = use(EditContext);
  const [opened, { open, close }] = useDisclosure(false);
  const [seen, setSeen] = useState<T | null>(null);
  const [isNewer, setNewer] = useState(false);
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const lookAgain = async () => {
    setSeen(null);
    const now = await look();
    setSeen(now);
    return now;
  };
  const attempt = async (act: () => Promise<unknown>) => {
    setRunning(true);
    setError(null);
    setNewer(false);
    await act().catch(setError);
    setRunning(false);
  };
  const ask = async () => {
    if (tagOf(of)) return setSeen(of);
    if (changedAt(await lookAgain()) !== changedAt(of)) setNewer(true);
  };
  const confirm = async () => {
    try {
      await remove({ "If-Match": (seen && tagOf(seen)) ?? "*" });
    } catch (problem) {
      if (!refusalOf(problem).isOfOlderVersion) throw problem;
      await lookAgain();
      return setNewer(true);
    }
    close();
    drop();
    await onGone?.();
  };
  const label = named ?? t("act.delete");
  return (
    <>
      <Button variant="default" {...style} onClick={() => (open(), void attempt(ask))}>
        {label}
      </Button>
      <ConfirmWindow label={label} opened={opened} close={close} isRunning={isRunning} confirm={seen && (() => void attempt(confirm))}>
        {isNewer && (
          <Alert color="orange" variant="light" role="alert" title={t("changed.title")}>
            {t("changed.notDeleted")}
          </Alert>
        )}
        {seen ? <Text component="div">{question(seen)}</Text> : !error && <Loading lines={1} />}
        <ProblemAlert error={error} />
      </ConfirmWindow>
    </>
  );
}
