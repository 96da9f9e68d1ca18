// Who gets the focus back from a dialog.
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, expect, it, vi } from "vitest";
import { Dialog } from "./Dialog";
import { Menu, MenuItem } from "./Menu";

function Page() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Menu trigger={<button type="button">More</button>}>
        <MenuItem onSelect={() => setOpen(true)}>Edit</MenuItem>
      </Menu>
      <button type="button" onClick={() => setOpen(true)}>
        Ask
      </button>
      {isOpen && (
        <Dialog title="Edit" onClose={() => setOpen(false)}>
          <p>Name</p>
        </Dialog>
      )}
    </>
  );
}

const close = () => userEvent.click(screen.getByRole("button", { name: "Close", hidden: true }));
const more = () => screen.getByRole("button", { name: "More", hidden: true });

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
  render(<Page />);
});

it("is the button of the menu that opened it", async () => {
  await userEvent.click(more());
  await userEvent.click(await screen.findByRole("menuitem", { name: "Edit" }));
  await screen.findByRole("dialog");
  (document.activeElement as HTMLElement | null)?.blur();
  await close();
  await waitFor(() => expect(document.activeElement).toBe(more()));
});

it("is not the button of a menu that was closed before", async () => {
  await userEvent.click(more());
  await screen.findByRole("menuitem", { name: "Edit" });
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("menuitem")).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(more()));
  // As in browsers where a click does not give a button the focus.
  more().blur();
  screen.getByRole("button", { name: "Ask" }).click();
  await screen.findByRole("dialog");
  await close();
  expect(document.activeElement).not.toBe(more());
});
