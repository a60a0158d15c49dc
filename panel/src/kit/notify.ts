import i18n from "@/i18n";

/** Says for a moment, in a corner of the page, that something is done. */
export function notify(message: string): void {
  const show = ({ notifications }: typeof import("@mantine/notifications")) =>
    notifications.show({ message, closeButtonProps: { "aria-label": i18n.t("act.close") } });
  void import("@mantine/notifications").then(show);
}
