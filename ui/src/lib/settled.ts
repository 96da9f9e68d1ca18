// A value that is being typed, as it was when nothing changed for a moment.
import { useEffect, useState } from "react";

const TYPING_MS = 350;

/** The value once it is at rest; it has to be JSON. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(JSON.parse(text) as T), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return settled;
}
