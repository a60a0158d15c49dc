import { Image } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { pictureAt } from "@/api/client";

interface TemplatePictureProps {
  templateId: string;
  version: number;
  alt: string;
  width: number;
}

/** The upper part of a version's page, as a browser of the platform saw it; it never changes. */
export function TemplatePicture({ templateId, version, alt, width }: TemplatePictureProps) {
  const path = `/v1/templates/${templateId}/versions/${version}/picture`;
  const picture = useQuery({ queryKey: ["picture", path], queryFn: () => pictureAt(path), staleTime: Infinity, retry: false });
  if (!picture.data) return null;
  return <Image src={picture.data} alt={alt} w={width} h={width} fit="cover" style={{ objectPosition: "top" }} radius="sm" bd="1px solid var(--mantine-color-default-border)" />;
}
