import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, bodyOf } from "@/api/client";

/** Makes a template of the account's own out of any, and goes to it. */
export function useCopy() {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (templateId: string) =>
      bodyOf(api.POST("/v1/templates/{template_id}/copy", { params: { path: { template_id: templateId } }, body: {} })),
    onSuccess: (made) => void navigate({ to: `/app/templates/${made.id}` }),
  });
}
