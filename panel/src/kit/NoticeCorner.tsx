import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";

/** Where `notify` says what it says; a file of its own, for no page has to wait for it. */
export default function NoticeCorner() {
  return <Notifications position="bottom-right" />;
}
