import { Checkbox, ScrollArea, Stack, Text } from "@mantine/core";
import { queries } from "@/api/client";
import { Answered } from "@/kit/States";

interface PermissionsProps {
  label: string;
  value: string[];
  change: (names: string[]) => void;
  /** Those that a key may hold. */
  withoutSessionOnly?: boolean;
}

/** The rights by area; a box stands for one right. */
export function Permissions({ label, value, change, withoutSessionOnly = false }: PermissionsProps) {
  const permissions = queries.useQuery("get", "/v1/permissions");
  return (
    <Checkbox.Group label={label} value={value} onChange={change}>
      <ScrollArea.Autosize mah={280} type="auto" mt="xs">
        <Answered of={permissions}>
          {({ items }) => (
            <Stack gap={6}>
              {items
                .filter((one) => !(withoutSessionOnly && one.session_only))
                .map((one) => (
                  <Checkbox
                    key={one.name}
                    value={one.name}
                    ml={16 * (one.name.split(".").length - 1)}
                    label={
                      <>
                        {one.summary}{" "}
                        <Text span size="xs" ff="monospace">
                          {one.name}
                        </Text>
                      </>
                    }
                  />
                ))}
            </Stack>
          )}
        </Answered>
      </ScrollArea.Autosize>
    </Checkbox.Group>
  );
}
