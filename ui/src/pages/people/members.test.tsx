import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { me, renderApp } from "../../test/renderApp";

const page = (data: unknown[], next_cursor: string | null = null) => ({ data, next_cursor });
const person = (id: string, name: string) => ({ ...me.user, id, name, email: `${id}@example.com` });

it("offers people beyond the first page as members too", async () => {
  let reads = 0;
  const { calls } = renderApp("/departments/dep_1", {
    "GET /auth/me": {
      ...me,
      user: { ...me.user, role: "admin" },
      scopes: ["profile", "users:read", "members:write"],
    },
    "GET /departments/dep_1": { id: "dep_1", name: "Accounts", description: "", members: 1 },
    "GET /departments/dep_1/members": page([person("usr_2", "Grace Hopper")]),
    "GET /users": () => {
      reads += 1;
      return reads === 1 ? page([person("usr_2", "Grace Hopper")], "on") : page([person("usr_3", "Alan")]);
    },
    "PUT /departments/dep_1/members/usr_3": {},
  });
  await userEvent.click(await screen.findByRole("button", { name: "Offer more people" }));
  await screen.findByRole("option", { name: /^Alan/ });
  expect(screen.queryByRole("button", { name: "Offer more people" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Add" }));
  expect(await screen.findByText("The person is in the department")).toBeTruthy();
  expect(calls.some(({ method }) => method === "PUT")).toBe(true);
});
