import { Alert } from "@mantine/core";
import { onlineManager } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

const BELOW_HEADER = 64;

/** Says why nothing goes on: what is asked for without a network waits for it, and goes out then by itself. */
export function Offline() {
  const { t } = useTranslation();
  const isOnline = useSyncExternalStore((changed) => onlineManager.subscribe(changed), () => onlineManager.isOnline());
  // The box is there before its words: what comes together with them is not read out by all readers.
  return (
    <div role="status" style={{ position: "sticky", top: BELOW_HEADER, zIndex: 1 }}>
      {!isOnline && (
        <Alert color="dark" variant="filled" mb="md" title={t("shell.offlineTitle")}>
          {t("shell.offline")}
        </Alert>
      )}
    </div>
  );
}
