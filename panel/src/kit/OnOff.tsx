import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** Whether something is switched on, by its word. */
export function OnOff({ isOn }: { isOn: boolean }) {
  const { t } = useTranslation();
  return (
    <Badge variant="light" color={isOn ? "teal" : "gray"} tt="none" miw="max-content" autoContrast>
      {t(isOn ? "state.on" : "state.off")}
    </Badge>
  );
}
