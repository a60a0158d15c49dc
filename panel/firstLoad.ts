import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/** What a file costs beside its content: the head of its answer, bytes. */
const HEAD = 500;
const WORDS = "src/i18n/pl.json?first";
/** What a browser fetches before a page is there, in the longer language: files and packed KB at most. Who needs more says so here. */
const LIMITS = [
  { page: "src/areas/session/LogIn.tsx", with: [], files: 6, kb: 195 },
  { page: "src/areas/home/Home.tsx", with: ["src/areas/session/Gate.tsx"], files: 7, kb: 240 },
  { page: "src/areas/contacts/ContactList.tsx", with: ["src/areas/session/Gate.tsx", "src/i18n/pl.json?rest", "mantineRest.css"], files: 22, kb: 299 },
];

/** The build says what each first page weighs and fails where it is more than it may be. */
export function firstLoad(): Plugin {
  return {
    name: "first-load",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const packed = new Map<string, number>();
        for (const { page, with: others, files, kb } of LIMITS) {
          const all = [...filesOf(bundle, [WORDS, ...others, page])];
          const size = all.reduce((sum, name) => sum + HEAD + sizeOf(bundle, name, packed), 0) / 1000;
          const said = `${page}: ${all.length} files (at most ${files}), ${size.toFixed(0)} KB (at most ${kb})`;
          if (all.length > files || size > kb) this.error(`the first load is too heavy: ${said}`);
          this.info(said);
        }
      },
    },
  };
}

/** The entry, the files that have `modules`, and all that these import. */
function filesOf(bundle: Rolldown.OutputBundle, modules: string[]): Set<string> {
  const found = new Set<string>();
  const take = (file: Rolldown.OutputChunk | Rolldown.OutputAsset | undefined) => {
    if (!file || found.has(file.fileName)) return;
    found.add(file.fileName);
    if (file.type === "asset") return;
    for (const name of [...file.imports, ...(file.viteMetadata?.importedCss ?? [])]) take(bundle[name]);
  };
  const all = Object.values(bundle);
  all.filter((one) => one.type === "chunk" && one.isEntry).forEach(take);
  for (const module of modules) {
    const file = all.find((one) => (one.type === "chunk" ? one.moduleIds : one.names).some((name) => name.endsWith(module)));
    if (!file) throw new Error(`no file has ${module}`);
    take(file);
  }
  return found;
}

function sizeOf(bundle: Rolldown.OutputBundle, name: string, packed: Map<string, number>): number {
  const file = bundle[name];
  const content = file?.type === "chunk" ? file.code : (file?.source ?? "");
  const size = packed.get(name) ?? gzipSync(content).length;
  packed.set(name, size);
  return size;
}
