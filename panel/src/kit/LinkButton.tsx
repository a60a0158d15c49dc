import { Button, type ButtonProps } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

interface LinkButtonProps extends ButtonProps {
  to: string;
  search?: Record<string, string>;
  children: ReactNode;
}

/** A button that leads to another page. */
export function LinkButton({ to, search, children, ...look }: LinkButtonProps) {
  return (
    <Button component={Link} to={to} search={search as never} {...look}>
      {children}
    </Button>
  );
}
