// What the owner sets for the whole instance, and the configuration it runs with.
import { api, read, type Schemas } from "../../api/client";
import { Form, NumberField, SelectField } from "../../components/Form";
import { Card } from "../../components/Page";
import { Loaded } from "../../components/states";
import { Table } from "../../components/Table";
import { useAction } from "../../components/useAction";
import { changed } from "../../lib/changed";
import { useLive } from "../../lib/live";
import { t } from "../../texts";
import { StorageCard } from "./Storage";

type Instance = Schemas["InstanceSettings"];
type Patch = Schemas["InstanceSettingsPatch"];

const KEY = ["instance-settings"];
const CALLS_MAX = 1_000_000;

/** Its cards, for whoever owns the instance. */
export function InstanceCards() {
  const settings = useLive(KEY, () => read(api.GET("/settings")), { every: 0 });
  return (
    <>
      <StorageCard />
      <Loaded query={settings}>{(data) => <Cards settings={data} />}</Loaded>
    </>
  );
}

function Cards({ settings }: { settings: Instance }) {
  const texts = t.audit.settings.forAll;
  const columns = [
    { head: texts.key, main: true, cell: ({ key }: Entry) => <code>{key}</code> },
    { head: texts.value, cell: ({ value }: Entry) => (value === null ? "–" : <code>{value}</code>) },
    { head: texts.source, cell: ({ source }: Entry) => source },
    { head: texts.meaning, spare: true, wide: true, cell: ({ meaning }: Entry) => meaning },
  ];
  return (
    <>
      <Card title={texts.title} note={texts.note}>
        <Values settings={settings} />
      </Card>
      <Card title={texts.configuration} note={texts.configurationNote}>
        <details>
          <summary>{texts.show(settings.configuration.length)}</summary>
          <Table
            label={texts.configuration}
            columns={columns}
            rows={settings.configuration}
            keyOf={({ key }) => key}
          />
        </details>
      </Card>
    </>
  );
}

type Entry = Instance["configuration"][number];

function Values({ settings }: { settings: Instance }) {
  const texts = t.audit.settings.forAll;
  const save = useAction((body: Patch) => read(api.PATCH("/settings", { body })), {
    done: t.kit.saved,
    changes: [KEY],
    inForm: true,
  });
  const own = (name: string) => {
    const isFixed = settings.fixed.includes(name);
    return { name, disabled: isFixed, ...(isFixed && { hint: texts.fixed }) };
  };
  const calls = { min: 0, max: CALLS_MAX, required: true };
  return (
    <Form
      submit={t.kit.save}
      onSend={(fields) => {
        const wanted: Patch = {
          registration: fields.optional("registration") as Instance["registration"] | undefined,
          api_per_second: fields.number("api_per_second"),
          api_burst: fields.number("api_burst"),
        };
        // What is as it was stays as it is set, or as the default has it.
        return save.mutateAsync(changed(settings, wanted));
      }}
    >
      <SelectField
        label={texts.registration}
        defaultValue={settings.registration}
        choices={texts.registrations}
        {...own("registration")}
      />
      <NumberField
        label={texts.perSecond}
        defaultValue={settings.api_per_second}
        {...calls}
        {...own("api_per_second")}
      />
      <NumberField label={texts.burst} defaultValue={settings.api_burst} {...calls} {...own("api_burst")} />
    </Form>
  );
}
