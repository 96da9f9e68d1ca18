// The list of jobs with its filters, and what can be done to many of them.
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useCan } from "../../api/session";
import { Button, ButtonLink } from "../../components/Button";
import { FilterSelect, FilterSpan, Filters, FilterText } from "../../components/Filters";
import { Card, Page } from "../../components/Page";
import { count } from "../../lib/numbers";
import { t } from "../../texts";
import { type Action, actionsFor, type Filter, filterOf } from "./actions";
import { BulkDialog, type Target } from "./BulkDialog";
import { STATES, useQueues } from "./data";
import { JobList } from "./JobList";
import { QueueStrip } from "./QueueStrip";

const route = getRouteApi("/app/jobs");

export function Jobs() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const can = useCan();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const set = (change: Filter) => void navigate({ search: { ...filter, ...change } });
  const address = JSON.stringify(filter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was chosen is not in another list, whatever led there
  useEffect(() => setChosen(new Set()), [address]);
  const texts = t.jobs.list;
  return (
    <Page
      title={texts.title}
      note={texts.note}
      actions={
        can("jobs:write") && (
          <ButtonLink to="/jobs/new" look="primary" icon="plus">
            {texts.add}
          </ButtonLink>
        )
      }
    >
      <QueueStrip filter={filter} />
      <JobFilters filter={filter} set={set} clear={() => void navigate({ search: {} })} />
      <Card flush>
        {can("jobs:write") && <BulkBar filter={filter} chosen={chosen} onChange={setChosen} />}
        <JobList
          filter={filter}
          selection={can("jobs:write") ? { chosen, onChange: setChosen } : undefined}
        />
      </Card>
    </Page>
  );
}

interface FilterProps {
  filter: Filter;
  set: (change: Filter) => void;
  clear: () => void;
}

function JobFilters({ filter, set, clear }: FilterProps) {
  const { data: queues } = useQueues();
  const texts = t.jobs.list;
  return (
    <Filters
      values={filter}
      onClear={clear}
      more={{
        of: ["tag", "group", "since", "until"],
        fields: (
          <>
            <FilterText label={texts.tag} value={filter.tag} onChange={(tag) => set({ tag })} />
            <FilterText label={texts.group} value={filter.group} onChange={(group) => set({ group })} />
            <FilterSpan {...filter} onChange={set} />
          </>
        ),
      }}
    >
      <FilterSelect
        label={t.jobs.queue}
        value={filter.queue}
        onChange={(queue) => set({ queue })}
        choices={queues?.data.map(({ name }) => [name, name] as const) ?? []}
      />
      <FilterSelect
        label={texts.state}
        value={filter.state}
        onChange={(state) => set({ state })}
        choices={STATES.map((state) => [state, t.words[state] ?? state])}
      />
      <FilterText label={texts.kind} value={filter.kind} onChange={(kind) => set({ kind })} />
      {filter.error !== undefined && (
        <FilterText label={texts.error} value={filter.error} onChange={(error) => set({ error })} />
      )}
      <FilterText label={texts.text} value={filter.q} onChange={(q) => set({ q })} hint={texts.textHint} />
    </Filters>
  );
}

interface BarProps {
  filter: Filter;
  chosen: ReadonlySet<string>;
  onChange: (chosen: ReadonlySet<string>) => void;
}

/** What can be done to the chosen jobs or, when none is chosen, to all that the filter finds. */
function BulkBar({ filter, chosen, onChange }: BarProps) {
  const [asked, setAsked] = useState<{ action: Action; target: Target }>();
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const texts = t.jobs.bulk;
  if (chosen.size === 0 && !isFiltered) return <p className="bulk quiet small">{texts.hint}</p>;
  const target: Target = chosen.size > 0 ? { ids: [...chosen] } : { filter: filterOf(filter) };
  return (
    <section className="bulk" aria-label={texts.label}>
      <strong aria-live="polite">
        {chosen.size > 0 ? texts.chosen(count(chosen.size)) : texts.allMatching}
      </strong>
      {actionsFor(filter.state).map((action) => (
        <Button
          key={action}
          small
          look={action === "cancel" || action === "delete" ? "danger" : "plain"}
          onClick={() => setAsked({ action, target })}
        >
          {texts.actions[action]}
        </Button>
      ))}
      {chosen.size > 0 && (
        <Button small look="quiet" icon="close" onClick={() => onChange(new Set())}>
          {texts.clear}
        </Button>
      )}
      {asked && (
        <BulkDialog
          {...asked}
          onClose={(isDone) => {
            setAsked(undefined);
            if (isDone) onChange(new Set());
          }}
        />
      )}
    </section>
  );
}
