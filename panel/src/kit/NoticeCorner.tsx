import "@/mantineRest.css";
import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";

/** Where `notify` says what it says; a file of its own, fetched with the first notice. */
export default function NoticeCorner() {
  return <Notifications position="bottom-right" />;
}
