import { Card, SimpleGrid, Text } from "@mantine/core";

export interface Figure {
  label: string;
  value: string;
  note?: string;
}

const MOST_IN_ROW = 6;

/** Pixels in which a date or a sum stays on one line of half a phone's screen. */
const sizeOn = ({ length }: string) => (length > 12 ? 15 : length > 9 ? 18 : 24);

/** A row of numbers with their names; more than fit it stand in two rows. */
export function Figures({ of }: { of: Figure[] }) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: of.length > MOST_IN_ROW ? Math.ceil(of.length / 2) : of.length }} component="dl" m={0} spacing="sm">
      {of.map((one) => (
        <Card key={one.label} withBorder padding="sm">
          <Text component="dt" size="sm">
            {one.label}
          </Text>
          <Text component="dd" m={0} fz={{ base: sizeOn(one.value), sm: 24 }} fw={700} style={{ overflowWrap: "anywhere" }}>
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
