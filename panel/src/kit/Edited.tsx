import { Fragment, type ReactNode, useRef, useState } from "react";
import { refusalOf } from "@/api/refusal";
import { tagOf } from "@/api/tags";
import { type Edit, EditContext } from "@/kit/ChangedMeanwhile";
import { Answered, type Asked } from "@/kit/States";
import { Unsaved } from "@/kit/Unsaved";

/** For the question about one of a list when its form is opened: as it is now, not as it once was. */
export const fresh = (row: object | null) => ({ enabled: row !== null, gcTime: 0 });

interface EditedProps<T> {
  of: Asked<T>;
  children: (opened: T) => ReactNode;
}

/**
 * A thing and the form that changes it. A newer version is shown by itself until something is typed; from then on the form
 * is about the version that it was opened with, what it sends is refused where there is a newer one, and whoever leaves the
 * page before it is saved is asked.
 */
export function Edited<T extends object>({ of, children }: EditedProps<T>) {
  return (
    <Answered of={of}>
      {(newest) => (
        <Opened newest={newest} ask={of.refetch}>
          {children}
        </Opened>
      )}
    </Answered>
  );
}

/** The same of a form that makes new things, too; those are null. */
export function EditedOrNew<T extends object>({ isNew, of, children }: { isNew: boolean; of: Asked<T>; children: (opened: T | null) => ReactNode }) {
  return isNew ? children(null) : <Edited of={of}>{children}</Edited>;
}

interface OpenedProps<T> {
  newest: T;
  ask: () => unknown;
  children: (opened: T) => ReactNode;
}

function Opened<T extends object>({ newest, ask, children }: OpenedProps<T>) {
  const [round, setRound] = useState(0);
  const [held, setHeld] = useState<{ thing: T; key: string } | null>(null);
  const [newer, setNewer] = useState<{ tag: string; isAgreed: boolean } | null>(null);
  // Read when it is sent: of two saves at once the second is about what the first has made.
  const meant = useRef<string | null>(null);
  const isUnsaved = useRef(false);
  const thing = held?.thing ?? newest;
  const key = held?.key ?? `${round} ${tagOf(newest) ?? ""}`;
  const edit: Edit = {
    tag: () => meant.current ?? tagOf(thing) ?? "*",
    keep: () => {
      isUnsaved.current = true;
      setHeld((before) => before ?? { thing, key });
    },
    quietly: (change) => {
      const before = isUnsaved.current;
      change();
      isUnsaved.current = before;
    },
    drop: () => {
      isUnsaved.current = false;
    },
    saved: (saved) => {
      edit.drop();
      meant.current = tagOf(saved) ?? null;
      setNewer(null);
      setHeld({ thing: saved as T, key });
    },
    refused: (error) => {
      const refusal = refusalOf(error);
      if (!refusal.isOfOlderVersion) return;
      edit.keep();
      setNewer({ tag: refusal.tag, isAgreed: false });
      void ask();
    },
    changedAt: newer && newest !== thing ? ((newest as { updated_at?: string | null }).updated_at ?? null) : null,
    look: async () => {
      edit.drop();
      await ask();
      meant.current = null;
      setNewer(null);
      setHeld(null);
      setRound(round + 1);
    },
    agree: () => {
      meant.current = newer?.tag ?? null;
      setNewer(newer && { ...newer, isAgreed: true });
    },
    isAgreed: newer?.isAgreed ?? false,
  };
  return (
    <EditContext value={edit}>
      <Fragment key={key}>{children(thing)}</Fragment>
      <Unsaved isUnsaved={() => isUnsaved.current} leave={edit.drop} />
    </EditContext>
  );
}
