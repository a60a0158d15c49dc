import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

/** A page, or a step of one: what is typed there is gone with it. */
interface Place {
  pathname: string;
  search: object;
}

const partsOf = ({ pathname, search }: Place) => {
  const { step, part } = search as Record<string, unknown>;
  return JSON.stringify([pathname, step ?? null, part ?? null]);
};

interface UnsavedProps {
  isUnsaved: () => boolean;
  /** What was typed may go. */
  leave: () => void;
}

/** Asks whoever leaves a page with something on it that is typed and not saved. Who is logged out is not asked. */
export function Unsaved({ isUnsaved, leave }: UnsavedProps) {
  const { t } = useTranslation();
  const going = useBlocker({
    shouldBlockFn: ({ current, next }) => isUnsaved() && partsOf(current) !== partsOf(next) && next.pathname !== "/app/login",
    enableBeforeUnload: isUnsaved,
    withResolver: true,
  });
  const proceed = () => {
    leave();
    going.proceed?.();
  };
  return (
    <Modal opened={going.status === "blocked"} onClose={() => going.reset?.()} title={t("unsaved.title")} centered closeButtonProps={{ "aria-label": t("act.close") }}>
      <Stack>
        <Text>{t("unsaved.hint")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={proceed}>
            {t("unsaved.leave")}
          </Button>
          <Button onClick={() => going.reset?.()} data-autofocus>
            {t("unsaved.stay")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
