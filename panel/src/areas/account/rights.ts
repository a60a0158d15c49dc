export interface Right {
  name: string;
  summary: string;
}

/** An area's own right, which grants all below it, and these. */
export interface Area {
  whole: Right | null;
  name: string;
  rights: Right[];
}

/** Rights as a tree: the dots of their names make it. Whoever holds `contacts` holds `contacts.read`, too. */
export function treeOf(rights: Right[]): Area[] {
  const areas = new Map<string, Area>();
  for (const right of rights) {
    const name = right.name.split(".")[0] ?? right.name;
    const area = areas.get(name) ?? { whole: null, name, rights: [] };
    if (right.name === name) area.whole = right;
    else area.rights.push(right);
    areas.set(name, area);
  }
  return [...areas.values()];
}

export function isHeld(held: string[], name: string): boolean {
  return held.some((one) => name === one || name.startsWith(`${one}.`));
}

/** The rights after a box was pressed: an area's own one takes the place of those below it. */
export function toggled(held: string[], name: string): string[] {
  if (held.includes(name)) return held.filter((one) => one !== name);
  return [...held.filter((one) => !one.startsWith(`${name}.`)), name];
}
