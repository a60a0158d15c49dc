import i18n from "@/i18n";

let noticed = false;
const whenNoticed = new Set<() => void>();

/** Says for a moment, in a corner of the page, that something is done. */
export function notify(message: string): void {
  noticed = true;
  for (const listener of whenNoticed) listener();
  const show = ({ notifications }: typeof import("@mantine/notifications")) =>
    notifications.show({ message, closeButtonProps: { "aria-label": i18n.t("act.close") } });
  void import("@mantine/notifications").then(show);
}

/** Whether anything was said yet: until then nobody needs the corner. */
export function isNoticed(): boolean {
  return noticed;
}

export function onNotice(listener: () => void): () => void {
  whenNoticed.add(listener);
  return () => whenNoticed.delete(listener);
}
