// Asks for a report, from nothing or like another one.
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { Form, TextField } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { Loaded } from "../../components/states";
import { toast } from "../../components/toasts";
import { useLive } from "../../lib/live";
import { t } from "../../texts";
import { ReportFields, reportOf } from "./Fields";

type Order = Partial<Schemas["NewReport"]>;
const route = getRouteApi("/app/reports/new");

export function NewReport() {
  const { like } = route.useSearch();
  const model = useLive(["report-order", like], () => orderLike(like ?? ""), {
    every: 0,
    enabled: like !== undefined,
  });
  const texts = t.reports;
  return (
    <Page title={texts.add} trail={[{ text: texts.title, link: { to: "/reports" } }]}>
      {like === undefined ? (
        <AddForm order={{}} />
      ) : (
        <Loaded query={model}>{(order) => <AddForm order={order} />}</Loaded>
      )}
    </Page>
  );
}

async function orderLike(id: string): Promise<Order> {
  const report = await read(api.GET("/reports/{id}", { params: { path: { id } } }));
  const { name, definition, format, since, until, group_by, filters, columns } = report;
  return { name, definition, format, period: { since, until }, group_by, filters, columns };
}

function AddForm({ order }: { order: Order }) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const texts = t.reports;
  return (
    <Card>
      <Form
        submit={texts.form.submit}
        onCancel={() => void navigate({ to: "/reports" })}
        onSend={async (fields) => {
          const { id } = await read(api.POST("/reports", { body: reportOf(fields) }));
          toast(texts.requested);
          await cache.invalidateQueries({ queryKey: ["reports"] });
          await navigate({ to: "/reports/$id", params: { id } });
        }}
      >
        <ReportFields order={order} />
        <TextField
          label={texts.name}
          name="name"
          optional
          maxLength={200}
          hint={texts.form.nameHint}
          defaultValue={order.name ?? ""}
        />
      </Form>
    </Card>
  );
}
