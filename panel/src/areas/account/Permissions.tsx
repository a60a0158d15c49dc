import { Button, Card, Checkbox, Collapse, Group, Input, ScrollArea, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "@/api/client";
import { type Area, isHeld, type Right, toggled, treeOf } from "@/areas/account/rights";
import { Answered } from "@/kit/States";

interface PermissionsProps {
  label: string;
  value: string[];
  change: (names: string[]) => void;
  /** Those that a key may hold. */
  withoutSessionOnly?: boolean;
}

/** The rights as a tree: an area's box grants all below it. */
export function Permissions({ label, value, change, withoutSessionOnly = false }: PermissionsProps) {
  const id = useId();
  const permissions = queries.useQuery("get", "/v1/permissions");
  return (
    <div role="group" aria-labelledby={id}>
      <Input.Label component="div" id={id} labelElement="div">
        {label}
      </Input.Label>
      <ScrollArea.Autosize mah={380} type="auto" mt="xs">
        <Answered of={permissions}>
          {({ items }) => (
            <Stack gap={6}>
              {treeOf(items.filter((one) => !(withoutSessionOnly && one.session_only))).map((area) => (
                <OneArea key={area.name} area={area} held={value} press={(name) => change(toggled(value, name))} isNamed={withoutSessionOnly} />
              ))}
            </Stack>
          )}
        </Answered>
      </ScrollArea.Autosize>
    </div>
  );
}

interface OneAreaProps {
  area: Area;
  held: string[];
  press: (name: string) => void;
  /** Whoever makes a key has the API's description open, which tells rights by their names. */
  isNamed: boolean;
}

function OneArea({ area, held, press, isNamed }: OneAreaProps) {
  const { t } = useTranslation();
  const id = useId();
  const { whole, rights } = area;
  const some = rights.filter(({ name }) => isHeld(held, name)).length;
  const [isOpen, { toggle }] = useDisclosure(some > 0 && some < rights.length);
  const isWhole = isHeld(held, area.name);
  return (
    <Card withBorder padding="xs">
      <Group justify="space-between" wrap="nowrap" gap="xs">
        {whole ? <Box right={whole} isOn={isWhole} isPartly={!isWhole && some > 0} press={press} isNamed={isNamed} /> : <Text fw={600}>{area.name}</Text>}
        {rights.length > 0 && (
          <Button size="compact-xs" variant="default" flex="none" onClick={toggle} aria-expanded={isOpen} aria-controls={id}>
            {t("users.someOf", { some, all: rights.length })}
          </Button>
        )}
      </Group>
      <Collapse expanded={isOpen} id={id}>
        <Stack gap={6} pt={8} ps={28}>
          {rights.map((right) => (
            <Box key={right.name} right={right} isOn={isHeld(held, right.name)} isGranted={isWhole} press={press} isNamed={isNamed} />
          ))}
        </Stack>
      </Collapse>
    </Card>
  );
}

interface BoxProps {
  right: Right;
  isOn: boolean;
  /** Some of what is below is held. */
  isPartly?: boolean;
  /** It comes with the area's own right. */
  isGranted?: boolean;
  press: (name: string) => void;
  isNamed: boolean;
}

function Box({ right, isOn, isPartly = false, isGranted = false, press, isNamed }: BoxProps) {
  const label = isNamed ? (
    <>
      {right.summary}{" "}
      <Text span size="xs" ff="monospace">
        {right.name}
      </Text>
    </>
  ) : (
    right.summary
  );
  return <Checkbox checked={isOn} indeterminate={isPartly} disabled={isGranted} onChange={() => press(right.name)} label={label} />;
}
