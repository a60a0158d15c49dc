import { lazy, Suspense, useSyncExternalStore } from "react";
import { isNoticed, onNotice } from "@/kit/notify";

const NoticeCorner = lazy(() => import("@/kit/NoticeCorner"));

/** The corner of the page for `notify`, from the first notice on. */
export function Notices() {
  return useSyncExternalStore(onNotice, isNoticed) ? (
    <Suspense>
      <NoticeCorner />
    </Suspense>
  ) : null;
}
