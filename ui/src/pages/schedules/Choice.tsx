// One of a few ways, with a sentence about it.
interface Props {
  name: string;
  value: string;
  now: string;
  onChoose: (value: string) => void;
  title: string;
  text: string;
}

export function Choice({ name, value, now, onChoose, title, text }: Props) {
  return (
    <label className="preset">
      <input
        type="radio"
        name={name}
        value={value}
        checked={now === value}
        onChange={() => onChoose(value)}
      />
      <span>
        <strong>{title}</strong>
        <small>{text}</small>
      </span>
    </label>
  );
}
