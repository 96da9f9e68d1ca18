import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, it } from "vitest";
import { Folded, Json } from "./Copy";
import { Table } from "./Table";

it("shows short data whole and folds long data", async () => {
  const { unmount } = render(<Json value={{ html: "<b>bold</b>" }} label="Payload" />);
  expect(screen.getByText(/<b>bold<\/b>/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Show all" })).toBeNull();
  unmount();
  render(<Folded text={`${"a".repeat(20_000)}the end`} label="Payload" />);
  expect(screen.queryByText(/the end/)).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Show all" }));
  expect(screen.getByText(/the end/)).toBeTruthy();
});

it("never puts megabytes into the page", () => {
  render(<Folded text={"a".repeat(2 << 20)} label="Payload" />);
  expect(screen.getByText("The first 16 KiB of 2 MiB")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Show all" })).toBeNull();
});

function Rows() {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  return (
    <>
      <output>{[...chosen].join()}</output>
      <Table
        label="Letters"
        columns={[{ head: "Letter", cell: (letter: string) => letter }]}
        rows={["a", "b"]}
        keyOf={(letter) => letter}
        selection={{ chosen, onChange: setChosen, nameOf: (letter) => letter }}
      />
    </>
  );
}

it("lets rows be chosen one by one and all at once", async () => {
  render(<Rows />);
  const all = screen.getByLabelText<HTMLInputElement>("Choose all that are shown");
  await userEvent.click(screen.getByLabelText("Choose b"));
  expect(screen.getByRole("status").textContent).toBe("b");
  expect(all.indeterminate).toBe(true);
  await userEvent.click(all);
  expect(screen.getByRole("status").textContent).toBe("a,b");
  await userEvent.click(all);
  expect(screen.getByRole("status").textContent).toBe("");
});
