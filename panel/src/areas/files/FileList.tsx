import { Anchor, Button, FileButton, Group, TextInput } from "@mantine/core";
import { notify } from "@/kit/notify";
import { keepPreviousData, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, bodyOf, queries, type Schemas } from "@/api/client";
import { askedAgain } from "@/api/freshness";
import { EditFile } from "@/areas/files/EditFile";
import { sizeOf } from "@/areas/files/size";
import { useAllowed } from "@/areas/session/me";
import { Copy } from "@/kit/Copy";
import { type Column, DataTable } from "@/kit/DataTable";
import { DeleteButton } from "@/kit/DeleteButton";
import { Page } from "@/kit/Page";
import { Pager } from "@/kit/Pager";
import { useListSearch } from "@/kit/search";
import { Answered, Empty, ProblemAlert } from "@/kit/States";
import { useFormats } from "@/kit/times";

type Row = Schemas["File"];

async function uploaded(file: File): Promise<Row> {
  const form = new FormData();
  form.set("file", file);
  return bodyOf(api.POST("/v1/files", { body: form as never, bodySerializer: (body) => body as never }));
}

/** Files that messages link to or show. */
export function FileList() {
  const { t } = useTranslation();
  const { search, changeSoon } = useListSearch();
  const mayWrite = useAllowed("email.campaigns.write");
  const [edited, setEdited] = useState<Row | null>(null);
  const query = { limit: 50, cursor: search.cursor, q: search.q };
  const files = queries.useQuery("get", "/v1/files", { params: { query } }, { placeholderData: keepPreviousData });
  const upload = useMutation({
    mutationFn: uploaded,
    onSuccess: async (file) => {
      notify(t("files.uploaded", { name: file.filename }));
      await askedAgain();
    },
  });
  return (
    <Page
      title={t("files.title")}
      lead={t("files.lead")}
      actions={
        mayWrite && (
          <FileButton onChange={(file) => file && upload.mutate(file)} inputProps={{ "aria-label": t("files.upload") }}>
            {(button) => (
              <Button {...button} loading={upload.isPending}>
                {t("files.upload")}
              </Button>
            )}
          </FileButton>
        )
      }
    >
      {edited && <EditFile file={edited} close={() => setEdited(null)} />}
      <ProblemAlert error={upload.error} />
      <Group role="search">
        <TextInput label={t("files.search")} defaultValue={search.q} onChange={(event) => changeSoon({ q: event.currentTarget.value })} flex="0 1 360px" />
      </Group>
      <Answered of={files}>
        {({ items, next_cursor, total, total_is_estimate }) => (
          <>
            {items.length === 0 ? <Empty title={t(search.q ? "files.noneFits" : "files.none")}>{!search.q && t("files.noneHint")}</Empty> : <Rows items={items} edit={mayWrite ? setEdited : null} />}
            <Pager cursor={search.cursor} next={next_cursor} total={total} isEstimate={total_is_estimate} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function Rows({ items, edit }: { items: Row[]; edit: ((file: Row) => void) | null }) {
  const { t, i18n } = useTranslation();
  const { number, day } = useFormats();
  const columns: Column<Row>[] = [
    {
      name: "name",
      header: t("files.name"),
      cell: (file) => (
        <Anchor href={file.url} target="_blank" rel="noreferrer" style={{ overflowWrap: "anywhere" }}>
          {file.filename}
        </Anchor>
      ),
    },
    { name: "link", header: t("files.link"), cell: (file) => <Copy text={file.url} /> },
    { name: "size", header: t("files.size"), cell: (file) => sizeOf(file.size, i18n.language), isNumber: true },
    { name: "downloads", header: t("files.downloads"), cell: (file) => number(file.downloads), isNumber: true },
    { name: "created", header: t("files.created"), cell: (file) => day(file.created_at) },
    { name: "expires", header: t("files.expires"), cell: (file) => (file.expires_at ? day(file.expires_at) : t("files.never")) },
    {
      name: "acts",
      header: t("act.acts"),
      cell: (file) => edit && <Acts file={file} edit={edit} />,
    },
  ];
  return <DataTable label={t("files.title")} columns={columns} rows={items} keyOf={(file) => file.id} />;
}

function Acts({ file, edit }: { file: Row; edit: (file: Row) => void }) {
  const { t } = useTranslation();
  const path = { file_id: file.id };
  return (
    <Group gap="xs" wrap="nowrap">
      <Button size="xs" variant="default" onClick={() => edit(file)} aria-label={t("act.editNamed", { name: file.filename })}>
        {t("act.edit")}
      </Button>
      <DeleteButton
        size="xs"
        of={file}
        look={() => bodyOf(api.GET("/v1/files/{file_id}", { params: { path } }))}
        question={({ filename: name }) => t("files.deleteAsk", { name })}
        remove={(header) => api.DELETE("/v1/files/{file_id}", { params: { path, header } })}
      />
    </Group>
  );
}
