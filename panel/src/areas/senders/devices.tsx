import { useTranslation } from "react-i18next";
import { api, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { ConfirmButton } from "@/kit/ConfirmButton";
import type { Column } from "@/kit/DataTable";
import { useFormats } from "@/kit/times";

export type Device = Schemas["Device"];

/** What is to be said of a device, wherever it is shown. */
export function useDeviceColumns(): Column<Device>[] {
  const { t } = useTranslation();
  const { day, time } = useFormats();
  return [
    { name: "platform", header: t("devices.platform"), cell: (one) => t(`devices.platforms.${one.platform}`) },
    { name: "language", header: t("shell.language"), cell: (one) => [one.language, one.time_zone].filter(Boolean).join(", "), isOptional: true },
    { name: "since", header: t("devices.since"), cell: (one) => day(one.created_at) },
    { name: "seen", header: t("devices.seen"), cell: (one) => time(one.seen_at) },
  ];
}

/** Nothing is pushed to it any more, until its app or browser registers it anew. */
export function ForgetDevice({ device, application }: { device: Device; application: string }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const forget = async () => {
    await api.DELETE("/v1/push/devices/{device_id}", { params: { path: { device_id: device.id } } });
    await askedAgain();
  };
  const question = t("devices.forgetAsk", { platform: t(`devices.platforms.${device.platform}`), application, time: time(device.seen_at) });
  return <ConfirmButton size="xs" label={t("devices.forget")} question={question} act={forget} />;
}
