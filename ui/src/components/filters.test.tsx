import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { t } from "../texts";
import { Filters, FilterText } from "./Filters";

it("takes spaces for nothing typed, and shows what it sends", async () => {
  const onChange = vi.fn();
  render(<FilterText label="Kind" value={undefined} onChange={onChange} />);
  const field = screen.getByLabelText<HTMLInputElement>("Kind");
  await userEvent.type(field, "   ");
  await userEvent.tab();
  expect(field.value).toBe("");
  expect(onChange).not.toHaveBeenCalled();
  await userEvent.type(field, " mail {enter}");
  expect(field.value).toBe("mail");
  expect(onChange).toHaveBeenCalledExactlyOnceWith("mail");
});

it("forgets what was typed and not sent with all other filters", async () => {
  render(
    <Filters values={{ state: "failed" }} onClear={() => {}}>
      <FilterText label="Kind" value={undefined} onChange={() => {}} />
    </Filters>,
  );
  await userEvent.type(screen.getByLabelText("Kind"), "mail");
  await userEvent.click(screen.getByRole("button", { name: t.kit.clear }));
  expect(screen.getByLabelText<HTMLInputElement>("Kind").value).toBe("");
});
