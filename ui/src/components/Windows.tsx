// How far back charts look; the choice lives in the address.
import { t } from "../texts";

interface Props<W extends string> {
  windows: readonly W[];
  value: W;
  onChange: (window: W) => void;
}

export function Windows<W extends string>({ windows, value, onChange }: Props<W>) {
  return (
    <fieldset className="windows">
      <legend className="hidden">{t.kit.window}</legend>
      {windows.map((window) => (
        <button
          key={window}
          type="button"
          className="button button-plain button-small"
          aria-pressed={window === value}
          onClick={() => onChange(window)}
        >
          {t.kit.windows[window] ?? window}
        </button>
      ))}
    </fieldset>
  );
}
