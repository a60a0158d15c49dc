import { Button, type ButtonProps, Group, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ProblemAlert } from "@/kit/States";

interface ConfirmButtonProps extends ButtonProps {
  label: string;
  /** What will be gone, by its name. */
  question: ReactNode;
  act: () => Promise<unknown>;
}

/** A button whose act cannot be undone: it names what goes, and asks once. */
export function ConfirmButton({ label, question, act, ...look }: ConfirmButtonProps) {
  const [opened, { open, close }] = useDisclosure(false);
  const [running, setRunning] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async () => {
    setRunning(true);
    setError(null);
    try {
      await act();
      close();
    } catch (problem) {
      setError(problem);
    } finally {
      setRunning(false);
    }
  };
  return (
    <>
      <Button variant="default" {...look} onClick={open}>
        {label}
      </Button>
      <ConfirmWindow label={label} opened={opened} close={close} isRunning={running} confirm={() => void confirm()}>
        <Text component="div">{question}</Text>
        <ProblemAlert error={error} />
      </ConfirmWindow>
    </>
  );
}

interface ConfirmWindowProps {
  label: string;
  opened: boolean;
  close: () => void;
  isRunning: boolean;
  /** Null while it is not known what is asked about. */
  confirm: (() => void) | null;
  children: ReactNode;
}

/** What is asked before an act, with the button that does it, and one that does not. */
export function ConfirmWindow({ label, opened, close, isRunning, confirm, children }: ConfirmWindowProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={close} title={label} centered closeButtonProps={{ "aria-label": t("act.close") }}>
      <Stack>
        {children}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t("act.cancel")}
          </Button>
          <Button color="red.9" loading={isRunning} disabled={!confirm} onClick={confirm ?? undefined}>
            {label}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
