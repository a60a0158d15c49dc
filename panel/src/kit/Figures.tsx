import { Card, SimpleGrid, Text } from "@mantine/core";

export interface Figure {
  label: string;
  value: string;
  note?: string;
}

/** A row of numbers with their names. */
export function Figures({ of }: { of: Figure[] }) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: Math.min(of.length, 6) }} component="dl" m={0} spacing="sm">
      {of.map((one) => (
        <Card key={one.label} withBorder padding="sm">
          <Text component="dt" size="sm">
            {one.label}
          </Text>
          <Text component="dd" m={0} fz={24} fw={700}>
            {one.value}
          </Text>
          {one.note && (
            <Text component="dd" m={0} size="sm">
              {one.note}
            </Text>
          )}
        </Card>
      ))}
    </SimpleGrid>
  );
}
