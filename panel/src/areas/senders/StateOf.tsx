import { Text } from "@mantine/core";
import { StateBadge } from "@/kit/StateBadge";

/** Whether a sender can be used, and why it was rejected. */
export function StateOf({ state, reason }: { state: string; reason: string | null }) {
  return (
    <>
      <StateBadge state={state} />
      {state === "rejected" && reason && <Text size="sm">{reason}</Text>}
    </>
  );
}
